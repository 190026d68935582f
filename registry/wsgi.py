"""The registry for a WSGI server: `gunicorn -c service/gunicorn.py registry.wsgi`. Evicts beside serving."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings")

from config import environment
from service.wsgi import Application

application = Application()


def _begin() -> None:
    # Models can be imported only when Django is set up, which the application has done.
    from registry.access import require_key_beyond_this_machine
    from registry.eviction import Evictor
    from service import health

    require_key_beyond_this_machine(environment.text("HOST"))
    evictor = Evictor()
    evictor.start()
    health.register("eviction", evictor.check)


_begin()
