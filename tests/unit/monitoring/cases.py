"""Each alarm: that it fires when it must, and at what is nearly that, that nothing does."""

from tests.unit.monitoring import alarms
from tests.unit.monitoring.alarms import (
    ANSWERED,
    CHECKPOINT,
    DISK,
    END,
    LAG,
    LAG_EVENTS,
    LOG,
    MISSING,
    SHUT,
    Case,
    of,
)

USERS, FRIENDS, NETWORK = {"service": "users"}, {"service": "friends"}, {"service": "recommendations"}
OLDEST = of("oldest_unpublished_seconds", "users", "relay")
HEARTBEAT = of("relay_heartbeat_age_seconds", "friends", "relay")
FRIENDS_LAG = of("consumer_lag_seconds", "friends", "consume", consumer="friends-directory")
CONSUMER_ALIVE = alarms.series("worker_heartbeat_timestamp_seconds", "recommendations", "consume")
PARKED = of("parked_keys", "friends", "relay", consumer="friends-directory")
VERIFIED = of("maintenance_differences", "users", "relay", command="verify")
ERASED = of("maintenance_differences", "friends", "relay", command="erased")
MADE_ANEW = of("topics_made_anew_total", "users", "relay", topic="user")
REPUBLISHING = of("relay_republishing_shards", "users", "relay")
CONNECTIONS = of("database_connections", "users", "relay")
TRANSACTION = of("database_oldest_transaction_seconds", "recommendations", "project")
REGISTRY = alarms.series("gateway_registry_answers", "gateway", "web")
REGISTERED = alarms.series("service_registered", "friends", "web", app="APP")
PRESERVING = alarms.series("registry_preserving", "registry", "web")
LEASES = alarms.series("registry_leases", "registry", "web", status="UP")
INSTANCES = alarms.series("gateway_instances", "gateway", "web", route="friend-service")
OTHER_PROJECTOR = CHECKPOINT.replace('instance="recommendations-project"', 'instance="another"')
UP = alarms.series("up", "users", "relay")

RELAY_SILENT = "No relay of friends is heard of"
NOT_STORED = "What is published is not stored by the consumer of {}"
NOT_FOLLOWED = "The graph does not follow the log, or nobody says how far it is"
REPLACED = "The graph has no checkpoint of user/0, or an older one than before"
ANEW = "A topic of users has another id; everything is published to it again"
LOST = "The registry does not answer, does not know {}, or gives out leases that ran out"
FULL_SOON = {"data-net-kafka-0": "data-net-kafka-0 is full within a day", "/": "/ is full within a day"}
PLACE = {"topic": "user", "partition": "0"}

CASES = [
    Case(about="all is well", changed={}),
    Case(
        about="a target does not answer",
        changed={UP: "1x9 0x20"},
        fires="InstanceDown",
        labels={"service": "users", "process": "relay", "instance": "users-relay"},
        summary="users relay at users-relay does not answer Prometheus",
    ),
    Case(about="a target that was away for a minute", changed={UP: "1x9 0 1x20"}),
    Case(
        about="events wait for two minutes",
        changed={OLDEST: "0x9 60+60x20"},
        minutes=13,
        fires="OutboxNotPublished",
        labels=USERS,
        summary="The oldest unpublished event of users is 4m 0s old",
    ),
    Case(about="events wait for a minute", changed={OLDEST: "60x200"}),
    Case(
        about="owners of shards are silent",
        changed={HEARTBEAT: "1x9 61+60x20"},
        fires="RelayWithoutHeartbeat",
        labels=FRIENDS,
        summary=RELAY_SILENT,
    ),
    Case(
        about="no relay runs, so nobody reports",
        changed={HEARTBEAT: "1x9"},
        fires="RelayWithoutHeartbeat",
        labels=FRIENDS,
        summary=RELAY_SILENT,
    ),
    Case(about="a relay takes over after five seconds", changed={HEARTBEAT: "15x200"}),
    Case(
        about="a consumer holds what it cannot commit",
        changed={FRIENDS_LAG: "0x9 30+60x20"},
        fires="ConsumerBehind",
        labels=FRIENDS,
        summary=NOT_STORED.format("friends"),
    ),
    Case(about="a consumer that is a minute behind", changed={FRIENDS_LAG: "60x200"}),
    Case(
        about="a consumer's loop stands",
        changed={CONSUMER_ALIVE: "0+60x9 540x20"},
        fires="ConsumerBehind",
        labels=NETWORK,
        summary=NOT_STORED.format("recommendations"),
    ),
    Case(
        about="no consumer runs",
        changed={CONSUMER_ALIVE: "0+60x9"},
        fires="ConsumerBehind",
        labels={**NETWORK, "process": "consume"},
        summary=NOT_STORED.format("recommendations"),
    ),
    Case(
        about="what is published is not logged",
        changed={LOG: "100+6x5 136x200", END: "100+6x5 136x200", CHECKPOINT: "100+6x5 136x200"},
        fires="ConsumerBehind",
        labels={"topic": "user"},
        summary=NOT_STORED.format("recommendations"),
    ),
    Case(
        about="nobody does anything, and the log has less than was ever published, as after compaction",
        changed={
            of("published_events", "users", "relay", topic="user"): "900x200",
            **dict.fromkeys((LOG, END, CHECKPOINT), "136x200"),
        },
    ),
    Case(
        about="the graph does not follow",
        changed={LAG: "0x9 30+60x20", LAG_EVENTS: "0x9 6+6x20", CHECKPOINT: "100+6x9 154x20"},
        fires="ProjectorBehind",
        summary=NOT_FOLLOWED,
    ),
    Case(about="the graph is a minute behind", changed={LAG: "60x200", LAG_EVENTS: "6x200"}),
    Case(
        about="no projector leads",
        changed=dict.fromkeys((LAG, LAG_EVENTS), "0x9") | {CHECKPOINT: "100+6x9"},
        fires="ProjectorBehind",
        summary=NOT_FOLLOWED,
    ),
    Case(
        about="a key is parked",
        changed={PARKED: "0x9 2x20"},
        fires="KeysParked",
        labels={**FRIENDS, "consumer": "friends-directory"},
        summary="2 keys of friends-directory are parked",
    ),
    Case(about="a key was parked and is dealt with", changed={PARKED: "0x9 2x5 0x20"}),
    Case(
        about="verify found differences",
        changed={VERIFIED: "0x9 3x20"},
        fires="DriftFound",
        labels=USERS,
        summary="The last verify of users found 3 differences",
    ),
    Case(about="verify was never run", changed={VERIFIED: MISSING}),
    Case(
        about="a shard finds another topic",
        changed={MADE_ANEW: "0x9 16x20"},
        fires="TopicMadeAnew",
        labels=USERS,
        summary=ANEW,
    ),
    Case(
        about="publishing anew goes on, by a relay that counts from its start",
        changed={MADE_ANEW: "16x200", REPUBLISHING: "0x9 4x20"},
        fires="TopicMadeAnew",
        labels=USERS,
        summary=ANEW,
    ),
    Case(about="a topic was made anew an hour ago", changed={MADE_ANEW: "0x2 16x200"}, minutes=62),
    Case(
        about="the graph begins anew",
        changed={CHECKPOINT: "100+6x9 10 172+6x20", LAG_EVENTS: "0x9 150 0x20"},
        fires="GraphReplaced",
        labels=PLACE,
        summary=REPLACED,
    ),
    Case(
        about="another projector leads, on an older copy of the graph",
        changed={CHECKPOINT: "100+6x9", OTHER_PROJECTOR: "_x9 20+6x20", LAG_EVENTS: "0x9 140x20"},
        fires="GraphReplaced",
        labels=PLACE,
        summary=REPLACED,
    ),
    Case(
        about="the graph is empty",
        changed={CHECKPOINT: "100+6x9", LAG_EVENTS: "0x9 160+6x20"},
        fires="GraphReplaced",
        labels=PLACE,
        summary=REPLACED,
    ),
    Case(
        about="another projector leads", changed={CHECKPOINT: "100+6x9", OTHER_PROJECTOR: "_x9 166+6x20"}, minutes=15
    ),
    Case(
        about="the first events ever",
        changed={END: "_x9 5x20", CHECKPOINT: "_x10 5x20", LAG_EVENTS: "_x9 5 0x20"},
        minutes=9,
    ),
    Case(
        about="connections are nearly all taken",
        changed={CONNECTIONS: "12x9 81x20"},
        fires="DatabaseExhausted",
        labels=USERS,
        summary="PostgreSQL of users: too many connections, or a transaction of minutes",
    ),
    Case(
        about="a transaction is open for long",
        changed={TRANSACTION: "0x9 60+60x20"},
        fires="DatabaseExhausted",
        labels=NETWORK,
        summary="PostgreSQL of recommendations: too many connections, or a transaction of minutes",
    ),
    Case(about="connections are mostly taken", changed={CONNECTIONS: "80x200", TRANSACTION: "300x200"}),
    Case(
        about="the gateway hears nothing of the registry",
        changed={REGISTRY: "1x9 0x20"},
        fires="RegistryLost",
        summary=LOST.format("somebody"),
    ),
    Case(
        about="a service is not registered",
        changed={REGISTERED: "1x9 0x20"},
        fires="RegistryLost",
        labels=FRIENDS,
        summary=LOST.format("friends"),
    ),
    Case(
        about="leases that ran out are given out",
        changed={PRESERVING: "0x9 1x20"},
        fires="RegistryLost",
        summary=LOST.format("somebody"),
    ),
    Case(
        about="no registry counts leases",
        changed={LEASES: "4x9"},
        fires="RegistryLost",
        summary=LOST.format("somebody"),
    ),
    Case(about="the registry starts anew", changed={REGISTRY: "1x9 0 1x20", REGISTERED: "1x9 0 1x20"}),
    Case(
        about="two of a hundred answers are 5xx",
        changed={ANSWERED["5xx"]: "0x9 0+120x20"},
        fires="GatewayErrors",
        labels={"route": "user-service"},
        summary="Clients of user-service get 5xx, or it has no instance",
    ),
    Case(
        about="a service has no instance",
        changed={INSTANCES: "2x9 0x20"},
        fires="GatewayErrors",
        labels={"route": "friend-service"},
        summary="Clients of friend-service get 5xx, or it has no instance",
    ),
    Case(about="nobody asks for anything", changed=dict.fromkeys(ANSWERED.values(), "6x200")),
    Case(
        about="a volume gets full",
        changed={SHUT: "1e11-1e8x200"},
        minutes=190,
        fires="DiskFilling",
        labels={"persistentvolumeclaim": "data-net-kafka-0"},
        summary=FULL_SOON["data-net-kafka-0"],
    ),
    Case(
        about="a disk gets full",
        changed={DISK: "1e11-1e8x200"},
        minutes=190,
        fires="DiskFilling",
        labels={"mountpoint": "/", "fstype": "ext4"},
        summary=FULL_SOON["/"],
    ),
    Case(about="a disk is full within a week", changed={SHUT: "1e11-1e7x200", DISK: "1e11-1e7x200"}, minutes=190),
    Case(
        about="erased found something, and nobody looked again",
        changed={ERASED: "0x9 1x200"},
        minutes=80,
        fires="ErasureNotCompleted",
        labels=FRIENDS,
        summary="friends had something of a deleted user when it was last looked for",
    ),
    Case(about="erased found something, and soon nothing", changed={ERASED: "0x9 1x50 0x200"}, minutes=80),
]
