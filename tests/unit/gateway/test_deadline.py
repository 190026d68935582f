"""Until when a request must be answered."""

import pytest

from config.environment import InvalidSetting
from gateway import deadline
from service.problems import Problem


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(b"1500m", 1.5), (b"2S", 2.0), (b"1M", 60.0), (b"1H", 3600.0), (b"0S", 0.0), (b"250000u", 0.25), (b"1n", 1e-9)],
)
def test_a_clients_timeout_is_read_as_grpc_writes_it(value: bytes, seconds: float) -> None:
    assert deadline.asked(value) == pytest.approx(seconds)


def test_without_one_there_is_none() -> None:
    assert deadline.asked(b"") is None


@pytest.mark.parametrize("value", [b"5", b"S", b"-1S", b"1.5S", b"1 S", b"1s", b"123456789m", b"1S1S", b"\xb2S"])
def test_anything_else_is_refused(value: bytes) -> None:
    with pytest.raises(Problem) as refused:
        deadline.asked(value)
    assert refused.value.status == 400


def test_routes_have_their_own_or_the_common_timeout() -> None:
    found = deadline.by_route(["user-service=2.5", "recommendation-service=20"], 10)
    assert found == {"user-service": 2.5, "friend-service": 10, "recommendation-service": 20.0}


@pytest.mark.parametrize("setting", ["users=1", "user-service", "user-service=", "user-service=0", "user-service=x"])
def test_a_setting_that_names_no_route_or_no_time_is_refused(setting: str) -> None:
    with pytest.raises(InvalidSetting, match="ROUTE=SECONDS"):
        deadline.by_route([setting], 10)
