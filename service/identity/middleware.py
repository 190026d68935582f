"""At a service's own door: only the gateway and other services come in, and who asks is who they say."""

import logging
from collections.abc import Callable
from dataclasses import replace

from django.http import HttpRequest, HttpResponse

from service import context, problems
from service.identity import signature
from service.identity.signature import NotTrusted

logger = logging.getLogger(__name__)
# Probes and Prometheus have no key; the admin has its own login.
OPEN = ("/actuator/", "/admin/", "/static/")


class IdentityMiddleware:
    """Makes who asks a part of the request's context; 403 without a valid `X-Internal-Identity`, where there is a
    key to sign it with. Comes after the RequestContextMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._keys = signature.keys()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request, for whom it is."""
        if self._keys is None or request.path_info.startswith(OPEN):
            return self.get_response(request)
        told = request.headers.get(signature.HEADER, "")
        # As it was sent: Django has decoded its own.
        target = request.META.get("RAW_URI") or request.get_full_path()
        try:
            found = self._keys.verify(told, method=request.method or "", target=target)
        except NotTrusted as error:
            logger.warning("%s %s is refused: %s", request.method, request.path, error if told else "not signed")
            return problems.response(request, 403, "This is for the gateway and other services only.")
        context.begin(replace(context.current(), actor=found.actor, scopes=found.scopes))
        return self.get_response(request)
