"""The Eureka REST protocol over HTTP. `/eureka/v2/apps…` is the same as `/eureka/apps…`.

JSON is answered unless XML is asked for: a browser or curl is better served so; clients say which they want.
"""

from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from registry import commands, instance, queries, xml
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


class EurekaView(APIView):
    """What all of them share: two representations."""

    parser_classes = (JSONParser, XMLParser)

    def answer(self, request: Request, document: dict[str, Any] | None, missing: str = "") -> HttpResponse:
        """The document as the client wants it; 404 without one."""
        if document is None:
            raise Problem(404, missing)
        accept = request.headers.get("Accept", "")
        if "xml" in accept and "json" not in accept:
            return HttpResponse(xml.write(document), content_type="application/xml")
        return HttpResponse(orjson.dumps(document), content_type="application/json")

    def done(self, found: bool, app: str, instance_id: str) -> HttpResponse:
        """200 for what was done, 404 where there is no such lease."""
        if not found:
            raise Problem(404, f"There is no instance {instance_id} of {app}.")
        return HttpResponse(status=200)


class Applications(EurekaView):
    """All instances of all apps."""

    def get(self, request: Request) -> HttpResponse:
        """All of them."""
        return self.answer(request, queries.applications(queries.live()))


class Delta(EurekaView):
    """What changed lately."""

    def get(self, request: Request) -> HttpResponse:
        """The changes of the last minutes."""
        return self.answer(request, queries.delta())


class Application(EurekaView):
    """The instances of one app."""

    def get(self, request: Request, app: str) -> HttpResponse:
        """One app."""
        return self.answer(request, queries.application(app.upper()), f"There is no instance of {app.upper()}.")

    def post(self, request: Request, app: str) -> HttpResponse:
        """Register an instance."""
        commands.register(instance.read(app, request.data))
        return HttpResponse(status=204)


class OneInstance(EurekaView):
    """One instance of an app."""

    def get(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """One instance."""
        lease = queries.find(app.upper(), instance_id)
        shown = {"instance": instance.show(lease)} if lease else None
        return self.answer(request, shown, f"There is no instance {instance_id} of {app.upper()}.")

    def put(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Renew the lease."""
        return self.done(commands.renew(app.upper(), instance_id), app, instance_id)

    def delete(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Leave."""
        return self.done(commands.cancel(app.upper(), instance_id), app, instance_id)


class Status(EurekaView):
    """An operator's word against an instance's own."""

    def put(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Override the status: `?value=OUT_OF_SERVICE`."""
        value = instance.status(request.query_params.get("value"), "value")
        return self.done(commands.override_status(app.upper(), instance_id, value), app, instance_id)

    def delete(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Take the override back; `?value=UP` says what to show until the instance says it itself."""
        given = request.query_params.get("value")
        value = None if given is None else instance.status(given, "value")
        return self.done(commands.remove_override(app.upper(), instance_id, value), app, instance_id)


class Metadata(EurekaView):
    """An instance's metadata."""

    def put(self, request: Request, app: str, instance_id: str) -> HttpResponse:
        """Set members: `?key=value`."""
        given = request.query_params.items()
        members = {name: str(value) for name, value in given if name != "lastDirtyTimestamp"}
        return self.done(commands.add_metadata(app.upper(), instance_id, members), app, instance_id)


class InstanceById(EurekaView):
    """An instance whose app one does not know."""

    def get(self, request: Request, instance_id: str) -> HttpResponse:
        """One instance."""
        lease = queries.live().filter(instance_id=instance_id).first()
        shown = {"instance": instance.show(lease)} if lease else None
        return self.answer(request, shown, f"There is no instance {instance_id}.")


class ByAddress(EurekaView):
    """Instances by their virtual address."""

    secure = False

    def get(self, request: Request, address: str) -> HttpResponse:
        """Those of the address, plain or secure."""
        field = "secure_vip" if self.secure else "vip"
        found = list(queries.live().filter(**{field: address}))
        return self.answer(request, queries.applications(found) if found else None, f"Nothing answers to {address}.")
