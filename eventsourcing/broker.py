"""Kafka clients with every setting that matters stated, none left to a default."""

from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

from config import environment


def topic_name(topic: str) -> str:
    """The topic's name on this broker: TOPIC_PREFIX before it."""
    return environment.text("TOPIC_PREFIX") + topic


def connection_settings() -> dict[str, Any]:
    """Where the brokers are and how to log in, for every kind of client."""
    settings: dict[str, Any] = {
        "bootstrap_servers": environment.items("KAFKA_BOOTSTRAP_SERVERS"),
        "security_protocol": environment.text("KAFKA_SECURITY_PROTOCOL"),
    }
    optional = {
        "sasl_mechanism": environment.text("KAFKA_SASL_MECHANISM"),
        "sasl_plain_username": environment.text("KAFKA_SASL_USERNAME"),
        "sasl_plain_password": environment.text("KAFKA_SASL_PASSWORD"),
        "ssl_cafile": environment.text("KAFKA_SSL_CAFILE"),
    }
    return settings | {name: value for name, value in optional.items() if value}


def producer() -> KafkaProducer:
    """A producer whose acknowledgement means: on all in-sync replicas, once, in order per partition.

    Raises kafka.errors.KafkaError where no broker answers.
    """
    return KafkaProducer(
        **connection_settings(),
        acks="all",
        enable_idempotence=True,
        max_in_flight_requests_per_connection=5,
        # A whole batch of the relay goes out together; waiting for more would only delay it.
        linger_ms=0,
        batch_size=256 * 1024,
        max_block_ms=2_000,
        request_timeout_ms=5_000,
        delivery_timeout_ms=10_000,
        bootstrap_timeout_ms=3_000,
        reconnect_backoff_max_ms=1_000,
        metadata_max_age_ms=10_000,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def consumer(group: str) -> KafkaConsumer:
    """A consumer that commits nothing by itself and begins at the beginning.

    Raises kafka.errors.KafkaError where no broker answers.
    """
    return KafkaConsumer(
        **connection_settings(),
        group_id=environment.text("TOPIC_PREFIX") + group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # A killed consumer is replaced within seconds.
        session_timeout_ms=6_000,
        heartbeat_interval_ms=2_000,
        max_poll_records=500,
        fetch_max_wait_ms=500,
        request_timeout_ms=10_000,
        bootstrap_timeout_ms=5_000,
        reconnect_backoff_max_ms=1_000,
        metadata_max_age_ms=10_000,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def reader() -> KafkaConsumer:
    """A consumer of no group, which looks and leaves no trace.

    Raises kafka.errors.KafkaError where no broker answers.
    """
    return KafkaConsumer(
        **connection_settings(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        request_timeout_ms=10_000,
        bootstrap_timeout_ms=5_000,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def admin(*, timeout_ms: int = 10_000) -> KafkaAdminClient:
    """A client for making and describing topics. Raises kafka.errors.KafkaError where no broker answers in time."""
    return KafkaAdminClient(
        **connection_settings(), request_timeout_ms=timeout_ms, bootstrap_timeout_ms=min(timeout_ms, 5_000)
    )
