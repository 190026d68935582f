"""The friends service for a WSGI server: `gunicorn -c service/gunicorn.py friends.wsgi`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "friends.settings")

from service.wsgi import Application

application = Application()
