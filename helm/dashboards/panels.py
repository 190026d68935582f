"""What a dashboard is made of: rows of panels, panels of queries."""

from dataclasses import dataclass
from typing import Literal

# What Grafana makes of the width of the screen and the interval of scrapes.
RATE = "$__rate_interval"


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """PromQL, and how Grafana names each series of its answer (`{{label}}` is replaced)."""

    expr: str
    legend: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """A picture: `meaning` is shown where one points at its title; `unit` by Grafana's names; `width` of 24.

    kind: `timeseries`, `stat` (a number, with its line behind it), or `heatmap` (of a histogram's buckets).
    """

    title: str
    meaning: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Literal["timeseries", "stat", "heatmap"] = "timeseries"
    width: int = 8
    stacked: bool = False
    most: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """What one chooses above the panels: a label's values, some of them or all."""

    name: str
    query: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Dashboard:
    """One page. `name` is its file and, with a prefix, its id: links to it stay."""

    name: str
    title: str
    meaning: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()


def rate(counter: str, *by: str, chosen: str = "", factor: int = 1) -> str:
    """How fast a counter grows, a second (a minute: factor 60), summed up by labels."""
    grouped = f"sum by ({', '.join(by)})" if by else "sum"
    times = f" * {factor}" if factor != 1 else ""
    return f"{grouped} (rate({counter}{_selector(chosen)}[{RATE}])){times}"


def largest(gauge: str, *by: str, chosen: str = "") -> str:
    """The largest of a gauge: of what several processes might say, or of the one that says it."""
    grouped = f"max by ({', '.join(by)})" if by else "max"
    return f"{grouped} ({gauge}{_selector(chosen)})"


def quantiles(histogram: str, *by: str, chosen: str = "") -> tuple[Query, ...]:
    """Median, 95th and 99th percentile, of each combination of labels."""
    named = " ".join(f"{{{{{label}}}}}" for label in by)
    return tuple(
        Query(
            expr=f"histogram_quantile({share}, {rate(f'{histogram}_bucket', 'le', *by, chosen=chosen)})",
            legend=f"{named} {name}".strip(),
        )
        for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    )


def share(part: str, whole: str) -> str:
    """Part of the whole; 0, not nothing, where there is no part: a series that never was has no number."""
    return f"({part} or {whole} * 0) / {whole}"


def query(expr: str, legend: str = "__auto") -> tuple[Query, ...]:
    """A panel's only query."""
    return (Query(expr=expr, legend=legend),)


def _selector(chosen: str) -> str:
    return f"{{{chosen}}}" if chosen else ""
