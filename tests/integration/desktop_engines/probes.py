"""One of each engine, and how a client of it writes something and reads it again."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import neo4j
import psycopg2
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from neo4j import ManagedTransaction

from desktop.engines import ArcadeDB, Kafka, Neo4j, PostgreSQL
from desktop.engines.server import Server

TOPIC = "kept"


class Probe(ABC):
    """A client: `write` may be called once, `read` as often as one likes, with the engine's variables."""

    engine: type[Server]

    @abstractmethod
    def write(self, environment: Mapping[str, str], value: str) -> None:
        """Writes the value; when this returns, the engine has promised to keep it."""

    @abstractmethod
    def read(self, environment: Mapping[str, str]) -> list[str]:
        """Every value that was written."""


class PostgreSQLProbe(Probe):
    engine = PostgreSQL

    def write(self, environment: Mapping[str, str], value: str) -> None:
        with contextlib.closing(psycopg2.connect(environment["DATABASE_URL"])) as connection:
            connection.cursor().execute("CREATE TABLE kept (value text)")
            connection.cursor().execute("INSERT INTO kept VALUES (%s)", (value,))
            connection.commit()

    def read(self, environment: Mapping[str, str]) -> list[str]:
        with contextlib.closing(psycopg2.connect(environment["DATABASE_URL"])) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT value FROM kept")
            return [row[0] for row in cursor.fetchall()]


class KafkaProbe(Probe):
    engine = Kafka

    def write(self, environment: Mapping[str, str], value: str) -> None:
        servers = environment["KAFKA_BOOTSTRAP_SERVERS"]
        admin = KafkaAdminClient(bootstrap_servers=servers)
        admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
        admin.close()
        producer = KafkaProducer(bootstrap_servers=servers, acks="all")
        producer.send(TOPIC, value.encode()).get(timeout=60)
        producer.close()

    def read(self, environment: Mapping[str, str]) -> list[str]:
        consumer = KafkaConsumer(
            TOPIC,
            bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"],
            auto_offset_reset="earliest",
            consumer_timeout_ms=60_000,
        )
        try:
            return [next(consumer).value.decode()]
        finally:
            consumer.close()


class GraphProbe(Probe):
    def write(self, environment: Mapping[str, str], value: str) -> None:
        def create(transaction: ManagedTransaction) -> None:
            transaction.run("MERGE (k:Kept {value: $value})", value=value).consume()

        with graph(environment["NEO4J_BOLT_URL"]) as driver, driver.session() as session:
            session.execute_write(create)

    def read(self, environment: Mapping[str, str]) -> list[str]:
        with graph(environment["NEO4J_BOLT_URL"]) as driver:
            records, _, _ = driver.execute_query("MATCH (k:Kept) RETURN k.value AS value")
        return [record["value"] for record in records]


class ArcadeDBProbe(GraphProbe):
    engine = ArcadeDB


class Neo4jProbe(GraphProbe):
    engine = Neo4j


PROBES: tuple[Probe, ...] = (PostgreSQLProbe(), KafkaProbe(), ArcadeDBProbe(), Neo4jProbe())


def graph(url: str, **options: Any) -> neo4j.Driver:
    """A driver for an address as services are given it: with user and password in it."""
    scheme, _, rest = url.partition("://")
    login, _, address = rest.rpartition("@")
    user, _, password = login.partition(":")
    return neo4j.GraphDatabase.driver(f"{scheme}://{address}", auth=(user, password), **options)
