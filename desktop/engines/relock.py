"""Makes the lock files anew: `./manage.py python -m desktop.engines.relock`. Needed when a version here changes.

jgo resolves each set of artifacts against Maven Central, and every jar is fetched once for its checksum.
"""

import sys
import tempfile
from pathlib import Path

from jgo.env import LockFile
from jgo.maven import MavenContext, PythonResolver
from jgo.parse import Coordinate

from desktop.engines.jars import LOCKS

KAFKA, NEO4J = "4.3.1", "5.26.30"
ARTIFACTS = {
    # kafka.Kafka and kafka.tools.StorageTool are both in the first; the second writes what they log.
    "kafka": (f"org.apache.kafka:kafka_2.13:{KAFKA}", "org.slf4j:slf4j-simple:1.7.36"),
    # The browser's last version on Maven Central serves every 5.x.
    "neo4j": (
        f"org.neo4j:neo4j:{NEO4J}",
        f"org.neo4j.app:neo4j-server:{NEO4J}",
        "org.neo4j.client:neo4j-browser:5.24.0",
    ),
}


def relock(name: str, repository: Path) -> None:
    """Writes the lock file of one engine; jars that are already in `repository` are not fetched again."""
    context = MavenContext(resolver=PythonResolver(), repo_cache=repository, local_repos=[], timeout=60)
    wanted = [context.create_dependency(Coordinate.parse(text), exclusions=[]) for text in ARTIFACTS[name]]
    given, others = context.resolver.resolve(wanted)
    needed = [*given, *(one for one in others if one.scope in ("compile", "runtime"))]
    jars = [one for one in needed if one.artifact.packaging == "jar"]
    LockFile.from_resolved_dependencies(jars, environment_name=name).save(LOCKS / f"{name}.lock.toml")
    print(f"{name}: {len(jars)} jars")


def main() -> None:
    """All lock files, or those named on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or ARTIFACTS:
            relock(name, Path(folder))


if __name__ == "__main__":
    main()
