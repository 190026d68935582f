"""Before a web server is told to end: `python -m service.drain SECONDS` (a container's preStop).

The registry is told that the instance is out of service, so that gateways choose others; then it waits until they
have heard of it, while requests that still come are served. Only after that comes SIGTERM.
"""

import logging
import sys
import time
from collections.abc import Sequence

import django

logger = logging.getLogger("service.drain")


def leave() -> None:
    """Tell the registry. Where there is none, or it is away, the waiting alone has to do."""
    # They read Django's settings, which are there only after its setup.
    from service.eureka import RegistryError
    from service.registration import from_settings

    found = from_settings()
    if found is None:
        return
    try:
        found.withdraw()
    except RegistryError as error:
        logger.warning("Could not tell the registry: %s", error)


def main(arguments: Sequence[str]) -> int:
    """Always 0: what ends a container must not be held up."""
    django.setup()
    leave()
    time.sleep(float(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
