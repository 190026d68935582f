"""Where an instance may say that it is: `service.networks` for its addresses, its own machine for its pages."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from registry import members
from service.networks import Networks, NotAllowed

PAGES = ("homePageUrl", "statusPageUrl", "healthCheckUrl", "secureHealthCheckUrl")
PORTS = ("port", "securePort")


def check(document: Mapping[str, Any], networks: Networks, *, lowest_port: int) -> None:
    """Look at every place that a registration (`registration.read` made it whole) would send others to.

    Raises Problem 400, naming the member that is wrong.
    """
    _checked("ipAddr", networks.address, document["ipAddr"])
    _checked("hostName", networks.host, document["hostName"])
    for name in PORTS:
        port = document[name]
        if port["@enabled"] == "true" and port["$"] < lowest_port:
            raise members.bad(name, f"must be {lowest_port} or higher (REGISTRY_LOWEST_PORT)")
    own = {_plain(document["ipAddr"]), _plain(document["hostName"])}
    for name in PAGES:
        if document.get(name) and not _leads_to(document[name], own):
            raise members.bad(name, "must be an http or https URL whose host is the instance's hostName or ipAddr")


def _checked(name: str, check: Callable[[str], object], text: str) -> None:
    try:
        check(text)
    except NotAllowed as error:
        raise members.bad(name, str(error)) from error


def _leads_to(url: str, hosts: set[str]) -> bool:
    try:
        parts = urlsplit(url)
        # Reading `port` raises ValueError where it is none.
        found = parts.port != 0 and parts.hostname is not None and _plain(parts.hostname) in hosts
    except ValueError:
        return False
    # Browsers take a backslash for a slash, and what stands before an @ for a name.
    return found and parts.scheme in {"http", "https"} and "@" not in parts.netloc and "\\" not in url


def _plain(host: str) -> str:
    return host.lower().removesuffix(".")
