"""Domain data: who there is, who knows whom, and how fast that becomes more."""

from helm.dashboards.panels import Dashboard, Panel, Query, Row, largest, query, rate

STORED = "eventsourcing_events_stored_total"
USERS, FRIENDSHIPS = largest("social_users"), largest("social_friendships")
# Each friendship is one of two people's.
DEGREE = f"2 * {FRIENDSHIPS} / {USERS}"


def _a_minute(event_type: str) -> str:
    """Events of a type, a minute; 0 where that type was never stored."""
    stored = rate(STORED, chosen=f'type="{event_type}"')
    return f"({stored} or vector(0)) * 60"


DASHBOARD = Dashboard(
    name="domain",
    title="Social network: domain data",
    meaning="Users, friendships and how many of them one has, from the events that are stored.",
    rows=(
        Row(
            title="There are",
            panels=(
                Panel(title="Users", meaning="Users now.", queries=query(USERS), kind="stat", width=6),
                Panel(
                    title="Friendships",
                    meaning="Friendships that go on.",
                    queries=query(FRIENDSHIPS),
                    kind="stat",
                    width=6,
                ),
                Panel(
                    title="Degree",
                    meaning="How many friends somebody has, on average: each friendship counts for two.",
                    queries=query(DEGREE),
                    kind="stat",
                    width=6,
                ),
                Panel(
                    title="Events stored",
                    meaning="A second, of all types.",
                    queries=query(rate(STORED)),
                    unit="cps",
                    kind="stat",
                    width=6,
                ),
            ),
        ),
        Row(
            title="New",
            panels=(
                Panel(
                    title="Users a minute",
                    meaning="Created, and deleted.",
                    queries=(
                        Query(expr=_a_minute("USER_CREATED"), legend="new"),
                        Query(expr=_a_minute("USER_DELETED"), legend="deleted"),
                    ),
                    unit="cpm",
                    width=12,
                ),
                Panel(
                    title="Friendships a minute",
                    meaning="Begun (those that begin again too), and ended (by the deletion of one of the two, too).",
                    queries=(
                        Query(expr=_a_minute("FRIEND_ADDED"), legend="new"),
                        Query(expr=_a_minute("FRIEND_REMOVED"), legend="ended"),
                    ),
                    unit="cpm",
                    width=12,
                ),
            ),
        ),
        Row(
            title="Totals",
            panels=(
                Panel(title="Users", meaning="Over time.", queries=query(USERS, "users")),
                Panel(title="Friendships", meaning="Over time.", queries=query(FRIENDSHIPS, "friendships")),
                Panel(title="Degree", meaning="On average, over time.", queries=query(DEGREE, "friends of one")),
            ),
        ),
        Row(
            title="Commands",
            panels=(
                Panel(
                    title="By outcome",
                    meaning="accepted; repeated: the stored answer of an idempotency key; refused: by a rule or a "
                    "precondition; failed: 5xx.",
                    queries=query(rate("eventsourcing_commands_total", "outcome"), "{{outcome}}"),
                    unit="cps",
                    stacked=True,
                ),
                Panel(
                    title="By command",
                    meaning="Whatever came of them.",
                    queries=query(rate("eventsourcing_commands_total", "command"), "{{command}}"),
                    unit="cps",
                    stacked=True,
                ),
                Panel(
                    title="Decided anew",
                    meaning="Somebody else had appended to the stream meanwhile.",
                    queries=query(rate("eventsourcing_command_conflicts_total", "command"), "{{command}}"),
                    unit="cps",
                ),
            ),
        ),
    ),
)
