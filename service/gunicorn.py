"""gunicorn's configuration for every service: `gunicorn -c service/gunicorn.py users.wsgi`.

https://gunicorn.org/reference/settings/ describes the names below.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

# gunicorn runs this file by path; what it imports stands beside the package, not beside the file.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config import environment

_run_dir = Path(environment.text("RUN_DIR") or f"/tmp/{os.getpid()}")  # noqa: S108 -- only where nothing is set
_asgi = environment.text("WEB_PROTOCOL") == "asgi"

bind = [f"{environment.text('HOST')}:{environment.integer('PORT')}"]
if _asgi and environment.integer("METRICS_PORT"):
    # The gateway's other door, for the inside: what it counts is not for whoever reaches its port.
    bind.append(f"{environment.text('HOST')}:{environment.integer('METRICS_PORT')}")
workers = environment.integer("WEB_WORKERS")
threads = 1 if _asgi else environment.integer("WEB_THREADS")
worker_class = "service.asgi_worker.Worker" if _asgi else "gthread"
# Whoever connects is taken for what the connection says, this machine too: by default gunicorn believes what
# 127.0.0.1 says of the scheme and of paths.
forwarded_allow_ips = ""
# A client that has left cancels what it asked for at once, and with it the request to the service behind.
asgi_disconnect_grace_period = 0
keepalive = 75
# As long as gunicorn lets it be: a cursor of a feed may have 4,000 characters.
limit_request_line = 8190
timeout = 60
graceful_timeout = 8
# Its path is one per user, so that two services of one user would take it from each other.
control_socket_disable = True
# Workers tell the master that they live by touching a file; on a disk that blocks they would be taken for dead.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 -- a place in memory, not a name
errorlog = "-"
loglevel = environment.text("LOG_LEVEL").lower()
proc_name = os.environ.get("DJANGO_SETTINGS_MODULE", "service")
_registration: Any = None
_sampler: Any = None


def on_starting(server: Any) -> None:
    """Before the first worker: forget what an earlier run counted."""
    from service import metrics

    metrics.begin_multiprocess(_run_dir / "metrics")


def pre_fork(server: Any, worker: Any) -> None:
    """In the master: a new worker takes a place in the row that nobody alive has."""
    from service import metrics

    worker.metrics_place = metrics.free_place([one.metrics_place for one in server.WORKERS.values()])


def post_fork(server: Any, worker: Any) -> None:
    """In the worker, before it loads the service: it counts at its place."""
    from service import metrics

    metrics.begin_worker(worker.metrics_place)


def post_worker_init(worker: Any) -> None:
    """In each worker: it measures itself, and long answers ask it whether it ends; one of them, whichever holds the
    lock, keeps the service registered."""
    from service import lifetime, runtime
    from service.registration import ElectedRegistration, from_settings

    lifetime.ends_when(lambda: not worker.alive)
    global _registration, _sampler
    _sampler = runtime.Sampler(worker.metrics_place, lambda: worker.nr_conns)
    _sampler.start()
    found = from_settings()
    if found is not None:
        _registration = ElectedRegistration(found, lock=_run_dir / "registration.lock")
        _registration.start()
        # While the last requests are served, others shall send no more.
        if _asgi:
            worker.on_drain = _registration.leave
        else:
            _leave_on_sigterm(_registration.leave)


def _leave_on_sigterm(leave: Callable[[], None]) -> None:
    """Leave at once; gunicorn's own handler, which lets the worker finish what it has, comes after."""
    before = signal.getsignal(signal.SIGTERM)

    def leave_and_end(number: int, frame: FrameType | None) -> None:
        leave()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, leave_and_end)


def worker_exit(server: Any, worker: Any) -> None:
    """A worker ends: whoever held the registration leaves the registry, or hands it to another worker."""
    if _registration is not None:
        _registration.stop()
    if _sampler is not None:
        _sampler.stop()


def child_exit(server: Any, worker: Any) -> None:
    """In the master: a dead worker's gauges must not be counted as alive."""
    from service import metrics

    metrics.end_worker(worker.metrics_place)
