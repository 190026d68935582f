"""The recommendations service for a WSGI server: `gunicorn -c service/gunicorn.py recommendations.wsgi`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recommendations.settings")

from service.wsgi import Application

application = Application()
