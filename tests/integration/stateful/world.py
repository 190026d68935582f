"""The three services of the stateful test, their stores, and the ledger of what they were asked."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import UnknownTopicOrPartitionError
from psycopg2 import sql

from chaos.account import checks, ledger, stores
from chaos.account import world as expected
from desktop.bootstrap import BASE
from desktop.databases import ensure
from tests.support.system import empty_graph

SERVICES = ("users", "friends", "recommendations")
OWNERS = {"user": "users", "friend": "friends"}
TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public'
  AND tablename NOT LIKE 'django_%' AND tablename NOT LIKE 'auth_%'
"""
SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE sequencename IN ('user_id', 'friendship_id')"


class Service:
    """One service's interpreter, and its database."""

    def __init__(self, name: str, mark: str) -> None:
        self.name = name
        self.url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/test_stateful_{mark}_{name}").geturl()
        ensure(self.url)
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": f"{name}.settings",
            "DATABASE_URL": self.url,
            "DATABASE_DIRECT_URL": "",
            "REGISTRY_URL": "",
            "LOG_LEVEL": "ERROR",
        }
        migrate = [sys.executable, "manage.py", name, "migrate", "--noinput", "--verbosity=0"]
        subprocess.run(migrate, cwd=BASE, env=environment, check=True)
        self._allow_truncate()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.stateful.service"],
            cwd=BASE,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, do: str, prefix: str, cut: Any = None, **order: Any) -> Any:
        """Have a step done. None: it was cut off."""
        assert self._process.stdin
        assert self._process.stdout
        line = {"do": do, "environment": {"TOPIC_PREFIX": prefix}, "cut": cut, **order}
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "raised" not in answer, f"{self.name} {do}: {answer['raised']}"
        assert cut or "killed" not in answer, f"{self.name} {do} ended by itself"
        return answer.get("returned")

    def _execute(self, *statements: Any) -> list[Any]:
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def _allow_truncate(self) -> None:
        name = sql.Identifier(urlsplit(self.url).path[1:])
        self._execute(sql.SQL("ALTER DATABASE {} SET eventsourcing.allow_truncate = 'on'").format(name))

    def empty(self) -> None:
        """As a new database: no rows, numbers from 1."""
        tables = sql.SQL(", ").join(sql.Identifier(name) for (name,) in self._execute(TABLES))
        numbers = [sql.Identifier(name) for (name,) in self._execute(SEQUENCES)]
        begin = [sql.SQL("ALTER SEQUENCE {} RESTART").format(name) for name in numbers]
        self._execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(tables), *begin)

    def end(self) -> None:
        """Stop the interpreter, drop the database."""
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
        admin = urlsplit(self.url)._replace(path="/postgres").geturl()
        with closing(psycopg2.connect(admin)) as connection:
            connection.autocommit = True
            name = sql.Identifier(urlsplit(self.url).path[1:])
            connection.cursor().execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


class World:
    """Services, topics, graph; and the client's ledger, as `chaos.account.ledger` reads it."""

    def __init__(self) -> None:
        mark = uuid4().hex[:8]
        self.services = {name: Service(name, mark) for name in SERVICES}
        self.kafka = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
        self.graph = os.environ["NEO4J_BOLT_URL"]
        self.prefix = ""
        self.lines: list[dict[str, Any]] = []

    def begin(self) -> None:
        """An empty system, with topics of its own."""
        self.prefix, self.lines = f"test-{uuid4().hex[:12]}-", []
        for service in self.services.values():
            service.empty()
        empty_graph(self.graph)
        for topic in OWNERS:
            self.make(topic)

    def tell(self, service: str, do: str, **order: Any) -> Any:
        """Have a service do a step."""
        return self.services[service].tell(do, self.prefix, **order)

    # -- topics ------------------------------------------------------------------------------------------------

    def make(self, topic: str) -> None:
        """Have the owner make a topic, as often as it takes while Kafka still deletes the old one."""
        while self.tell(OWNERS[topic], "manage", command=["topics"]):
            time.sleep(0.1)

    def delete(self, *topics: str) -> None:
        """Delete topics."""
        client = KafkaAdminClient(bootstrap_servers=self.kafka)
        with suppress(UnknownTopicOrPartitionError):
            client.delete_topics([self.prefix + topic for topic in topics])
        client.close()

    def poison(self, topic: str, key: str) -> None:
        """Put what is no event on a topic."""
        producer = KafkaProducer(bootstrap_servers=self.kafka)
        producer.send(self.prefix + topic, key=key.encode(), value=b'{"poison": true}').get(timeout=30)
        producer.close()

    # -- commands ----------------------------------------------------------------------------------------------

    def note(self, what: str, **values: Any) -> None:
        """A line of the ledger."""
        self.lines.append({"what": what, "at": len(self.lines) + 1, **values})

    def check(self) -> list[str]:
        """What the account finds, and what each service's own `verify` does."""
        kept = ledger.read(json.dumps(line) + "\n" for line in self.lines)
        # No relay runs while a topic is made anew here: the strict order holds.
        found: dict[str, Any] = {**stores.read(self._where()), "anew": {}}
        made = expected.of(kept, [*found["users"]["events"], *found["friends"]["events"]])
        for messages in found["kafka"].values():
            messages[:] = [one for one in messages if one["value"] != {"poison": True}]
        wrong = [f"{one.kind} {one.stream}: {one.what}" for one in checks.all_of(kept, made, found)]
        return wrong + [said for name in SERVICES if (said := self.tell(name, "manage", command=["verify"]))]

    def _where(self) -> Mapping[str, Any]:
        return {
            "databases": {name: service.url for name, service in self.services.items()},
            "kafka": self.kafka,
            "graph": self.graph,
            "topics": {topic: self.prefix + topic for topic in OWNERS},
        }

    def end(self) -> None:
        """Stop everything."""
        for service in self.services.values():
            service.end()
