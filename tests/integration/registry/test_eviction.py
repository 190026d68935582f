"""Leases that run out: not given out any more, evicted later, and told."""

import logging
from datetime import timedelta

import psycopg2
import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F

from registry import commands, eviction, preservation, queries
from registry.models import Lease, Pulse
from tests.integration.registry.leases import lease, pass_time, register
from tests.support.waiting import until

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)


def shown() -> list[str]:
    found = queries.applications()["applications"]["application"]
    return [one["instanceId"] for application in found for one in application["instance"]]


def told() -> dict[str, str]:
    found = queries.delta()["applications"]["application"]
    return {one["instanceId"]: one["actionType"] for application in found for one in application["instance"]}


def test_a_lease_that_ran_out_is_not_given_out_by_any_query() -> None:
    register(instance_id="alive", vipAddress="orders", secureVipAddress="secure")
    register(instance_id="dead", vipAddress="orders", secureVipAddress="secure")
    pass_time(14.0)
    assert shown() == ["alive", "dead"]
    pass_time(1.5, "dead")
    assert shown() == ["alive"]
    assert queries.find("ORDERS", "dead") is None
    assert queries.find_by_id("dead") is None
    for found in (queries.by_address("orders"), queries.by_address("secure", secure=True)):
        assert found is not None
        assert [one["instanceId"] for one in found["applications"]["application"][0]["instance"]] == ["alive"]
    application = queries.application("ORDERS")
    assert application is not None
    assert len(application["application"]["instance"]) == 1
    assert queries.delta()["applications"]["apps__hashcode"] == "UP_1_"
    assert Lease.objects.count() == 2


def test_each_lease_has_its_own_length() -> None:
    register(instance_id="short", leaseInfo={"durationInSecs": 5})
    register(instance_id="long", leaseInfo={"durationInSecs": 90})
    pass_time(30)
    assert shown() == ["long"]
    assert eviction.evict() == 1
    assert [found.instance_id for found in Lease.objects.all()] == ["long"]


def test_the_eviction_is_told_to_those_who_read_the_changes() -> None:
    register(instance_id="alive")
    register(instance_id="dead")
    pass_time(16, "dead")
    before = queries.version()
    assert told() == {"alive": "ADDED", "dead": "ADDED"}
    assert eviction.evict() == 1
    assert told() == {"alive": "ADDED", "dead": "DELETED"}
    assert queries.version() > before


def test_nothing_is_evicted_that_is_alive() -> None:
    register()
    pass_time(14)
    assert eviction.evict() == 0
    assert Lease.objects.count() == 1


@committed
def test_a_lease_that_is_being_renewed_is_left_alone() -> None:
    register()
    pass_time(16)
    settings = connection.settings_dict
    other = psycopg2.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
    )
    with other.cursor() as cursor:
        cursor.execute("UPDATE leases SET renewed_at = now()")
        with connection.cursor() as own:
            own.execute("SET lock_timeout = '10s'")
        assert eviction.evict() == 0
        with connection.cursor() as own:
            own.execute("RESET lock_timeout")
    other.commit()
    other.close()
    assert shown() == ["one"]


def test_an_evicted_instance_that_renews_is_asked_to_register() -> None:
    register()
    pass_time(16)
    eviction.evict()
    assert not commands.renew("ORDERS", "one")
    register()
    assert shown() == ["one"]


@committed
def test_the_evictor_evicts_by_itself() -> None:
    register()
    pass_time(16)
    evictor = eviction.Evictor(seconds=0.05)
    evictor.start()
    try:
        until(lambda: Lease.objects.count() == 0)
    finally:
        evictor.stop()


@committed
def test_a_database_that_is_away_is_said_once_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> int:
        raise OperationalError("server closed the connection\nmore")

    evictor = eviction.Evictor()
    with monkeypatch.context() as patch:
        patch.setattr(eviction, "turn", away)
        for _ in range(3):
            evictor.step()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    register()
    pass_time(16)
    evictor.step()
    assert Lease.objects.count() == 0


def test_it_is_the_databases_clock_that_decides() -> None:
    register()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert timedelta(0) <= now - lease().renewed_at < timedelta(minutes=1)
    # Within one transaction too: `now()` would stand still there.
    with transaction.atomic():
        assert not Lease.objects.filter(preservation.gone()).exists()
        pass_time(16)
        assert Lease.objects.filter(preservation.gone()).exists()


def miss_pulse(seconds: float) -> None:
    """As if no registry had been there for so long; the leases are those that it left."""
    eviction.beat()
    Pulse.objects.update(at=F("at") - timedelta(seconds=seconds))
    pass_time(seconds)


def test_after_an_outage_of_the_registry_nobody_is_gone_for_that() -> None:
    register()
    miss_pulse(60)
    # Before the first pulse too: no client can come in between.
    assert shown() == ["one"]
    eviction.beat()
    assert shown() == ["one"]
    assert eviction.evict() == 0
    pass_time(14)
    assert shown() == ["one"]
    pass_time(2)
    assert shown() == []


def test_an_outage_gives_no_lease_more_than_it_had_left() -> None:
    register(instance_id="fresh")
    register(instance_id="old")
    register(instance_id="dead")
    pass_time(10, "old")
    pass_time(16, "dead")
    miss_pulse(60)
    eviction.beat()
    assert shown() == ["fresh", "old"]
    pass_time(6)
    assert shown() == ["fresh"]


def test_a_renewal_that_comes_before_the_first_pulse_is_not_moved_into_the_future() -> None:
    register()
    miss_pulse(60)
    commands.renew("ORDERS", "one")
    eviction.beat()
    assert lease().renewed_at <= Pulse.objects.get().at


def test_a_steady_pulse_moves_nothing() -> None:
    register()
    pass_time(10)
    miss_pulse(2)
    before = lease().renewed_at
    eviction.beat()
    assert lease().renewed_at == before
    assert Pulse.objects.count() == 1


def test_an_eviction_that_has_ended_is_told_by_the_health_check() -> None:
    evictor = eviction.Evictor()
    with pytest.raises(RuntimeError):
        evictor.check()
