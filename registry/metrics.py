"""What the registry counts. No app and no instance is a label: anybody may register by any name."""

from service import metrics

WHERE = "registry web"
LEASES = metrics.declare(
    "gauge",
    "registry_leases",
    "Leases that have not run out, by status. Registries share one table: take the largest of theirs, not the sum.",
    ["status"],
    where=f"{WHERE}, when scraped",
)
PRESERVING = metrics.declare(
    "gauge",
    "registry_preserving",
    "1: so many leases ran out together that nobody is evicted, and who ran out is given out again; 0: not so.",
    where=f"{WHERE}, when scraped",
)
RENEWALS = metrics.counter(
    "registry_renewals_total",
    "Renewals: `renewed`, or `unknown`: there is no such lease, its instance must register again.",
    ["result"],
    where=WHERE,
)
CHANGES = metrics.counter(
    "registry_changes_total",
    "Changes of leases: `ADDED` (registered), `MODIFIED`, `DELETED` (left, or ran out).",
    ["action"],
    where=WHERE,
)
EVICTIONS = metrics.counter("registry_evictions_total", "Leases that ran out.", where=WHERE)
