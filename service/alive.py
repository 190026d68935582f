"""Probes of containers that have neither a shell nor curl: `python -m service.alive …` ends with 0 or 1.

    python -m service.alive                      this container's own web server answers
    python -m service.alive relay 60             the relay has touched its heartbeat within 60 seconds
    python -m service.alive http://…  http://…   each of these answers 200

Standard library only, and nothing of Django: it runs every few seconds.
"""

import http.client
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from config import environment

OWN = "http://127.0.0.1:{port}/actuator/health/liveness"
SECONDS = 3.0


def answers(url: str) -> bool:
    """Whether a GET of the URL is answered with 200 within a few seconds."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def beats(process: str, seconds: float, folder: Path) -> bool:
    """Whether `folder/<process>.heartbeat` was touched within so many seconds."""
    try:
        return time.time() - (folder / f"{process}.heartbeat").stat().st_mtime <= seconds
    except FileNotFoundError:
        return False


def main(arguments: Sequence[str]) -> int:
    """0 where everything that was asked about is well."""
    if len(arguments) == 2 and "://" not in arguments[0]:
        folder = Path(environment.text("RUN_DIR") or tempfile.gettempdir())
        return int(not beats(arguments[0], float(arguments[1]), folder))
    silent = [url for url in arguments or [OWN.format(port=environment.integer("PORT"))] if not answers(url)]
    sys.stderr.write("".join(f"{url} does not answer 200\n" for url in silent))
    return int(bool(silent))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
