"""A system that is well, as Prometheus sees it, and what must change for each alarm.

Values are in promtool's notation, one a minute: `0x20` is 0 for 20 minutes more, `0+6x20` grows by 6, `_x5` is not
there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

PROCESSES = (
    ("users", "web"),
    ("users", "relay"),
    ("friends", "web"),
    ("friends", "relay"),
    ("friends", "consume"),
    ("recommendations", "web"),
    ("recommendations", "consume"),
    ("recommendations", "project"),
    ("registry", "web"),
    ("gateway", "web"),
)
MISSING = ""
Values = Mapping[str, str]


def series(name: str, service: str, process: str, **labels: str) -> str:
    """A series as the scraped target `service`-`process` gives it."""
    told = {**labels, "service": service, "process": process, "instance": f"{service}-{process}"}
    return name + "{" + ", ".join(f'{label}="{value}"' for label, value in told.items()) + "}"


def outbox(service: str) -> Values:
    """What the relay of a service reports."""
    event, topic = {"users": ("USER_CREATED", "user"), "friends": ("FRIEND_ADDED", "friend")}[service]
    core = "eventsourcing_"
    return {
        series(f"{core}oldest_unpublished_seconds", service, "relay"): "0x200",
        series(f"{core}relay_heartbeat_age_seconds", service, "relay"): "1x200",
        series(f"{core}relay_republishing_shards", service, "relay"): "0x200",
        series(f"{core}topics_made_anew_total", service, "relay", topic=topic): "0x200",
        series(f"{core}published_events", service, "relay", topic=topic): "100+6x200",
        series(f"{core}events_stored_total", service, "web", type=event): "0+6x200",
    }


def reported(service: str, process: str, *consumers: str) -> Values:
    """What whoever reports tells of the database of any event-sourced service."""
    core = "eventsourcing_"
    return {
        series(f"{core}database_connections", service, process): "12x200",
        series(f"{core}database_max_connections", service, process): "100x200",
        series(f"{core}database_oldest_transaction_seconds", service, process): "0.1x200",
        series(f"{core}maintenance_differences", service, process, command="verify"): "0x200",
        series(f"{core}maintenance_differences", service, process, command="erased"): "0x200",
        **{series(f"{core}parked_keys", service, process, consumer=one): "0x200" for one in consumers},
    }


def consumer(service: str, name: str) -> Values:
    """What a consumer tells of itself."""
    return {
        series("eventsourcing_consumer_lag_seconds", service, "consume", consumer=name): "0x200",
        series("worker_heartbeat_timestamp_seconds", service, "consume"): "0+60x200",
        series("eventsourcing_topics_made_anew_total", service, "consume", topic="user"): "0x200",
    }


LOG = series("recommendations_log_events", "recommendations", "project", topic="user")
END = series("recommendations_log_position", "recommendations", "project", topic="user", partition="0")
CHECKPOINT = series("projector_checkpoint_position", "recommendations", "project", topic="user", partition="0")
LAG = series("projector_lag_seconds", "recommendations", "project")
LAG_EVENTS = series("projector_lag_events", "recommendations", "project")
ROUTES = ("user-service", "friend-service", "recommendation-service")
ANSWERED = {
    status: series("gateway_responses_total", "gateway", "web", route="user-service", status=status)
    for status in ("2xx", "5xx")
}
SHUT = 'kubelet_volume_stats_available_bytes{persistentvolumeclaim="data-net-kafka-0"}'
DISK = 'node_filesystem_avail_bytes{mountpoint="/", fstype="ext4"}'

WELL: Values = {
    **{series("up", service, process): "1x200" for service, process in PROCESSES},
    **outbox("users"),
    **outbox("friends"),
    **reported("users", "relay"),
    **reported("friends", "relay", "friends-directory"),
    **reported("recommendations", "project", "recommendations", "projector"),
    **consumer("friends", "friends-directory"),
    **consumer("recommendations", "recommendations"),
    LOG: "100+6x200",
    series("recommendations_log_events", "recommendations", "project", topic="friend"): "100+6x200",
    END: "100+6x200",
    CHECKPOINT: "100+6x200",
    LAG: "0x200",
    LAG_EVENTS: "0x200",
    series("gateway_registry_answers", "gateway", "web"): "1x200",
    **{series("gateway_instances", "gateway", "web", route=route): "2x200" for route in ROUTES},
    ANSWERED["2xx"]: "0+6000x200",
    ANSWERED["5xx"]: "0+30x200",
    **{
        series("service_registered", one, "web", app="APP"): "1x200"
        for one in ("users", "friends", "recommendations", "gateway")
    },
    series("registry_leases", "registry", "web", status="UP"): "4x200",
    series("registry_preserving", "registry", "web"): "0x200",
    SHUT: "1e11x200",
    DISK: "1e11x200",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What is otherwise than well, and what is heard after so many minutes: the alarm `fires`, with these labels
    (besides name and severity) and this summary; or nothing."""

    about: str
    changed: Values
    minutes: int = 20
    fires: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


def of(name: str, service: str, process: str, **labels: str) -> str:
    """A series of the event core."""
    return series(f"eventsourcing_{name}", service, process, **labels)
