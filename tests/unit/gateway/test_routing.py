"""Which path goes where, byte for byte, and which do not pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import routing
from service.problems import Problem


@pytest.mark.parametrize(
    ("raw_path", "service", "path"),
    [
        (b"/user/v1/users", "USER-SERVICE", b"/v1/users"),
        (b"/friend/v1/users/3/friends", "FRIEND-SERVICE", b"/v1/users/3/friends"),
        (b"/recommendation/v1/x", "RECOMMENDATION-SERVICE", b"/v1/x"),
        (b"/user", "USER-SERVICE", b"/"),
        (b"/user/", "USER-SERVICE", b"/"),
        (b"/user/actuator/health", "USER-SERVICE", b"/actuator/health"),
        (b"/user/user/user", "USER-SERVICE", b"/user/user"),
        (b"/user/v1/J%C3%BCrgen%20A/", "USER-SERVICE", b"/v1/J%C3%BCrgen%20A/"),
        (b"/user/v1//users", "USER-SERVICE", b"/v1//users"),
        (b"/user/v1/a..b/...", "USER-SERVICE", b"/v1/a..b/..."),
        (b"/user/v1/administrators", "USER-SERVICE", b"/v1/administrators"),
        (b"/user/v1/admin", "USER-SERVICE", b"/v1/admin"),
        (b"/user/v1/%252e%252e", "USER-SERVICE", b"/v1/%252e%252e"),
    ],
)
def test_a_prefix_leads_to_its_service(raw_path: bytes, service: str, path: bytes) -> None:
    found = routing.find(raw_path)
    assert found is not None
    assert (found[0].service, found[1]) == (service, path)


@pytest.mark.parametrize(
    "raw_path",
    [b"/", b"/nowhere", b"/users/v1/users", b"/USER/v1", b"/%75ser/v1", b"//user/v1", b"/userx", b"/actuator/health"],
)
def test_another_first_segment_is_no_route(raw_path: bytes) -> None:
    assert routing.find(raw_path) is None


@pytest.mark.parametrize(
    "raw_path",
    [
        b"/user/admin",
        b"/user/admin/",
        b"/friend/admin/login/",
        b"/recommendation/ADMIN/",
        b"/user//admin/",
        b"/user/%61dmin/",
        b"/user/admin;a=b/x",
        b"/user/%20admin/",
        b"/user/static/admin/css/base.css",
        b"/user/actuator/prometheus",
        b"/user/actuator",
        b"/user/actuator/health/x",
    ],
)
def test_what_is_for_the_inside_is_not_there(raw_path: bytes) -> None:
    with pytest.raises(Problem) as caught:
        routing.find(raw_path)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "raw_path",
    [
        b"/user/../admin/",
        b"/user/v1/..",
        b"/user/./admin",
        b"/user/v1/%2e%2e/admin",
        b"/user/v1/.%2E/admin",
        b"/user/v1/..;x/admin",
        b"/user/v1%2fusers",
        b"/user/v1%2Fusers",
        b"/user/v1%5cusers",
        b"/user/v1\\users",
        b"/user/v1/%00",
        b"/user/v1/%0d%0aX:1",
        b"/user/v1/%1F",
        b"/user/v1/%7f",
        b"/user/v1/%",
        b"/user/v1/%4",
        b"/user/v1/%zz",
        b"/user/v1/%%34",
        b"/user/v1#x",
        b"http://elsewhere/user/v1",
        b"*",
        b"elsewhere:443",
        b"",
    ],
)
def test_a_path_with_two_readings_is_refused(raw_path: bytes) -> None:
    with pytest.raises(Problem) as caught:
        routing.find(raw_path)
    assert caught.value.status == 400


@given(st.text(alphabet="abzAZ09-._~!$&'()*+,=:@/%", max_size=30))
def test_what_passes_is_what_came_without_its_prefix(rest: str) -> None:
    raw = b"/friend/" + rest.encode()
    try:
        found = routing.find(raw)
    except Problem:
        return
    assert found is not None
    assert b"/friend" + found[1] == raw
    assert b".." not in found[1].split(b"/")
