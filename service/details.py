"""What every service with a database tells in the details of its health."""

import time

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrations() -> list[str]:
    """Those of the schema that are not applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def heartbeats() -> dict[str, float]:
    """Of the workers that share this service's run folder, how long ago each last went round, in seconds."""
    files = sorted(settings.RUN_DIR.glob("*.heartbeat"))
    return {file.stem: round(time.time() - file.stat().st_mtime, 3) for file in files}
