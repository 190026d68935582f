"""Self-preservation: many leases that run out together are not believed, few are, and it comes to an end."""

import logging
from datetime import timedelta

import pytest
from django.db.models import F
from pytest_django import Settings

from registry import commands, eviction, queries
from registry.measures import Leases
from registry.models import Lease, Pulse
from registry.preservation import LONGEST, TOGETHER, attendance
from tests.integration.registry.leases import forget_changes, pass_time, register

pytestmark = pytest.mark.django_db
QUARTER = LONGEST.total_seconds()


def some(number: int) -> list[str]:
    """That many instances, registered."""
    ids = [f"i{index:03d}" for index in range(number)]
    for instance_id in ids:
        register(instance_id=instance_id)
    eviction.beat()
    return ids


def die(*instance_ids: str, seconds: float = 16) -> None:
    """As if these had not renewed for so long."""
    pass_time(seconds, *instance_ids)


def go_round() -> int:
    """What the evictor does each second; how many it evicted."""
    return eviction.turn()


def shown() -> int:
    return sum(len(one["instance"]) for one in queries.applications()["applications"]["application"])


def expected() -> tuple[int, int]:
    """How many should renew, and how many must."""
    found = attendance(Pulse.objects.get().at)
    return found.expected, found.threshold


def preserving() -> bool:
    return Pulse.objects.get().preserving_since is not None


def measured() -> dict[str, float]:
    """What Prometheus is told, over all statuses."""
    return {family.name: sum(one.value for one in family.samples) for family in Leases().collect()}


def test_a_few_that_run_out_are_evicted() -> None:
    ids = some(20)
    die(*ids[:3])
    assert go_round() == 3
    assert (preserving(), shown()) == (False, 17)


def test_many_that_run_out_together_are_not_believed_and_still_given_out() -> None:
    ids = some(20)
    die(*ids[:4])
    version = queries.version()
    assert go_round() == 0
    assert (preserving(), shown()) == (True, 20)
    found = queries.delta()["applications"]
    assert (found["apps__hashcode"], queries.version()) == ("UP_20_", version)
    assert queries.find("ORDERS", ids[0]) is not None


def test_that_they_are_preserved_is_measured() -> None:
    ids = some(20)
    assert measured() == {"registry_leases": 20, "registry_preserving": 0}
    die(*ids[:10])
    go_round()
    assert measured() == {"registry_leases": 20, "registry_preserving": 1}


def test_at_no_moment_are_they_missing() -> None:
    # What is given out changes only with a pulse, which has counted first.
    some(20)
    Pulse.objects.update(at=F("at") - timedelta(seconds=2))
    pass_time(16.5)
    assert shown() == 20
    assert go_round() == 0
    assert shown() == 20


def test_who_is_given_out_though_it_ran_out_renews_as_if_nothing_had_been() -> None:
    ids = some(20)
    die(*ids)
    go_round()
    for instance_id in ids[:17]:
        assert commands.renew("ORDERS", instance_id)
    assert go_round() == 3
    assert (preserving(), shown()) == (False, 17)


@pytest.mark.parametrize(("number", "kept"), [(9, 0), (10, 10)])
def test_of_fewer_than_ten_all_are_believed(number: int, kept: int) -> None:
    ids = some(number)
    die(*ids)
    go_round()
    assert shown() == kept


def test_deaths_that_come_one_after_the_other_are_many_too() -> None:
    # Each eviction lowers what is expected; without memory, all could go in small steps.
    ids = some(20)
    gone = 0
    for first in range(0, 20, 2):
        die(*ids[first : first + 2])
        gone += go_round()
    assert (preserving(), gone, shown()) == (True, 2, 18)


def test_the_threshold_is_counted_anew_after_evictions() -> None:
    ids = some(40)
    assert expected() == (40, 34)
    die(*ids[:6])
    assert go_round() == 6
    forget_changes(TOGETHER.total_seconds() + 1)
    assert expected() == (34, 29)
    # In Netflix's server the threshold would still be 34, and these five would be preserved for ever.
    die(*ids[6:11])
    assert go_round() == 5
    assert (preserving(), shown()) == (False, 29)


def test_an_eviction_that_was_undone_by_a_registration_counts_no_longer() -> None:
    ids = some(20)
    for _ in range(4):
        die(*ids[:2])
        assert go_round() == 2
        for instance_id in ids[:2]:
            register(instance_id=instance_id)
    found = attendance(Pulse.objects.get().at)
    assert (found.expected, found.alive) == (20, 20)


def test_who_leaves_is_not_missing() -> None:
    ids = some(20)
    for instance_id in ids[:8]:
        commands.cancel("ORDERS", instance_id)
    die(ids[8])
    assert go_round() == 1
    assert (preserving(), shown()) == (False, 11)


def test_it_ends_after_a_quarter_of_an_hour_for_those_who_stay_silent() -> None:
    ids = some(20)
    die(*ids[:8], seconds=QUARTER)
    assert go_round() == 0
    die(*ids[:8], seconds=16)
    assert go_round() == 8
    assert (*expected(), shown()) == (12, 11, 12)
    go_round()
    assert not preserving()


def test_who_is_silent_for_longer_than_anybody_is_preserved_is_not_expected() -> None:
    ids = some(20)
    die(*ids[:8], seconds=QUARTER + 16)
    assert expected() == (12, 11)
    assert go_round() == 8
    assert (preserving(), shown()) == (False, 12)


def test_operators_end_it_for_an_instance_by_deleting_it() -> None:
    ids = some(20)
    die(*ids[:4])
    go_round()
    assert commands.cancel("ORDERS", ids[0])
    assert go_round() == 0
    assert commands.cancel("ORDERS", ids[1])
    go_round()
    assert (preserving(), shown()) == (False, 16)


def test_it_can_be_turned_off(settings: Settings) -> None:
    settings.REGISTRY_SELF_PRESERVATION = False
    ids = some(20)
    die(*ids)
    assert go_round() == 20
    assert not preserving()


def test_its_beginning_and_its_end_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    ids = some(20)
    die(*ids)
    for _ in range(3):
        go_round()
    for instance_id in ids:
        commands.renew("ORDERS", instance_id)
    for _ in range(3):
        go_round()
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == [
        "Nobody is evicted: 0 of 20 instances renew their leases, at least 17 should",
        "Evicting again: 20 of 20 instances renew their leases, at least 17 should",
    ]


def test_an_outage_of_the_registry_takes_nothing_from_what_is_preserved() -> None:
    ids = some(20)
    die(*ids[:8], seconds=QUARTER)
    go_round()
    Pulse.objects.update(at=F("at") - timedelta(seconds=60))
    pass_time(60)
    assert go_round() == 0
    assert (Lease.objects.count(), shown()) == (20, 20)
