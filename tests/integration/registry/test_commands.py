"""What becomes of leases: Netflix's rules, on PostgreSQL."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from registry import commands, queries
from registry.models import Change, Lease
from tests.integration.registry.leases import forget_changes, lease, pass_time, register
from tests.support.threads import in_threads
from tests.support.waiting import until

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)


def status(instance_id: str = "one") -> str | None:
    found = queries.find("ORDERS", instance_id)
    return found["instance"]["status"] if found else None


def waiting(kind: str) -> bool:
    """Whether somebody waits for such a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = %s AND NOT granted", [kind])
        return bool(cursor.fetchone()[0])


def test_a_renewal_is_one_statement() -> None:
    register()
    pass_time(10)
    before = lease().renewed_at
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert commands.renew("ORDERS", "one")
    assert [query["sql"].split()[0] for query in captured.captured_queries] == ["UPDATE"]
    assert lease().renewed_at > before


def test_nobody_renews_a_lease_that_is_not_there() -> None:
    register()
    assert not commands.renew("ORDERS", "two")
    assert not commands.renew("OTHERS", "one")


def test_a_renewal_by_an_instance_that_has_changed_asks_for_a_registration() -> None:
    register(lastDirtyTimestamp=1000)
    assert commands.renew("ORDERS", "one", 999)
    assert commands.renew("ORDERS", "one", 1000)
    assert not commands.renew("ORDERS", "one", 1001)


def test_a_late_renewal_brings_an_instance_back_that_was_not_evicted_yet() -> None:
    register()
    pass_time(16)
    assert status() is None
    assert commands.renew("ORDERS", "one")
    assert status() == "UP"


def test_a_registration_that_is_older_than_the_one_known_changes_nothing_but_renews() -> None:
    register(lastDirtyTimestamp=2000, vipAddress="new")
    pass_time(16)
    register(lastDirtyTimestamp=1000, vipAddress="old", status="DOWN")
    assert (lease().vip, lease().last_dirty, status()) == ("new", 2000, "UP")
    register(lastDirtyTimestamp=2000, vipAddress="same")
    assert lease().vip == "same"


def test_instances_that_never_say_when_they_changed_can_change() -> None:
    register(vipAddress="old")
    register(vipAddress="new", status="DOWN")
    assert (lease().vip, status()) == ("new", "DOWN")


@committed
def test_instances_that_register_at_the_same_time_make_one_lease() -> None:
    assert in_threads(8, lambda _: register()) == [None] * 8
    assert Lease.objects.count() == 1
    assert Change.objects.count() == 8


@committed
def test_a_change_waits_for_the_one_under_way() -> None:
    # A version that is given out before its change can be seen would make clients miss that change.
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            commands.begin_change()
            second = pool.submit(in_threads, 1, lambda _: register(instance_id="second"))
            until(lambda: second.done() or waiting("advisory"))
            register(instance_id="first")
            first = queries.version()
        second.result()
    assert queries.version() > first
    assert Change.objects.get(id=first).instance_id == "first"


def test_the_override_of_an_operator_outlives_renewals_and_registrations() -> None:
    register()
    assert commands.override_status("ORDERS", "one", "OUT_OF_SERVICE")
    assert commands.renew("ORDERS", "one")
    assert status() == "OUT_OF_SERVICE"
    register()
    assert (status(), lease().overridden_status) == ("OUT_OF_SERVICE", "OUT_OF_SERVICE")
    assert commands.remove_override("ORDERS", "one", None)
    assert (status(), lease().overridden_status) == ("UP", "UNKNOWN")


@pytest.mark.parametrize("own", ["DOWN", "STARTING"])
def test_an_instance_that_says_it_is_not_ready_is_believed(own: str) -> None:
    register()
    commands.override_status("ORDERS", "one", "UP")
    register(status=own)
    assert status() == own
    register(status="UP")
    assert status() == "UP"


def test_an_override_can_put_an_instance_up_that_registered_as_starting() -> None:
    register(status="STARTING")
    assert lease().up_since is None
    commands.override_status("ORDERS", "one", "UP")
    assert status() == "UP"
    assert lease().up_since is not None


def test_what_takes_an_override_back_may_say_what_to_show() -> None:
    register(status="UP")
    commands.override_status("ORDERS", "one", "OUT_OF_SERVICE")
    commands.remove_override("ORDERS", "one", "STARTING")
    assert status() == "STARTING"
    register(status="UP")
    assert status() == "UP"


def test_taking_back_an_override_that_is_not_there_changes_nothing() -> None:
    register()
    changes = Change.objects.count()
    assert commands.remove_override("ORDERS", "one", "DOWN")
    assert status() == "UP"
    assert Change.objects.count() == changes


def test_an_override_comes_with_a_first_registration_and_no_later_one() -> None:
    register(overriddenStatus="OUT_OF_SERVICE")
    assert status() == "OUT_OF_SERVICE"
    commands.remove_override("ORDERS", "one", None)
    register(overriddenStatus="OUT_OF_SERVICE")
    assert status() == "UP"


def test_a_status_that_comes_with_a_later_time_makes_older_registrations_stale() -> None:
    register(lastDirtyTimestamp=1000)
    commands.override_status("ORDERS", "one", "DOWN", 3000)
    register(lastDirtyTimestamp=2000, vipAddress="stale")
    assert (lease().vip, lease().last_dirty) == ("", 3000)


def test_metadata_is_added_and_replaced_and_stays_otherwise() -> None:
    register(metadata={"a": "1", "b": "2"})
    assert commands.add_metadata("ORDERS", "one", {"b": "3", "c": "4"})
    assert lease().document["metadata"] == {"a": "1", "b": "3", "c": "4"}


@committed
def test_a_change_does_not_undo_a_renewal_that_comes_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    register()
    pass_time(14)
    save = commands._save
    renewals: list[Future[list[object]]] = []

    def renewed_before(changed: Lease, action: str, now: datetime) -> None:
        """The change has read the lease and not written it yet: the renewal waits, or is there first."""
        renewals.append(pool.submit(in_threads, 1, lambda _: commands.renew("ORDERS", "one")))
        until(lambda: renewals[0].done() or waiting("transactionid"))
        save(changed, action, now)

    monkeypatch.setattr(commands, "_save", renewed_before)
    with ThreadPoolExecutor(1) as pool:
        assert commands.add_metadata("ORDERS", "one", {"a": "b"})
        assert renewals[0].result() == [True]
    pass_time(14)
    assert status() == "UP"
    assert lease().document["metadata"] == {"a": "b"}


def test_who_leaves_is_gone_at_once_and_cannot_leave_twice() -> None:
    register()
    assert commands.cancel("ORDERS", "one")
    assert status() is None
    assert not commands.cancel("ORDERS", "one")
    assert not commands.override_status("ORDERS", "one", "DOWN")
    assert not commands.remove_override("ORDERS", "one", None)
    assert not commands.add_metadata("ORDERS", "one", {"a": "b"})


def test_the_changes_of_long_ago_are_deleted_but_never_the_newest() -> None:
    register(instance_id="one")
    register(instance_id="two")
    forget_changes(600)
    version = queries.version()
    assert queries.delta()["applications"]["application"] == []
    assert queries.delta()["applications"]["versions__delta"] == str(version)
    register(instance_id="three")
    assert [change.instance_id for change in Change.objects.all()] == ["three"]
