"""Metrics as Prometheus would read them."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.support.client import Client

PATH = "/actuator/prometheus"


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One series: name and labels, and its value when it was scraped."""

    name: str
    labels: dict[str, str]
    value: float

    @property
    def identity(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What it is, whatever its value."""
        return self.name, tuple(sorted(self.labels.items()))


@dataclass(frozen=True, slots=True)
class Scrape:
    """All that one address said at one moment."""

    series: tuple[Series, ...]

    def chosen(self, name: str, **labels: str) -> Iterator[Series]:
        """The series of that name with these labels, whatever the others."""
        for one in self.series:
            if one.name == name and labels.items() <= one.labels.items():
                yield one

    def total(self, name: str, **labels: str) -> float:
        """Their sum; 0 where there are none."""
        return sum(one.value for one in self.chosen(name, **labels))

    def one(self, name: str, **labels: str) -> float:
        """The value of the only one. Raises AssertionError where it is not the only one."""
        found = list(self.chosen(name, **labels))
        assert len(found) == 1, (name, labels, found)
        return found[0].value

    def by(self, label: str, name: str) -> dict[str, float]:
        """The values of a name's series by one of their labels."""
        return {one.labels[label]: one.value for one in self.chosen(name)}

    @property
    def identities(self) -> set[object]:
        """Which series there are."""
        return {one.identity for one in self.series}


def read(text: str) -> Scrape:
    """What an exporter answered. Raises ValueError where that is not Prometheus' text format; AssertionError where a
    series stands there twice."""
    found = tuple(
        Series(name=sample.name, labels=dict(sample.labels), value=sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    )
    scrape = Scrape(found)
    assert len(scrape.identities) == len(found), "a series is there twice"
    return scrape


def scrape(address: str) -> Scrape:
    """What the exporter at `host:port` says now."""
    answer = Client(f"http://{address}", timeout=20.0).get(PATH)
    assert answer.status == 200, (address, answer.status)
    return read(answer.body.decode())
