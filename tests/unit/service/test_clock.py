"""Times: UTC, milliseconds."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import clock


def test_now_has_no_microseconds_of_its_own() -> None:
    assert clock.now().microsecond % 1000 == 0
    assert clock.now().tzinfo is UTC


def test_iso_is_as_the_contract_writes_it() -> None:
    moment = datetime(2026, 11, 24, 20, 25, 29, 363000, timezone(timedelta(hours=1)))
    assert clock.iso(moment) == "2026-11-24T19:25:29.363+00:00"


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_again(moment: datetime) -> None:
    cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert clock.parse_iso(clock.iso(cut)) == cut


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="no offset"):
        clock.parse_iso("2026-11-24T19:25:29.363")


def test_epoch_milliseconds() -> None:
    assert clock.epoch_milliseconds(datetime(1970, 1, 1, 0, 0, 1, 234000, UTC)) == 1234
