"""The way through the whole system, once: it works on every kind of engines."""

from desktop.supervisor import System
from tests.support.client import Client
from tests.support.network import Network, expect


def test_from_creation_to_recommendation(network: Network) -> None:
    me, friend, other, stranger = network.people(4)
    network.befriend_all([(me, friend), (friend, other)])
    network.until_recommended(me, [(other, 1)])
    network.until_recommended(other, [(me, 1)])
    network.until_mutual(me, other, [friend])
    assert network.friends(friend) == [me, other]
    assert network.recommended(stranger) == []


def test_a_change_arrives_too(network: Network) -> None:
    me, friend, other = network.people(3)
    network.befriend_all([(me, friend), (friend, other)])
    network.until_recommended(me, [(other, 1)])
    network.unfriend(friend, other)
    network.until_recommended(me, [])
    network.befriend(other, friend)
    network.until_recommended(me, [(other, 1)])


def test_every_service_is_healthy_by_itself_and_behind_the_gateway(system: System, client: Client) -> None:
    for url in system.urls.values():
        assert expect(Client(url).get("/actuator/health"), 200) == {"status": "UP"}
    for prefix in ("/user", "/friend", "/recommendation"):
        assert expect(client.get(f"{prefix}/actuator/health"), 200) == {"status": "UP"}


def test_the_admins_login_is_there(system: System) -> None:
    for name in ("users", "friends", "recommendations", "registry"):
        answer = Client(system.urls[name]).get("/admin/login/")
        assert (answer.status, answer.content_type) == (200, "text/html"), name
