"""What is under way between the stores: unpublished, published and not logged, logged and not projected."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import neo4j
import psycopg2
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from neo4j.exceptions import DriverError, Neo4jError

UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
PUBLISHED = "SELECT coalesce(max(sequence), 0) FROM outbox WHERE sequence IS NOT NULL"
# To a making of the topic that is not the present one.
ELSEWHERE = "SELECT count(*) FROM outbox WHERE topic_id IS DISTINCT FROM %s::uuid"
LOGGED = "SELECT coalesce(sum(last), 0) FROM (SELECT max(position) AS last FROM log GROUP BY topic, partition) ends"
# Versions are counted, so their sum is the number of events that the directory has applied.
KNOWN = "SELECT coalesce(sum(version), 0) FROM directory"
PROJECTED = "MATCH (c:Checkpoint) RETURN coalesce(sum(c.position), 0) AS made"
OWNED = {"users": "user", "friends": "friend"}


class Unseen(Exception):
    """A store does not answer: what is under way there cannot be said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """How many events wait at each step; None where it cannot be said."""

    unpublished: int | None
    unlogged: int | None
    unprojected: int | None

    def __str__(self) -> str:
        numbers = (self.unpublished, self.unlogged, self.unprojected)
        return "/".join("?" if number is None else f"{number:,}" for number in numbers)


class Backlog:
    """Looks into the stores; `where`: their addresses, see `addresses`. For one thread."""

    def __init__(self, where: Mapping[str, Any]) -> None:
        self._databases, self._kafka, self._url = where["databases"], where["kafka"], where["graph"]
        self._topics = {service: where["topics"][topic] for service, topic in OWNED.items()}
        self._connections: dict[str, Any] = {}
        self._driver: neo4j.Driver | None = None

    def unpublished(self, service: str) -> int:
        """Events that wait for the service's relay. Raises Unseen, as all of these do."""
        return self._number(service, UNPUBLISHED)

    def unlogged(self) -> int:
        """Events on Kafka that are not in the log of recommendations."""
        published = sum(self._number(service, PUBLISHED) for service in OWNED)
        return published - self._number("recommendations", LOGGED)

    def unknown(self) -> int:
        """Events of users that the friends' directory has not applied."""
        return self._number("users", PUBLISHED) - self._number("friends", KNOWN)

    def unprojected(self) -> int:
        """Entries of the log that are not in the graph."""
        logged = self._number("recommendations", LOGGED)
        try:
            with self._graph().session() as session:
                made = session.run(PROJECTED).single(strict=True)["made"]
        except (DriverError, Neo4jError, OSError) as error:
            raise Unseen("the graph") from error
        return logged - int(made)

    def published_elsewhere(self) -> int:
        """Events that are not on the present making of their topic."""
        try:
            client = KafkaAdminClient(
                bootstrap_servers=self._kafka, request_timeout_ms=5_000, bootstrap_timeout_ms=5_000
            )
            try:
                described = client.describe_topics(list(self._topics.values()))
            finally:
                client.close()
        except KafkaError as error:
            raise Unseen("Kafka") from error
        ids = {entry["name"]: str(entry["topic_id"]) for entry in described}
        return sum(self._number(service, ELSEWHERE, ids.get(topic)) for service, topic in self._topics.items())

    def waiting(self) -> Waiting:
        """A look at all steps."""
        found: dict[str, int | None] = dict.fromkeys(("unpublished", "unlogged", "unprojected"))
        with suppress(Unseen):
            found["unpublished"] = self.unpublished("users") + self.unpublished("friends")
            found["unlogged"] = self.unlogged()
            found["unprojected"] = self.unprojected()
        return Waiting(**found)

    def settled(self) -> str:
        """What is still under way, in words; empty where nothing is."""
        try:
            numbers = {
                "unpublished": self.unpublished("users") + self.unpublished("friends"),
                "on a topic that is gone": self.published_elsewhere(),
                "not logged": self.unlogged(),
                "not in the directory": self.unknown(),
                "not projected": self.unprojected(),
            }
        except Unseen as error:
            return f"{error} does not answer"
        return ", ".join(f"{number} {name}" for name, number in numbers.items() if number)

    def close(self) -> None:
        """End the connections."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        if self._driver is not None:
            self._driver.close()

    def _number(self, service: str, statement: str, *values: Any) -> int:
        try:
            with self._connection(service).cursor() as cursor:
                cursor.execute(statement, values)
                return int(cursor.fetchone()[0])
        except psycopg2.Error as error:
            self._connections.pop(service, None)
            raise Unseen(f"the database of {service}") from error

    def _connection(self, service: str) -> Any:
        if service not in self._connections:
            connection = psycopg2.connect(self._databases[service], connect_timeout=3)
            connection.autocommit = True
            self._connections[service] = connection
        return self._connections[service]

    def _graph(self) -> neo4j.Driver:
        if self._driver is None:
            parts = urlsplit(self._url)
            self._driver = neo4j.GraphDatabase.driver(
                f"{parts.scheme}://{parts.hostname}:{parts.port}",
                auth=(unquote(parts.username or ""), unquote(parts.password or "")),
                connection_timeout=3.0,
                connection_acquisition_timeout=3.0,
                max_transaction_retry_time=1.0,
                notifications_min_severity="OFF",
            )
        return self._driver
