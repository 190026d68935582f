"""Pages of the log's feed cost the same wherever they stand: each filter has its index."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations import feed, log
from recommendations.log import Mark, Place
from recommendations.models import LogEntry
from tests.support.plans import rows_read
from tests.support.tables import execute

pytestmark = pytest.mark.django_db(transaction=True)
ROWS, PARTITIONS, LIMIT = 30_000, 3, 10
# A stream of many events among many streams of few, and a type, that both end in the middle. The planner, which
# counts how many there are but not where, takes them for spread over all.
FILL = """
WITH made AS (
    INSERT INTO log (topic, partition, position, event_id, event_type, schema_version, stream, stream_version, data,
                     personal, metadata, occurred_at, received_at, source_offset)
    SELECT 'user', n %% 3, n / 3 + 1, gen_random_uuid(),
           CASE WHEN n %% 10 = 1 AND n < 15000 THEN 'USER_UPDATED' ELSE 'USER_CREATED' END, 1,
           'user-' || CASE WHEN n %% 10 = 0 AND n < 15000 THEN 0 ELSE n END, n + 1, '{"id": 1}', '{}',
           '{"correlation_id": "r", "traceparent": "t"}', now(), now(), n
    FROM generate_series(0, %s - 1) AS n RETURNING topic, partition, position
)
INSERT INTO projected (topic, partition, first, last, at)
SELECT topic, partition, position, position, now() FROM made
"""
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
    for table in ("log", "log_personal", "projected"):
        execute(f"VACUUM ANALYZE {table}")


def cursor_at(position: int) -> str:
    """The cursor behind that position of each partition."""
    entries = LogEntry.objects.filter(position=position).values_list("partition", "event_id")
    places = {
        Place("user", partition): Mark(position=position, event_id=str(event_id)[-feed.TAG_LENGTH :])
        for partition, event_id in entries
    }
    assert len(places) == PARTITIONS
    return feed.token(places)


@pytest.mark.usefixtures("many_rows")
def test_no_page_reads_more_than_a_few_rows() -> None:
    end = min(mark.position for mark in log.ends().values())
    for cursor in ("", cursor_at(end // 2), cursor_at(end - 2)):
        for query in QUERIES:
            with CaptureQueriesContext(connection) as captured:
                answer = Client().get(f"/v1/events?cursor={cursor}&limit={LIMIT}{query}")
            assert answer.status_code == 200
            for one in captured:
                assert rows_read(one["sql"]) <= 4 * LIMIT, (query, one["sql"])
