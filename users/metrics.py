"""How many users there are."""

from eventsourcing.measures import Total
from eventsourcing.metrics import REPORTER
from service import metrics

USERS = Total(
    declared=metrics.declare(
        "gauge",
        "social_users",
        'Users. New ones a minute: `rate(eventsourcing_events_stored_total{type="USER_CREATED"}[5m]) * 60`.',
        where=REPORTER,
    ),
    begin=("USER_CREATED",),
    end=("USER_DELETED",),
)
