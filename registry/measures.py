"""What the registry tells of its tables when it is scraped."""

import logging
from collections.abc import Iterator

from django.db import DatabaseError
from django.db.models import Count
from prometheus_client import Metric
from prometheus_client.registry import Collector

from registry.instance import STATUSES
from registry.metrics import LEASES, PRESERVING
from registry.models import Pulse
from registry.sources import live

logger = logging.getLogger(__name__)


class Leases(Collector):
    """Counts the leases when it is asked to."""

    def collect(self) -> Iterator[Metric]:
        """By status, and whether they are preserved; nothing while the database does not answer."""
        family, preserving = LEASES.gauge(), PRESERVING.gauge()
        try:
            found = dict(live().order_by().values_list("status").annotate(Count("id")))
            preserving.add_metric([], Pulse.objects.filter(preserving_since__isnull=False).count())
        except DatabaseError as error:
            logger.warning("The leases cannot be counted: %s", str(error).partition("\n")[0])
            return
        for status in sorted(STATUSES):
            family.add_metric([status], found.get(status, 0))
        yield from (family, preserving)

    def describe(self) -> list[Metric]:
        """Nothing, so that to be registered it need not count."""
        return []
