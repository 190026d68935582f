"""`GET /v1/events`: the feed in pages, or as a stream of server-sent events."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from eventsourcing import eventstream
from eventsourcing.feed import Filter, OutboxFeed, Source
from service import access, parameters


class EventFeed(APIView):
    """What happened in this service, told to whoever asks. `source` is given by the service's paths."""

    source: Source = OutboxFeed()

    def get(self, request: Request) -> HttpResponseBase:
        """The events behind `cursor`, of a `stream`, of a `type`; with `Accept: text/event-stream`, for as long as it
        lives."""
        access.require(access.ADMIN)
        wanted = Filter(
            stream=parameters.text(request, "stream", most=200), type=parameters.text(request, "type", most=100)
        )
        cursor = parameters.text(request, "cursor", most=4000) or ""
        if cursor == "end":
            cursor = self.source.end()
        if eventstream.wanted_by(request):
            return eventstream.response(request, self.source, request.headers.get("Last-Event-ID") or cursor, wanted)
        return self._page(cursor, wanted, parameters.limit(request, default=100, most=500))

    def _page(self, cursor: str, wanted: Filter, limit: int) -> Response:
        items = self.source.read(cursor, wanted, limit)
        following: dict[str, Any] = {"cursor": items[-1].cursor if items else cursor, "limit": limit}
        following |= {name: value for name in ("stream", "type") if (value := getattr(wanted, name)) is not None}
        # Always: a feed has no last page, only one behind which there is nothing yet.
        headers = {"Link": f'<?{urlencode(following)}>; rel="next"', "Cache-Control": "no-store", "Vary": "Accept"}
        return Response([item.document for item in items], headers=headers)
