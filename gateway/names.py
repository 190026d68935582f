"""Names for services, where there is no registry: each address that a name has is an instance (a headless service of
Kubernetes; https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/)."""

import asyncio
import logging
import socket
from collections.abc import Sequence

from gateway.listing import Address

logger = logging.getLogger(__name__)
SECONDS = 3.0


async def resolve(host: str, port: int) -> Sequence[Address]:
    """The addresses that the name has now, in a fixed order; none where nobody knows it."""
    try:
        async with asyncio.timeout(SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        logger.warning("The name %s cannot be looked up: %s", host, error or "no answer in time")
        return []
    # One address may come twice; a name for this machine has one of each family, where seldom both are listened on.
    families = {family for family, *_ in found}
    wanted = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
    return sorted({(str(address[0]), port) for family, *_, address in found if family == wanted})
