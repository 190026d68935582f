"""Who may speak to the registry: whoever has the shared key, by HTTP Basic authentication (RFC 7617), which every
Eureka client takes from its URL: `http://services:KEY@registry:8761/eureka/`."""

import secrets
from base64 import b64decode
from binascii import Error
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config import environment
from service import problems
from service.networks import is_loopback

# Probes and scrapers have no key; the admin has a login of its own.
OPEN = ("/actuator/", "/admin/", "/static/")
ASK = {"WWW-Authenticate": 'Basic realm="registry", charset="UTF-8"'}


def require_key_beyond_this_machine(host: str) -> None:
    """Raises InvalidSetting where a registry without a key would listen to others."""
    if not settings.REGISTRY_KEYS and not is_loopback(host):
        raise environment.InvalidSetting(
            f"REGISTRY_KEY is not set, and HOST={host} lets others in: whoever registers gets others' requests."
        )


class KeyMiddleware:
    """401 for who has no key that is valid, where there is one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request, or refuse it."""
        if not settings.REGISTRY_KEYS or request.path.startswith(OPEN) or _knows_a_key(request):
            return self._get_response(request)
        return problems.response(request, 401, "The registry's key is missing or wrong.", headers=ASK)


def _knows_a_key(request: HttpRequest) -> bool:
    given = _password(request.headers.get("Authorization", ""))
    # Each of them, and in constant time: how long it takes tells nothing.
    return True in [secrets.compare_digest(given, key.encode()) for key in settings.REGISTRY_KEYS]


def _password(header: str) -> bytes:
    """The password, whatever the user is called; b"" where there is none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(encoded.strip(), validate=True).partition(b":")[2]
    except (Error, ValueError):
        return b""
