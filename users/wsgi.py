"""The users service for a WSGI server: `gunicorn -c service/gunicorn.py users.wsgi`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "users.settings")

from service.wsgi import Application

application = Application()
