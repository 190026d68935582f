"""The registry for a WSGI server: `gunicorn -c service/gunicorn.py registry.wsgi`. Evicts beside serving."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings")

from service.wsgi import Application

application = Application()


def _evict() -> None:
    # Models can be imported only when Django is set up, which the application has done.
    from registry.eviction import Evictor
    from service import health

    evictor = Evictor()
    evictor.start()
    health.register("eviction", evictor.check)


_evict()
