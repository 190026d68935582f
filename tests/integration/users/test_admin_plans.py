"""The admin stays fast when tables are large: none of its queries reads a whole table, or counts one."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.tables import execute

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 30_000

FILL = """
WITH made AS (
    INSERT INTO events (event_id, stream, version, type, schema_version, data, metadata, occurred_at)
    SELECT gen_random_uuid(), 'user-' || n, 1, 'USER_CREATED', 1, '{"id": 1}', '{}', now() + n * interval '1 second'
    FROM generate_series(1, %s) AS n RETURNING position, stream, version, event_id
), outbox AS (
    INSERT INTO outbox (position, stream, version, shard, published_at, sequence)
    SELECT position, stream, version, 0, CASE WHEN position %% 1000 > 0 THEN now() END, position FROM made
)
INSERT INTO personal SELECT event_id, '{"firstName": "Ada"}' FROM made
"""
USERS = """
INSERT INTO users SELECT n, 'First' || n, 'Last' || n, now(), now(), 1 FROM generate_series(1, %s) AS n
"""
PAGES = [
    "eventsourcing/storedevent/",
    "eventsourcing/storedevent/?p=7",
    "eventsourcing/storedevent/?type=USER_CREATED",
    "eventsourcing/storedevent/?type=USER_UPDATED",
    "eventsourcing/storedevent/?q=user-777",
    "eventsourcing/storedevent/?q=01a20f86-0711-745d-85a7-e285e243ddfb",
    "eventsourcing/storedevent/?stream__exact=user-777",
    "eventsourcing/outboxentry/",
    "eventsourcing/outboxentry/?published=no",
    "eventsourcing/outboxentry/?q=user-777",
    "users/user/",
    "users/user/?q=777",
    "users/user/?q=first777",
]


@pytest.fixture
def many_rows() -> None:
    execute(FILL, ROWS)
    execute(USERS, ROWS)
    for table in ("events", "outbox", "personal", "users"):
        execute(f"ANALYZE {table}")


def read_whole(statement: str) -> list[str]:
    """The large tables that a statement would read from one end to the other."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    scans = re.findall(r"(?<!Parallel )Seq Scan on (events|outbox|personal|users)\b", plan)
    # A limit over a scan of a table in no particular order stops as soon as it has its rows.
    return [] if re.search(r"Limit.*\n\s+->  Seq Scan", plan) else scans


@pytest.mark.usefixtures("many_rows")
def test_no_page_of_the_admin_reads_a_whole_table(admin_client: Client) -> None:
    for page in PAGES:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(f"/admin/{page}").status_code == 200, page
        statements = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
        assert [(page, sql) for sql in statements if read_whole(sql)] == []
        assert len(captured) < 25, page


@pytest.mark.usefixtures("many_rows")
def test_what_is_counted_is_counted_up_to_a_bound(admin_client: Client) -> None:
    page = admin_client.get("/admin/eventsourcing/storedevent/").content.decode()
    assert "10000 events" in page or "10,000 events" in page
