"""Every exporter of a running system, compared with what was done to it."""

import http.client
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress

from desktop.bootstrap import BASE
from desktop.supervisor import System
from tests.support.client import Client
from tests.support.metrics import Scrape, scrape
from tests.support.network import Network
from tests.support.waiting import eventually

STORED = "eventsourcing_events_stored_total"
PUBLISHED = "eventsourcing_events_published_total"
RECEIVED = "eventsourcing_events_received_total"
PROJECTED = "projector_events_projected_total"


def all_of(system: System) -> dict[str, Scrape]:
    """What each process says."""
    return {name: scrape(address) for name, address in system.metrics.items()}


def settled(system: System) -> dict[str, Scrape]:
    """What each process says, measured from now on, when nothing is under way any more."""
    begun = time.time()

    def check() -> dict[str, Scrape]:
        found = all_of(system)
        for reporter in ("users-relay", "friends-relay", "recommendations-project"):
            assert found[reporter].one("eventsourcing_report_timestamp_seconds") > begun
        for relay in ("users-relay", "friends-relay"):
            assert found[relay].one("eventsourcing_unpublished_events") == 0
            assert found[relay].one("eventsourcing_oldest_unpublished_seconds") == 0
        told = sum(found[relay].total("eventsourcing_published_events") for relay in ("users-relay", "friends-relay"))
        projector = found["recommendations-project"]
        assert projector.total("recommendations_log_events") == told
        assert projector.one("projector_lag_events") == projector.one("projector_lag_seconds") == 0
        assert found["recommendations-consume"].total("eventsourcing_consumer_lag_seconds") == 0
        return found

    return eventually(check, within=60)


def grown(before: dict[str, Scrape], after: dict[str, Scrape], name: str, **labels: str) -> Counter[str]:
    """By how much a counter has grown over all processes, by type of event."""

    return _by_type(after, name, **labels) - _by_type(before, name, **labels)


def _by_type(found: dict[str, Scrape], name: str, **labels: str) -> Counter[str]:
    sums: Counter[str] = Counter()
    for scraped in found.values():
        for one in scraped.chosen(name, **labels):
            sums[one.labels["type"]] += int(one.value)
    return sums


def test_each_step_of_an_event_counts_what_was_done(system: System, network: Network) -> None:
    settled(system)
    # Once more: a counter is set a moment after the commit that makes the system look settled.
    before = settled(system)
    one, *others = network.people(4)
    network.befriend_all((one, other) for other in others)
    network.unfriend(one, others[0])
    network.rename(one, "Renamed", "Once")
    assert network.client.post(f"/friend/v1/users/{one}/commands/addFriend?friendId={one}").status == 400
    done = Counter(USER_CREATED=4, USER_UPDATED=1, FRIEND_ADDED=3, FRIEND_REMOVED=1)
    path, name = "/user/v1/users", b'{"firstName": "Once", "lastName": "Only"}'
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"metrics-{one}"}
    for _ in range(2):
        assert network.client.request("POST", path, name, headers).status == 201
    done["USER_CREATED"] += 1

    settled(system)
    after = settled(system)
    assert grown(before, after, PROJECTED) == done
    assert _more(before, after, "users-relay", "social_users") == 5
    assert _more(before, after, "friends-relay", "social_friendships") == 2
    assert grown(before, after, STORED) == done
    assert grown(before, after, PUBLISHED) == done
    # Repeats count too, and a rebalance makes some.
    assert grown(before, after, RECEIVED, consumer="recommendations") >= done
    assert _commands(after) - _commands(before) == Counter(
        {
            ("create_user", "accepted"): 5,
            ("create_user", "repeated"): 1,
            ("update_user", "accepted"): 1,
            ("add_friend", "accepted"): 3,
            ("add_friend", "refused"): 1,
            ("remove_friend", "accepted"): 1,
        }
    )
    visible = "projector_commit_to_visible_seconds_count"
    assert _more(before, after, "recommendations-project", visible) == done.total()


def _commands(found: dict[str, Scrape]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for scraped in found.values():
        for one in scraped.chosen("eventsourcing_commands_total"):
            counts[one.labels["command"], one.labels["outcome"]] += int(one.value)
    return counts


def _more(before: dict[str, Scrape], after: dict[str, Scrape], process: str, name: str) -> float:
    return after[process].one(name) - before[process].one(name)


def test_what_a_database_says_is_reported_by_one_process(system: System) -> None:
    found = settled(system)
    for service in ("users", "friends", "recommendations"):
        own = {name: scraped for name, scraped in found.items() if name.startswith(f"{service}-")}
        for name in ("eventsourcing_parked_keys", "eventsourcing_unpublished_events", "projector_lag_events"):
            assert sum(1 for scraped in own.values() if any(scraped.chosen(name))) <= 1, (service, name)
    assert found["recommendations-project"].by("consumer", "eventsourcing_parked_keys") == {
        "projector": 0,
        "recommendations": 0,
    }
    assert found["friends-relay"].by("consumer", "eventsourcing_parked_keys") == {"friends-directory": 0}


def test_every_process_tells_of_its_python(system: System) -> None:
    for name, scraped in all_of(system).items():
        for metric in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"):
            assert scraped.total(metric) > 0, (name, metric)
        assert scraped.total("python_threads") > 0, name
        assert scraped.total("python_gc_collections_total") > 0, name


def test_the_alarms_have_their_numbers(system: System) -> None:
    found = all_of(system)
    for worker in ("users-relay", "friends-relay", "friends-consume", "recommendations-consume"):
        assert found[worker].one("worker_heartbeat_timestamp_seconds") > 0
    assert found["users-relay"].one("eventsourcing_relay_shards") == 16
    assert found["users-relay"].one("eventsourcing_relay_heartbeat_age_seconds") < 5
    assert found["recommendations-project"].one("projector_leading") == 1
    for route in ("user-service", "friend-service", "recommendation-service"):
        assert found["gateway-web"].one("gateway_instances", route=route) == 1
    assert found["registry-web"].one("registry_leases", status="UP") == 4
    for service in ("users", "friends", "recommendations", "gateway"):
        assert found[f"{service}-web"].one("service_registered") == 1


def test_whatever_clients_send_makes_no_series(system: System, network: Network) -> None:
    def throw(number: int) -> None:
        for name in ("users", "friends", "recommendations", "registry"):
            client = Client(system.urls[name])
            for method in ("GET", f"ODD{number}", "PUT"):
                for path in (f"/v1/users/{number}x", f"/nowhere/{number}", f"/eureka/apps/APP-{number}/{number}"):
                    with suppress(http.client.HTTPException, OSError):
                        client.request(method, path)

    # Each view answers each method in some way: that makes a series, once.
    throw(0)
    before = {name: scraped.identities for name, scraped in all_of(system).items()}
    for number in range(1, 12):
        throw(number)
    after = {name: scraped.identities for name, scraped in all_of(system).items()}
    assert after == before


def test_verify_says_what_it_found(system: System) -> None:
    command = [sys.executable, "manage.py", "users", "verify"]
    environment = system.processes["users-relay"].environment
    subprocess.run(command, cwd=BASE, env=environment, check=True, capture_output=True)

    def told() -> None:
        found = scrape(system.metrics["users-relay"])
        assert found.one("eventsourcing_maintenance_differences", command="verify") == 0
        assert found.one("eventsourcing_maintenance_timestamp_seconds", command="verify") > 0

    eventually(told)


def test_health_has_details_for_those_inside(system: System, client: Client) -> None:
    users = Client(system.urls["users"]).get("/actuator/health/detail").json()
    assert users["status"] == "UP"
    assert users["checks"] == {"database": {"status": "UP"}}
    details = users["details"]
    assert details["pendingMigrations"] == []
    assert details["heartbeatAgeSeconds"]["relay"] < 5
    assert sum(len(relay["shards"]) for relay in details["relays"]) == 16
    assert details["outbox"].keys() == {"unpublished", "oldestUnpublishedSeconds"}
    projector = Client(system.urls["recommendations"]).get("/actuator/health/detail").json()["details"]["projector"]
    assert projector["behindEvents"] >= 0
    assert client.get("/user/actuator/health/detail").status == 404
    assert client.get("/actuator/health/detail").status == 404
