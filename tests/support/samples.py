"""The golden samples as what tests hand to the code: messages and stored events."""

from eventsourcing import envelope, samples
from eventsourcing.consumer import Message
from eventsourcing.event import Event
from eventsourcing.samples import Sample


def of_topics(*topics: str) -> list[Sample]:
    """The samples that a consumer of these topics meets. There must be some."""
    found = [sample for sample in samples.all_samples() if sample.topic in topics]
    assert {sample.topic for sample in found} == set(topics)
    return found


def message(sample: Sample, offset: int = 0) -> Message:
    """The sample as a consumer's handler gets it."""
    return Message(
        topic=sample.topic,
        partition=0,
        offset=offset,
        key=sample.key.decode(),
        value=sample.value,
        envelope=envelope.from_json(sample.value),
    )


def event(sample: Sample) -> Event:
    """The event that was stored when the sample was sent."""
    return envelope.to_event(envelope.from_json(sample.value), position=1)
