"""How many friendships there are, and how often the users service is asked."""

from eventsourcing.measures import Total
from eventsourcing.metrics import REPORTER
from service import metrics

FRIENDSHIPS = Total(
    declared=metrics.declare(
        "gauge",
        "social_friendships",
        "Friendships that go on. New ones a minute: "
        '`rate(eventsourcing_events_stored_total{type="FRIEND_ADDED"}[5m]) * 60`.',
        where=REPORTER,
    ),
    begin=("FRIEND_ADDED",),
    end=("FRIEND_REMOVED",),
)
ASKED = metrics.counter(
    "friends_directory_asks_total",
    "Times that the users service was asked about somebody whom the directory does not know, by what it said: `yes`, "
    "`no`, `nothing`.",
    ["answer"],
    where="friends web",
)
# From the start: whoever draws them sees no question, not nothing.
for _answer in ("yes", "no", "nothing"):
    ASKED.labels(_answer)
