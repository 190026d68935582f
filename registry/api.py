"""The Eureka REST protocol over HTTP. `/eureka/v2/apps…` is the same as `/eureka/apps…`.

As in Netflix's server, who does not ask for JSON by its name gets XML: there are clients that say `*/*` and read XML.
"""

from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from registry import commands, members, queries, registration, xml
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


def answer(request: Request, document: dict[str, Any] | None, missing: str = "") -> HttpResponse:
    """The document as the client wants it; 404 without one."""
    if document is None:
        raise Problem(404, missing)
    if "json" in request.headers.get("Accept", ""):
        found = HttpResponse(orjson.dumps(document), content_type="application/json")
    else:
        found = HttpResponse(xml.write(document), content_type="application/xml")
    found["Vary"] = "Accept"
    return found


def done(found: bool, app: str, instance_id: str) -> HttpResponse:
    """200 for what was done, 404 where there is no such lease."""
    if not found:
        raise Problem(404, f"There is no instance {instance_id} of {app.upper()}, or it has to register again.")
    return HttpResponse(status=200)


def last_dirty(request: Request) -> int | None:
    """When the instance last changed, by its own clock, as most commands may say. Raises Problem 400."""
    return registration.timestamp(request.query_params.get("lastDirtyTimestamp"))


class Applications(APIView):
    """All instances of all apps."""

    def get(self, request: Request) -> HttpResponse:
        """All of them."""
        return answer(request, queries.applications())


class Delta(APIView):
    """What changed lately."""

    def get(self, request: Request) -> HttpResponse:
        """The changes of the last minutes."""
        return answer(request, queries.delta())


class Application(APIView):
    """The instances of one app."""

    parser_classes = (JSONParser, XMLParser)

    def get(self, request: Request, app: str) -> HttpResponse:
        """One app."""
        return answer(request, queries.application(app.upper()), f"There is no instance of {app.upper()}.")

    def post(self, request: Request, app: str) -> HttpResponse:
        """Register an instance."""
        commands.register(registration.read(app, request.data))
        return HttpResponse(status=204)


class OneInstance(APIView):
    """One instance of an app."""

    def get(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """One instance."""
        missing = f"There is no instance {instance_id} of {app.upper()}."
        return answer(request, queries.find(app.upper(), instance_id), missing)

    def put(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Renew the lease."""
        return done(commands.renew(app.upper(), instance_id, last_dirty(request)), app, instance_id)

    def delete(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Leave."""
        return done(commands.cancel(app.upper(), instance_id), app, instance_id)


class Status(APIView):
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


class Metadata(APIView):
    """An instance's metadata."""

    def put(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Set members: `?key=value`."""
        given = request.query_params.dict()
        given.pop("lastDirtyTimestamp", None)
        return done(commands.add_metadata(app.upper(), instance_id, members.metadata(given)), app, instance_id)


class InstanceById(APIView):
    """An instance whose app one does not know."""

    def get(self, request: Request, instance_id: str) -> HttpResponse:
        """One instance."""
        return answer(request, queries.find_by_id(instance_id), f"There is no instance {instance_id}.")


class ByAddress(APIView):
    """Instances by their virtual address."""

    secure = False

    def get(self, request: Request, address: str) -> HttpResponse:
        """Those of the address, plain or secure."""
        found = queries.by_address(address, secure=self.secure)
        return answer(request, found, f"Nothing answers to {address}.")
