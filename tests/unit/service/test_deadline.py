"""Work that nobody waits for any more is not begun."""

from datetime import UTC, datetime

import orjson
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from service import clock
from service.deadline import DeadlineMiddleware

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
MILLISECONDS = int(NOW.timestamp() * 1000)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[HttpRequest]:
    """What came through, at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return []


def status(served: list[HttpRequest], deadline: str | None) -> int:
    """The answer's status to a request with this deadline."""

    def view(request: HttpRequest) -> HttpResponse:
        served.append(request)
        return HttpResponse(status=204)

    headers = {} if deadline is None else {"X-Request-Deadline": deadline}
    answer = DeadlineMiddleware(view)(RequestFactory().get("/v1/users/1", headers=headers))
    if answer.status_code == 504:
        assert orjson.loads(answer.content)["status"] == 504
    return answer.status_code


def test_what_is_overdue_is_not_begun(served: list[HttpRequest]) -> None:
    assert status(served, str(MILLISECONDS - 1)) == 504
    assert not served


@pytest.mark.parametrize(
    "deadline", [None, "", str(MILLISECONDS), str(MILLISECONDS + 1), "soon", "-1", "1e3", "9" * 30, "²"]
)
def test_what_is_in_time_or_has_no_deadline_is_served(served: list[HttpRequest], deadline: str | None) -> None:
    assert status(served, deadline) == 204
    assert len(served) == 1
