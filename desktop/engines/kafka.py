"""Apache Kafka from its Maven jars: one node, broker and KRaft controller in one process."""

import base64
import re
import shutil
import uuid
from pathlib import Path

from desktop.engines import broker, java
from desktop.engines.jars import Jars
from desktop.engines.server import Launch, Notice, Server, silent

VERSION = "4.3.1"
HEAP = 384
OPTIONS = (
    # The first compiler only: a start costs a third less, and Python's clients are slower than the broker either way.
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
    # One line about each of the fifty partitions of the offsets topic is of use to nobody.
    "-Dorg.slf4j.simpleLogger.log.kafka.log=warn",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.storage=warn",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.coordinator.group=warn",
)


class Kafka(Server):
    """A Kafka broker. `name` may say more, `port` is the clients'; the controller has a port of its own."""

    name = "Apache Kafka"
    folder = "kafka"

    def __init__(
        self, data: Path, *, port: int | None = None, log: Path, cache: Path, notice: Notice = silent
    ) -> None:
        super().__init__(data, port=port, log=log, cache=cache, notice=notice)
        self._jars = Jars("kafka", f"Apache Kafka {VERSION}", cache)

    def prepare(self) -> None:
        self._jars.fetch(self.notice, self.check_abandoned)

    def launch(self) -> Launch:
        if not self._logs.exists():
            self._format()
        self._configure(self._logs)
        return self._java("kafka.Kafka", str(self._configuration))

    def answers(self) -> bool:
        return self.port is not None and broker.brokers(self.port) > 0

    def environment(self) -> dict[str, str]:
        return {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.port}"}

    def version(self) -> str:
        """What the broker wrote about itself when it came up."""
        told = [found[1] for line in self.lines() if (found := re.search(r"Kafka version: (\S+)", line))]
        return told[-1] if told else "of unknown version"

    @property
    def _configuration(self) -> Path:
        return self.data / "server.properties"

    @property
    def _logs(self) -> Path:
        return self.data / "logs"

    def _configure(self, logs: Path) -> None:
        controller = self.other_port("controller")
        java.properties(
            self._configuration,
            {
                "process.roles": "broker,controller",
                "node.id": "1",
                "controller.quorum.voters": f"1@127.0.0.1:{controller}",
                "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
                "controller.listener.names": "CONTROLLER",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "log.dirs": str(logs),
                # Topics are made by their owners' command only, with the partitions and retention they need.
                "auto.create.topics.enable": "false",
                "delete.topic.enable": "true",
                "offsets.topic.replication.factor": "1",
                "offsets.topic.num.partitions": "3",
                "transaction.state.log.replication.factor": "1",
                "transaction.state.log.min.isr": "1",
                "transaction.state.log.num.partitions": "3",
                "share.coordinator.state.topic.replication.factor": "1",
                "share.coordinator.state.topic.min.isr": "1",
                "group.initial.rebalance.delay.ms": "0",
                "num.network.threads": "2",
                "num.io.threads": "4",
                "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
            },
        )

    def _format(self) -> None:
        """Kafka's own preparation of a log folder, whole or not at all."""
        draft = self.data / "logs.draft"
        shutil.rmtree(draft, ignore_errors=True)
        self._configure(draft)
        self.run(
            self._java(
                "kafka.tools.StorageTool", "format", "--cluster-id", _uuid(), "--config", str(self._configuration)
            )
        )
        draft.replace(self._logs)

    def _java(self, main: str, *arguments: str) -> Launch:
        class_path = self._jars.class_path()
        return java.launch(
            self.data, heap=HEAP, class_path=class_path, main=main, options=OPTIONS, arguments=arguments
        )


def _uuid() -> str:
    """A cluster's id as Kafka writes one: a UUID in 22 characters, never with a leading dash."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
