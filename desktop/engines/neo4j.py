"""Neo4j Community from its Maven jars, with its browser."""

import hashlib
import secrets
from pathlib import Path

from desktop.engines import java
from desktop.engines.graph import Graph
from desktop.engines.jars import Jars
from desktop.engines.server import Launch, Notice, silent

VERSION = "5.26"
HEAP, PAGES = 512, 128
BROWSER_PORT = 7474
ROUNDS = 1024
# What Neo4j's own start script gives.
OPTIONS = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Djdk.nio.maxCachedBufferSize=1024",
    "-Dlog4j2.disable.jmx=true",
    "--sun-misc-unsafe-memory-access=allow",
)


class Neo4j(Graph):
    """Neo4j on 127.0.0.1; `http_port` is its browser's."""

    name = "Neo4j"
    folder = "neo4j"
    user = "neo4j"

    def __init__(
        self, data: Path, *, port: int | None = None, log: Path, cache: Path, notice: Notice = silent
    ) -> None:
        super().__init__(data, port=port, log=log, cache=cache, notice=notice)
        self._jars = Jars("neo4j", f"Neo4j {VERSION}", cache)
        self.http_port: int | None = None

    def prepare(self) -> None:
        self._jars.fetch(self.notice, self.check_abandoned)
        users = self.data / "data" / "dbms" / "auth.ini"
        if not users.exists():
            users.parent.mkdir(parents=True, exist_ok=True)
            users.touch(mode=0o600)
            users.write_text(f"{self.user}:{credential(self.password)}:\n")

    def launch(self) -> Launch:
        self.http_port = self.other_port("http", BROWSER_PORT)
        self._configure()
        return java.launch(
            self.data,
            heap=HEAP,
            class_path=self._jars.class_path(),
            main="org.neo4j.server.CommunityEntryPoint",
            options=OPTIONS,
            # In console mode what it says goes to our log too.
            arguments=[f"--home-dir={self.data}", f"--config-dir={self.data / 'conf'}", "--console-mode"],
        )

    def settle(self) -> None:
        self.notice(f"Neo4j's browser: http://127.0.0.1:{self.http_port} (its password: {self.data / 'password'})")

    def _configure(self) -> None:
        (self.data / "conf").mkdir(exist_ok=True)
        java.properties(
            self.data / "conf" / "neo4j.conf",
            {
                "server.default_listen_address": "127.0.0.1",
                "server.bolt.listen_address": f"127.0.0.1:{self.port}",
                "server.bolt.advertised_address": f"127.0.0.1:{self.port}",
                "server.http.listen_address": f"127.0.0.1:{self.http_port}",
                "server.http.advertised_address": f"127.0.0.1:{self.http_port}",
                "server.https.enabled": "false",
                "server.memory.heap.initial_size": f"{HEAP // 2}m",
                "server.memory.heap.max_size": f"{HEAP}m",
                "server.memory.pagecache.size": f"{PAGES}m",
                "db.tx_log.rotation.retention_policy": "100M size",
                # Otherwise each of the two databases takes 256 MB before the first node.
                "db.tx_log.preallocate": "false",
                "db.tx_log.rotation.size": "32m",
                "dbms.usage_report.enabled": "false",
                # Five seconds of waiting for clients that may still come, at each stop.
                "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
                "internal.dbms.bolt.netty_server_shutdown_timeout": "2s",
                "internal.server.bolt.thread_pool_shutdown_wait_time": "2s",
            },
        )


def credential(password: str, salt: bytes | None = None) -> str:
    """A password as Neo4j keeps it: what its `set-initial-password` writes, without a start of Java for it, and
    without the password among the arguments of a process.

    Source: org.neo4j.server.security.SystemGraphCredential and SecureHasher (SHA-256, 1,024 rounds, salt first).
    """
    salt = salt or secrets.token_bytes(32)
    digest = hashlib.sha256(salt + password.encode()).digest()
    for _ in range(ROUNDS - 1):
        digest = hashlib.sha256(digest).digest()
    return f"SHA-256,{digest.hex()},{salt.hex()},{ROUNDS}"
