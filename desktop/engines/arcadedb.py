"""ArcadeDB from its wheel, in a process of its own, over Bolt."""

import re
from importlib.util import find_spec
from pathlib import Path

from desktop.engines import java
from desktop.engines.errors import EngineError
from desktop.engines.graph import Graph
from desktop.engines.server import Launch

HEAP = 384
DATABASE = "graph"


class ArcadeDB(Graph):
    """A graph database that answers as Neo4j does. Write in explicit transactions only."""

    name = "ArcadeDB"
    folder = "arcadedb"
    user = "root"

    def prepare(self) -> None:
        """Nothing is fetched, and the server makes its files itself."""
        _jars()

    def launch(self) -> Launch:
        # Both are made anew at each start: read by the server, not by whoever lists processes.
        secret = self.data / "root-password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        return java.launch(
            self.data,
            heap=HEAP,
            class_path=f"{_jars()}/*",
            main="com.arcadedb.server.ArcadeDBServer",
            options=[*OPTIONS, *(f"-Darcadedb.{name}={value}" for name, value in self._settings().items())],
        )

    def version(self) -> str:
        """Its own: as a component it names the version of Neo4j that it answers like."""
        with self.driver() as driver:
            agent = driver.get_server_info().agent
        found = re.search(r"ArcadeDB ([\w.]+)", agent)
        return found[1] if found else agent

    def _settings(self) -> dict[str, str]:
        return {
            "server.rootPath": str(self.data),
            "server.rootPasswordPath": str(self.data / "root-password"),
            "server.mode": "production",
            "server.name": "desktop",
            # With a user in the brackets root itself could not write.
            "server.defaultDatabases": f"{DATABASE}[]",
            "server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
            "server.httpIncomingHost": "127.0.0.1",
            "server.httpIncomingPort": str(self.other_port("http")),
            "server.logsDirectory": str(self.data / "log"),
            "bolt.host": "127.0.0.1",
            "bolt.port": str(self.port),
            "bolt.defaultDatabase": DATABASE,
            # A commit is on the disk when it is answered.
            "txWalFlush": "1",
            "serverMetrics": "false",
            "profile": "low-ram",
        }


OPTIONS = (
    "--add-modules=jdk.unsupported",
    "--add-exports=java.management/sun.management=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
    "--add-opens=java.base/java.nio.channels.spi=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Djava.util.logging.SimpleFormatter.format=%1$tFT%1$tT.%1$tL %4$s %5$s%6$s%n",
)


def installed() -> bool:
    """Whether its package is there."""
    return find_spec("arcadedb_embedded") is not None


def _jars() -> Path:
    """The folder of the wheel's jars; the package itself is not imported, it would load a JVM's bindings."""
    found = find_spec("arcadedb_embedded")
    if found is None or found.origin is None:
        raise EngineError("The package arcadedb-embedded is missing: pip install -r requirements-desktop.txt.")
    return Path(found.origin).parent / "jars"
