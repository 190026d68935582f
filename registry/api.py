"""The Eureka REST protocol over HTTP. `/eureka/v2/apps…` is the same as `/eureka/apps…`.

As in Netflix's server, who does not ask for JSON by its name gets XML: there are clients that say `*/*` and read XML.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from registry import addresses, commands, members, queries, registration, xml
from registry.memory import MEMORY
from registry.sources import Source
from service.eureka import STALE
from service.parsing import MAX_BODY_BYTES, AnyParser, JSONParser
from service.problems import Problem


class XMLParser(AnyParser):
    """A registration in XML."""

    media_type = "application/xml"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        """The same as JSON would be. Raises Problem 400, 413."""
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise Problem(413, f"The body is longer than {MAX_BODY_BYTES} bytes.")
        return xml.read(body)


def answer(request: Request, query: Callable[[Source], dict[str, Any] | None], missing: str = "") -> HttpResponse:
    """The query's document as the client wants it; 404 without one. Says how old it is where the database is away."""
    document, age = MEMORY.ask(query)
    if document is None:
        raise Problem(404, missing)
    if "json" in request.headers.get("Accept", ""):
        found = HttpResponse(orjson.dumps(document), content_type="application/json")
    else:
        found = HttpResponse(xml.write(document), content_type="application/xml")
    found["Vary"] = "Accept"
    if age is not None:
        found[STALE] = str(round(age))
    return found


def done(found: bool, app: str, instance_id: str) -> HttpResponse:
    """200 for what was done, 404 where there is no such lease."""
    if not found:
        raise Problem(404, f"There is no instance {instance_id} of {app.upper()}, or it has to register again.")
    return HttpResponse(status=200)


def last_dirty(request: Request) -> int | None:
    """When the instance last changed, by its own clock, as most commands may say. Raises Problem 400."""
    return registration.timestamp(request.query_params.get("lastDirtyTimestamp"))


class View(APIView):
    """Reads go by what is known; changes need the database."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Before the method. Raises Problem 503."""
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS:
            MEMORY.require_database()


class Applications(View):
    """All instances of all apps."""

    def get(self, request: Request) -> HttpResponse:
        """All of them."""
        return answer(request, queries.applications)


class Delta(View):
    """What changed lately."""

    def get(self, request: Request) -> HttpResponse:
        """The changes of the last minutes."""
        return answer(request, queries.delta)


class Application(View):
    """The instances of one app."""

    parser_classes = (JSONParser, XMLParser)

    def get(self, request: Request, app: str) -> HttpResponse:
        """One app."""
        name = app.upper()
        return answer(request, partial(queries.application, name), f"There is no instance of {name}.")

    def post(self, request: Request, app: str) -> HttpResponse:
        """Register an instance."""
        given = registration.read(app, request.data)
        addresses.check(given.document, settings.REGISTRY_NETWORKS, lowest_port=settings.REGISTRY_LOWEST_PORT)
        commands.register(given)
        return HttpResponse(status=204)


class OneInstance(View):
    """One instance of an app."""

    def get(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """One instance."""
        missing = f"There is no instance {instance_id} of {app.upper()}."
        return answer(request, partial(queries.find, app.upper(), instance_id), missing)

    def put(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Renew the lease. 404 has no body: Netflix's client reads one as an instance, fails, and would not register
        again."""
        renewed = commands.renew(app.upper(), instance_id, last_dirty(request))
        return HttpResponse(status=200 if renewed else 404)

    def delete(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Leave."""
        return done(commands.cancel(app.upper(), instance_id), app, instance_id)


class Status(View):
    """An operator's word against an instance's own."""

    def put(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Override the status: `?value=OUT_OF_SERVICE`."""
        value = members.status(request.query_params.get("value"), "value")
        found = commands.override_status(app.upper(), instance_id, value, last_dirty(request))
        return done(found, app, instance_id)

    def delete(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Take the override back; `?value=UP` says what to show until the instance says it itself."""
        given = request.query_params.get("value")
        value = None if given is None else members.status(given, "value")
        found = commands.remove_override(app.upper(), instance_id, value, last_dirty(request))
        return done(found, app, instance_id)


class Metadata(View):
    """An instance's metadata."""

    def put(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Set members: `?key=value`."""
        given = request.query_params.dict()
        given.pop("lastDirtyTimestamp", None)
        return done(commands.add_metadata(app.upper(), instance_id, members.metadata(given)), app, instance_id)


class InstanceById(View):
    """An instance whose app one does not know."""

    def get(self, request: Request, instance_id: str) -> HttpResponse:
        """One instance."""
        return answer(request, partial(queries.find_by_id, instance_id), f"There is no instance {instance_id}.")


class ByAddress(View):
    """Instances by their virtual address."""

    secure = False

    def get(self, request: Request, address: str) -> HttpResponse:
        """Those of the address, plain or secure."""

        def query(source: Source) -> dict[str, Any] | None:
            return queries.by_address(address, secure=self.secure, source=source)

        return answer(request, query, f"Nothing answers to {address}.")
