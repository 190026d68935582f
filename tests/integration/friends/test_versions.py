"""The directory reads an old version of an event, checked as what it is."""

import pytest

from eventsourcing.schema_registry import SchemaViolation
from friends import directory
from friends.models import KnownUser
from tests.integration.friends.test_directory import told
from tests.support.versions import TYPE, ship_second_version

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_old_version_is_read_by_the_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    ship_second_version(monkeypatch)
    directory.apply([told(1, 1, event_type=TYPE, schema_version=1)])
    assert KnownUser.objects.get().user_id == 1
    with pytest.raises(SchemaViolation, match=f"{TYPE} v2"):
        directory.apply([told(2, 1, event_type=TYPE, schema_version=2)])
