"""The registry for a WSGI server: `gunicorn -c service/gunicorn.py registry.wsgi`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings")

from service.wsgi import Application

application = Application()
