"""Golden samples: there is one of each event type and version, none was ever changed, and each can be read."""

import hashlib

import orjson
import pytest

from eventsourcing import envelope, samples, schema_registry
from eventsourcing.samples import Sample
from tests.support.samples import event

ALL = samples.all_samples()
EVERY = pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
SCHEMAS = list(schema_registry.published())


@pytest.fixture
def _every_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_registry, "_types", {})
    schema_registry.register(*schema_registry.load_published(*{schema["title"] for schema in SCHEMAS}))


def test_every_type_and_version_has_a_sample() -> None:
    shipped = {(schema["title"], schema["x-version"]) for schema in SCHEMAS}
    assert shipped
    assert {(sample.type, sample.version) for sample in ALL} == shipped


def test_no_sample_was_ever_changed() -> None:
    """`sha256sum -c SHA256SUMS` says the same. A new sample is a new line; no other may ever differ or go."""
    lines = samples.folder().joinpath("SHA256SUMS").read_text("utf-8").splitlines()
    kept = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {f"{one.name}.json": samples.folder().joinpath(f"{one.name}.json").read_bytes() for one in ALL}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in found.items()} == kept


def test_every_version_but_the_newest_has_an_upcaster() -> None:
    newest = {schema["title"]: schema["x-version"] for schema in SCHEMAS}
    types = schema_registry.load_published(*newest)
    assert [one for one in types if (one.upcast is None) != (one.version == newest[one.type])] == []


@pytest.mark.usefixtures("_every_type")
@EVERY
def test_a_sample_is_read(sample: Sample) -> None:
    found = envelope.from_json(sample.value)
    assert (found.event_type, found.schema_version) == (sample.type, sample.version)
    assert found.key.encode() == sample.key
    event_type = schema_registry.find(found.event_type, found.schema_version)
    assert event_type.topic == sample.topic
    assert set(found.personal) <= set(event_type.personal)
    gone = bool(found.erased)
    version, _ = schema_registry.read(found.event_type, found.schema_version, found.subject, erased=gone)
    assert version == (found.schema_version if gone else schema_registry.newest(sample.type).version)


@EVERY
def test_what_was_sent_then_is_sent_alike_now(sample: Sample) -> None:
    """Members may have been added since; none was renamed, dropped, or has another value."""
    now = orjson.loads(envelope.to_json(event(sample)))
    then = orjson.loads(sample.value)
    assert {name: now.get(name) for name in then} == then
    assert dict(envelope.headers(event(sample))).items() >= sample.headers.items()
