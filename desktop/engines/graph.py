"""What both graph databases have in common: they speak Bolt."""

from typing import TYPE_CHECKING

from desktop.engines import settings
from desktop.engines.errors import EngineError
from desktop.engines.server import Server

if TYPE_CHECKING:
    import neo4j

SECONDS = 5.0


class Graph(Server):
    """A graph database on 127.0.0.1 over Bolt."""

    user: str

    @property
    def password(self) -> str:
        """Of its only user."""
        return settings.password(self.data)

    def environment(self) -> dict[str, str]:
        return {"NEO4J_BOLT_URL": f"bolt://{self.user}:{self.password}@127.0.0.1:{self.port}"}

    def driver(self) -> "neo4j.Driver":
        """A driver to it; the caller closes it."""
        # The driver takes most of a second to import: while the engine starts, not while `status` wants to answer.
        import neo4j

        return neo4j.GraphDatabase.driver(
            f"bolt://127.0.0.1:{self.port}",
            auth=(self.user, self.password),
            connection_timeout=SECONDS,
            connection_acquisition_timeout=SECONDS,
            max_transaction_retry_time=0,
            telemetry_disabled=True,
        )

    def answers(self) -> bool:
        from neo4j.exceptions import AuthError, DriverError, Neo4jError

        with self.driver() as driver:
            try:
                driver.execute_query("RETURN 1")
            except AuthError as error:
                raise EngineError(
                    f"{self.name} does not take the password in {self.data / 'password'}: it is not the one that its "
                    "data were made with. Put the right one back, or begin anew with ./manage.py reset."
                ) from error
            except (DriverError, Neo4jError):
                return False
        return True

    def version(self) -> str:
        with self.driver() as driver:
            records, _, _ = driver.execute_query("CALL dbms.components() YIELD name, versions, edition")
        return str(records[0]["versions"][0])
