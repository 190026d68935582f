"""Event flow: how an event gets from its outbox to the graph, and what does not get on."""

from helm.dashboards.panels import Dashboard, Panel, Query, Row, largest, quantiles, query, rate

CORE = "eventsourcing"
VISIBLE = "projector_commit_to_visible_seconds"

OUTBOX = Row(
    title="Outbox to Kafka",
    panels=(
        Panel(
            title="Unpublished",
            meaning="Events that wait in an outbox, at most 10000.",
            queries=query(largest(f"{CORE}_unpublished_events", "service"), "{{service}}"),
        ),
        Panel(
            title="Oldest unpublished",
            meaning="How long the oldest has waited. Alarm: OutboxNotPublished.",
            queries=query(largest(f"{CORE}_oldest_unpublished_seconds", "service"), "{{service}}"),
            unit="s",
        ),
        Panel(
            title="Relays' heartbeat",
            meaning="The oldest of a shard's owner. Alarm: RelayWithoutHeartbeat.",
            queries=query(largest(f"{CORE}_relay_heartbeat_age_seconds", "service"), "{{service}}"),
            unit="s",
        ),
        Panel(
            title="Shards",
            meaning="How many of the 16 each relay owns.",
            queries=query(largest(f"{CORE}_relay_shards", "service", "instance"), "{{service}} {{instance}}"),
            stacked=True,
        ),
        Panel(
            title="Batches",
            meaning="Batches that Kafka took at least a part of.",
            queries=query(rate(f"{CORE}_relay_batches_total", "service"), "{{service}}"),
            unit="cps",
        ),
        Panel(
            title="Relays' failures",
            meaning="broker: Kafka could not be asked; unacknowledged: it took nothing of a batch; database: the "
            "session was lost.",
            queries=query(rate(f"{CORE}_relay_failures_total", "service", "kind"), "{{service}} {{kind}}"),
            unit="cps",
        ),
    ),
)
CONSUMERS = Row(
    title="Kafka to log and directory",
    panels=(
        Panel(
            title="Consumers' lag",
            meaning="How long ago the oldest message was published that is taken and not committed. Alarm: "
            "ConsumerBehind.",
            queries=query(largest(f"{CORE}_consumer_lag_seconds", "consumer"), "{{consumer}}"),
            unit="s",
        ),
        Panel(
            title="Log's lag in events",
            meaning="Published and not in the log, by topic. One made anew of a compacted topic keeps a difference.",
            queries=query(
                f"{largest(f'{CORE}_published_events', 'topic')} - {largest('recommendations_log_events', 'topic')}",
                "{{topic}}",
            ),
        ),
        Panel(
            title="Commit to stored elsewhere",
            meaning="From an event's commit in its event store until a consumer has committed it.",
            queries=quantiles(f"{CORE}_consumer_delay_seconds", "consumer"),
            unit="s",
        ),
        Panel(
            title="Tried again",
            meaning="Batches and polls: Kafka or a database did not answer.",
            queries=query(rate(f"{CORE}_consumer_failures_total", "consumer"), "{{consumer}}"),
            unit="cps",
        ),
        Panel(
            title="Topics made anew",
            meaning="Times within a quarter of an hour; shards and topics whose publishing anew is not done. Alarm: "
            "TopicMadeAnew.",
            queries=(
                Query(
                    expr=f"sum by (service, topic) (increase({CORE}_topics_made_anew_total[15m]))",
                    legend="{{service}}: {{topic}}",
                ),
                Query(expr=f"sum by (service) ({CORE}_relay_republishing_shards)", legend="{{service}}: to do"),
            ),
        ),
        Panel(
            title="Published again",
            meaning="Events, to a topic that was made anew.",
            queries=query(rate(f"{CORE}_events_republished_total", "service"), "{{service}}"),
            unit="cps",
        ),
    ),
)
GRAPH = Row(
    title="Log to graph",
    panels=(
        Panel(
            title="Projector's lag",
            meaning="How long ago the oldest event was received that the graph lacks. Alarm: ProjectorBehind.",
            queries=query(largest("projector_lag_seconds"), "seconds"),
            unit="s",
        ),
        Panel(
            title="Projector's lag in events",
            meaning="Events of the log that the graph lacks.",
            queries=query(largest("projector_lag_events"), "events"),
        ),
        Panel(
            title="Ends and checkpoints",
            meaning="Where each partition of the log ends, and up to where it is in the graph.",
            queries=(
                Query(
                    expr=largest("recommendations_log_position", "topic", "partition"),
                    legend="{{topic}}/{{partition}} end",
                ),
                Query(
                    expr=largest("projector_checkpoint_position", "topic", "partition"),
                    legend="{{topic}}/{{partition}} checkpoint",
                ),
            ),
        ),
        Panel(
            title="Commit to visible",
            meaning="From an event's commit in its event store until the graph has it.",
            queries=quantiles(VISIBLE),
            unit="s",
        ),
        Panel(
            title="Commit to visible, all",
            meaning="How many events took how long.",
            queries=query(f"sum by (le) (increase({VISIBLE}_bucket[$__rate_interval]))", "{{le}}"),
            unit="s",
            kind="heatmap",
        ),
        Panel(
            title="Projectors",
            meaning="1: it leads. Failures a second: graph or database did not answer, it tries again.",
            queries=(
                Query(expr=largest("projector_leading", "instance"), legend="{{instance}} leads"),
                Query(expr=rate("projector_failures_total", "kind"), legend="failures: {{kind}}"),
            ),
        ),
    ),
)
LETTERS = Row(
    title="Dead letters and drift",
    panels=(
        Panel(
            title="Parked keys",
            meaning="Keys held up by an event that failed. Alarm: KeysParked.",
            queries=query(largest(f"{CORE}_parked_keys", "service", "consumer"), "{{service}} {{consumer}}"),
        ),
        Panel(
            title="Letters that wait",
            meaning="Parked, or behind one that is.",
            queries=query(largest(f"{CORE}_waiting_letters", "service", "consumer"), "{{service}} {{consumer}}"),
        ),
        Panel(
            title="Parked events",
            meaning="Events that parked their key.",
            queries=query(rate(f"{CORE}_events_parked_total", "service", "consumer"), "{{service}} {{consumer}}"),
            unit="cps",
        ),
        Panel(
            title="Differences",
            meaning="What the last verify, rebuild and erased found and did not heal. Alarms: DriftFound, "
            "ErasureNotCompleted.",
            queries=query(
                largest(f"{CORE}_maintenance_differences", "service", "command"), "{{service}} {{command}}"
            ),
        ),
        Panel(
            title="Since the last verify",
            meaning="How long ago each command last came to its end.",
            queries=query(
                f"time() - {largest(f'{CORE}_maintenance_timestamp_seconds', 'service', 'command')}",
                "{{service}} {{command}}",
            ),
            unit="s",
        ),
        Panel(
            title="How long it took",
            meaning="The last run of each command.",
            queries=query(
                largest(f"{CORE}_maintenance_duration_seconds", "service", "command"), "{{service}} {{command}}"
            ),
            unit="s",
        ),
    ),
)
DATABASES = Row(
    title="Databases",
    panels=(
        Panel(
            title="Connections",
            meaning="Of max_connections. Alarm: DatabaseExhausted.",
            queries=query(
                f"max by (service) ({CORE}_database_connections / {CORE}_database_max_connections)", "{{service}}"
            ),
            unit="percentunit",
            most=1,
            width=12,
        ),
        Panel(
            title="Oldest transaction",
            meaning="Of the service's sessions.",
            queries=query(largest(f"{CORE}_database_oldest_transaction_seconds", "service"), "{{service}}"),
            unit="s",
            width=12,
        ),
    ),
)
STEPS = Row(
    title="Events a second, step by step",
    panels=tuple(
        Panel(title=title, meaning=meaning, queries=query(rate(counter, by), f"{{{{{by}}}}}"), unit="cps", width=6)
        for title, meaning, counter, by in (
            ("Stored", "Committed by commands.", f"{CORE}_events_stored_total", "type"),
            ("Published", "Acknowledged by Kafka and marked.", f"{CORE}_events_published_total", "type"),
            ("Received", "Stored by each consumer, repeats too.", f"{CORE}_events_received_total", "consumer"),
            ("Projected", "Brought into the graph.", "projector_events_projected_total", "type"),
        )
    ),
)

DASHBOARD = Dashboard(
    name="flow",
    title="Social network: event flow",
    meaning="From the outbox over Kafka and the log to the graph: how fast, how far behind, and what is held up.",
    rows=(STEPS, OUTBOX, CONSUMERS, GRAPH, LETTERS, DATABASES),
)
