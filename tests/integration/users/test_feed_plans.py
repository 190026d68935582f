"""Pages of the feed cost the same wherever they stand: each filter has its index."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.plans import rows_read
from tests.support.tables import execute

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 30_000
# A stream of many events among many streams of few, and a type, that both end in the middle. The planner, which
# counts how many there are but not where, takes them for spread over all.
FILL = """
WITH made AS (
    INSERT INTO events (event_id, stream, version, type, schema_version, data, metadata, occurred_at)
    SELECT gen_random_uuid(), 'user-' || CASE WHEN n %% 10 = 0 AND n < 15000 THEN 0 ELSE n END, n,
           CASE WHEN n %% 10 = 1 AND n < 15000 THEN 'USER_UPDATED' ELSE 'USER_CREATED' END, 1, '{"id": 1}',
           '{"correlation_id": "r", "traceparent": "t"}', now()
    FROM generate_series(1, %s) AS n RETURNING position, stream, version, event_id, type
)
INSERT INTO outbox (position, stream, version, shard, published_at, partition, "offset", sequence, type)
SELECT position, stream, version, 0, now(), 0, 0, row_number() OVER (ORDER BY position), type FROM made
"""
LIMIT = 10
QUERIES = [
    "",
    "&stream=user-0",
    "&stream=user-777",
    "&stream=user-nobody",
    "&type=USER_CREATED",
    "&type=USER_UPDATED",
    "&type=NOBODYS",
    "&stream=user-0&type=USER_CREATED",
]


@pytest.fixture
def many_rows() -> None:
    execute(FILL, ROWS)
    for table in ("events", "outbox", "personal"):
        execute(f"VACUUM ANALYZE {table}")


@pytest.mark.usefixtures("many_rows")
@pytest.mark.parametrize("position", [0, ROWS // 2, ROWS - 5])
def test_no_page_reads_more_than_a_few_rows(position: int) -> None:
    for query in QUERIES:
        with CaptureQueriesContext(connection) as captured:
            answer = Client().get(f"/v1/events?cursor={position}&limit={LIMIT}{query}")
        assert answer.status_code == 200
        for one in captured:
            assert rows_read(one["sql"]) <= 4 * LIMIT, (query, one["sql"])
