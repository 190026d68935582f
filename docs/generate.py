"""Writes the pages of the reference that follow from the code: `./manage.py python docs/generate.py`.

A test compares what stands in the repository with what this would write.
"""

import argparse
import importlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
BASE = DOCS.parent
if str(BASE) not in sys.path:
    sys.path.insert(0, str(BASE))

from docs import helm_values  # noqa: E402 -- found only by the path above
from helm import dashboards  # noqa: E402 -- as above

# The service whose apps have every command: its own, and those of the event core.
SETTINGS = "recommendations.settings"
MADE = "<!-- Made by docs/generate.py; change the code, not this page. -->"

SETTINGS_INTRO = """\
# Settings

Every variable that a service reads from its environment. [`config/environment.py`](../../config/environment.py) is
the only place that reads them; a variable that does not stand there cannot be read. In the desktop run
(`./manage.py up`) each service gets its own; they stand in `.data/run/<service>.env.json`.

| variable | default | meaning |
|---|---|---|
"""
DESKTOP_VARIABLES = """
## Of the desktop run only

| variable | meaning |
|---|---|
| `SOCIAL_NETWORK_CACHE` | Folder of what the engines are fetched into; unset: `$XDG_CACHE_HOME/social-network` or \
`~/.cache/social-network`. |
| `DATABASE_URL` | Set: no PostgreSQL is started. It names the server; its path is the beginning of the databases' \
names (`social` makes `social_users` and so on). |
| `KAFKA_BOOTSTRAP_SERVERS` | Set: no Kafka is started. |
| `NEO4J_BOLT_URL` | Set: no graph database is started. |
| `WEB_WORKERS` | Unset: half of the processors, from 1 to 4, for each service. |

Ports are options, not variables: `./manage.py up --port gateway=9001` ([commands](commands.md)).
"""
COMMANDS_INTRO = """\
# Commands

## The whole system

```text
{overview}```
"""
SERVICE_INTRO = """
## One service

`./manage.py SERVICE COMMAND` is Django's command line with that service's settings; besides those below, all of
Django's own commands are there (`migrate`, `shell`, `dbshell`, `createsuperuser` …). While the desktop system runs
they find its databases by themselves. Every command has `--help`.

Which processes run beside the web server of each service:

| service | registered as | port | processes |
|---|---|---|---|
"""
EVENTS_INTRO = """\
# Events

What the domain services publish on Kafka: the published language of the system, for whoever writes a consumer. The
schemas are the files in [`eventsourcing/schemas`](../../eventsourcing/schemas); a service checks each event against
its schema when it is written and again when it is read.

The same for programs: an [AsyncAPI 3.0 document](../../gateway/documents/asyncapi.json), which the gateway serves as
`GET /docs/asyncapi.json`. Golden samples, one message of each type and version that was ever shipped, with key and
headers, are in [`eventsourcing/schemas/samples`](../../eventsourcing/schemas/samples): let your consumer's tests read
them. They are never edited ([`SHA256SUMS`](../../eventsourcing/schemas/samples/SHA256SUMS)); what is new is added.
Without Kafka, the same events can be read over HTTP: [follow the feed](../how-to/follow-the-feed.md).

## The message

JSON, one event a message. The key is what stands behind the first `-` of the stream: `42` for `user-42`, `3-4` for
`friendship-3-4`.

"""
EVENTS_RULES = """
Headers: `event-id`, `event-type`, `schema-version`, `traceparent`, as the members.

## What a consumer can rely on

- **Order.** The events of one stream are in one partition and in order: `streamVersion` 1, 2, 3 … Across streams,
  partitions and topics there is none: the event of a friendship may come before those of its users.
- **Repeats.** Delivery is at least once. A repeat has the same `eventId`; after a crash of a relay, a takeover, a
  replay, or when a topic was made anew, repeats come behind newer events of their stream. Remember `eventId`s, or
  apply only what has a higher `streamVersion` than what you have.
- **Nothing is skipped.** What a service has answered with success is published, however late.
- **What stays.** `friend` keeps everything. `user` is compacted: the last event of each user stays, so that a new
  consumer gets the present users, but not how they came about.
- **Whole records.** The subject is the whole record after the event: the last event of a stream says all.
- **Personal data.** Members listed in `personal` are. Keep them apart: USER_DELETED says that those of all events of
  its stream are to be forgotten. Events of such a stream that are sent afterwards have null in their place, and say
  so by `erased`.

## How it grows

- Members may be added, to the envelope and to subjects, without a new version: ignore what you do not know. None is
  renamed, dropped, or given another type or meaning.
- What cannot be so becomes a new version of the type's schema, `schemaVersion` says which. A new type may come at any
  time: skip what you do not know, by the header `event-type`.
- Messages of old versions stay on Kafka. Our own readers bring them up by upcasters
  ([`eventsourcing/upcasters.py`](../../eventsourcing/upcasters.py)), one from each version to the next.
- To add a version here: the schema `schemas/<type>.v<n>.json`, an upcaster from the version before, a sample with its
  line in `SHA256SUMS`. Deploy the readers first, then who writes it. Tests fail where one is missing.

[Guarantees](../guarantees.md) says more, and names the tests.
"""

METRICS_INTRO = """\
# Metrics

Every process serves its metrics in Prometheus' text format at `/actuator/prometheus`: web servers at their own port,
the gateway at `METRICS_PORT` (never at the port that clients reach), relays, consumers and projectors there too
([how to scrape them](../how-to/scrape-metrics.md); [why each is measured where it is](\
../adr/0091-where-each-number-is-measured.md)).

Names and units are by [Prometheus' conventions](https://prometheus.io/docs/practices/naming/). A histogram has
`_bucket`, `_sum` and `_count`. No label has a value that a client can choose: no path, id, key, instance or name.
Counters begin anew when their process does; those of web workers go on when one worker follows another. Besides
these, processes that are no web servers have prometheus_client's own `python_info` and `process_*`.

Those of which a database is the source are measured by one process of the service and by no other; where none does,
they are missing, which is an alarm itself.
"""
# By how their names begin; the first that fits.
METRIC_SUBJECTS = {
    "The domain": ("social_",),
    "Commands and events": ("eventsourcing_", "friends_"),
    "Log and graph": ("recommendations_", "projector_"),
    "Gateway": ("gateway_",),
    "Registry": ("registry_", "service_"),
    "Requests to the services": ("django_", "web_"),
    "Processes": ("",),
}
DECLARES = re.compile(r"metrics\.(?:counter|gauge|histogram|declare)\(")

DECISIONS_INTRO = """\
# Decisions

What was chosen, what lost, and why. A decision that is replaced stays here and says by which one.
"""
DECISIONS_END = """
## How to write one

A file `NNNN-what-was-decided.md` with the title, `Status:` (accepted, or replaced by another), `## Context`,
`## Decision`, `## Alternatives` (those that lost, with the reason) and `## Consequences`. Short. Then
`./manage.py python docs/generate.py` puts it into this list.
"""
# By the first three digits of their numbers.
SUBJECTS = {
    "Events, projection, services": ("000", "001"),
    "Engines of the desktop run": ("002",),
    "Registry": ("003",),
    "Gateway": ("004",),
    "Security": tuple(f"011{digit}" for digit in range(5)),
    "Projector and graph": ("005",),
    "The desktop run": ("006",),
    "Tests": ("007", "0090"),
    "The event core under failure, and for others": ("008", "0092"),
    "Containers and Kubernetes": ("010",),
    "Operation": ("0091", *(f"009{digit}" for digit in range(3, 10)), "012"),
    "Documentation": ("0115", "0116", "0117", "0118", "0119"),
}


def settings_page() -> str:
    """The reference of settings, from the table that the code reads by."""
    from config.environment import SETTINGS as DECLARED

    rows = [f"| `{one.name}` | {_code(one.default)} | {_cell(one.meaning)} |" for one in DECLARED.values()]
    return f"{MADE}\n{SETTINGS_INTRO}" + "\n".join(rows) + "\n" + DESKTOP_VARIABLES


def commands_page() -> str:
    """The reference of commands: the desktop's from its parser, the services' from Django's command classes."""
    from desktop import cli
    from desktop.services import SERVICES

    # The program's own overview, without what argparse would wrap by the width of a terminal.
    page = f"{MADE}\n" + COMMANDS_INTRO.replace("{overview}", cli.parser().usage or "") + SERVICE_INTRO
    for service in SERVICES:
        name = _registered_name(service.name)
        page += f"| {service.name} | {_code(name)} | {service.port} | {', '.join(service.workers)} |\n"
    page += "\n### Every service\n" + "".join(_command("service", name) for name in _names("service"))
    page += "\n### users and friends (and every other event-sourced service)\n"
    page += "".join(_command("eventsourcing", name) for name in _names("eventsourcing"))
    page += "\n### recommendations\n\nBesides `consume`. Its `replay`, `rebuild` and `verify` are about the graph.\n"
    return page + "".join(_command("recommendations", name) for name in _names("recommendations"))


def events_page() -> str:
    """The reference of events, from their schemas and samples."""
    from eventsourcing import schema_registry

    envelope = schema_registry.envelope_schema()
    rows = [
        f"| `{name}` | {', '.join(_type(declared))} | {declared['description']} |\n"
        for name, declared in envelope["properties"].items()
    ]
    members = "| member | type | meaning |\n|---|---|---|\n" + "".join(rows)
    events = "".join(_event(schema) for schema in schema_registry.published())
    return f"{MADE}\n{EVENTS_INTRO}{members}{EVENTS_RULES}{events}"


def decisions_page() -> str:
    """The list of decisions, from their titles."""
    decisions = sorted((DOCS / "adr").glob("[0-9]*.md"))
    page = f"{MADE}\n{DECISIONS_INTRO}"
    for subject, numbers in SUBJECTS.items():
        rows = [_decision(path) for path in decisions if path.name.startswith(numbers)]
        page += f"\n## {subject}\n\n{''.join(rows)}" if rows else ""
    return page + DECISIONS_END


def _decision(path: Path) -> str:
    number, _, title = path.read_text("utf-8").partition("\n")[0].removeprefix("# ").partition(" ")
    return f"- {number} [{title}]({path.name})\n"


def load_metrics() -> None:
    """Import every module that declares metrics."""
    for path in sorted(BASE.glob("*/*.py")):
        if path.parent.name not in {"docs", "tests"} and DECLARES.search(path.read_text("utf-8")):
            importlib.import_module(f"{path.parent.name}.{path.stem}")


def metrics_page() -> str:
    """The reference of metrics, from their declarations."""
    from service import metrics

    load_metrics()
    left = metrics.all_declared()
    page = f"{MADE}\n{METRICS_INTRO}"
    for subject, beginnings in METRIC_SUBJECTS.items():
        chosen = [one for one in left if one.name.startswith(beginnings)]
        left = [one for one in left if one not in chosen]
        page += f"\n## {subject}\n\n| metric | kind | labels | meaning | measured by |\n|---|---|---|---|---|\n"
        for one in chosen:
            labels = ", ".join(f"`{label}`" for label in one.labels)
            page += f"| `{one.name}` | {one.kind} | {labels} | {_cell(one.meaning)} | {one.where} |\n"
    return page


def pages() -> dict[Path, str]:
    """Every generated page: its file and its text."""
    from docs import asyncapi
    from docs.openapi import document as openapi

    folder = DOCS / "reference"
    return {
        folder / "settings.md": settings_page(),
        folder / "commands.md": commands_page(),
        folder / "events.md": events_page(),
        folder / "helm-values.md": helm_values.page(MADE),
        folder / "metrics.md": metrics_page(),
        DOCS / "adr" / "README.md": decisions_page(),
        asyncapi.FILE: asyncapi.text(),
        **dashboards.files(),
        openapi.FILE: openapi.text(),
    }


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _registered_name(service: str) -> str:
    """The name in the registry, read from the settings' text: a process can load one service's settings only."""
    for line in (BASE / service / "settings.py").read_text().splitlines():
        if line.startswith("REGISTRY_NAME = "):
            return line.removeprefix("REGISTRY_NAME = ").strip('"')
    return ""


def _names(app: str) -> list[str]:
    folder = BASE / app / "management" / "commands"
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def _command(app: str, name: str) -> str:
    from django.core.management import load_command_class
    from django.core.management.base import CommandParser

    command = load_command_class(app, name)
    parser = CommandParser(add_help=False)
    command.add_arguments(parser)
    lines = [f"\n**`{name}`** {command.help}\n"]
    rows = [row for action in parser._actions for row in _rows(action)]
    if rows:
        lines += ["| argument | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _rows(action: argparse.Action, before: str = "") -> Iterator[str]:
    """The rows of an argument; of a choice among actions, those of each action."""
    if not isinstance(action, argparse._SubParsersAction):
        yield _argument(action, before)
        return
    told = {choice.dest: choice.help for choice in action._choices_actions}
    for name, parser in action.choices.items():
        yield f"| `{name}` | {_cell(told.get(name) or '')} |"
        for inner in parser._actions:
            if inner.dest != "help":
                yield from _rows(inner, f"{name} ")


def _argument(action: argparse.Action, before: str) -> str:
    name = action.option_strings[-1] if action.option_strings else str(action.metavar or f"[{action.dest}]")
    value = action.metavar or action.dest.upper() if action.option_strings and action.nargs != 0 else ""
    return f"| `{before}{f'{name} {value}'.strip()}` | {_cell(action.help or '')} |"


def _event(schema: Mapping[str, Any]) -> str:
    required, personal = schema.get("required", ()), schema.get("x-personal", ())
    name = f"{schema['title'].lower()}.v{schema['x-version']}"
    folder = "../../eventsourcing/schemas"
    text = (
        f"\n## {schema['title']}, version {schema['x-version']}\n\n{schema['description']}\n\n"
        f"- When: {schema['x-when']}\n- Topic: `{schema['x-topic']}`\n"
        f"- Personal members: {', '.join(f'`{one}`' for one in personal) or 'none'}\n"
        f"- [Schema of the subject]({folder}/{name}.json), [sample]({folder}/samples/{name}.json)\n\n"
        "| member of `subject` | type | |\n|---|---|---|\n"
    )
    return text + "".join(
        f"| `{name}` | {', '.join(_type(declared))} | {'; '.join(_remarks(name, declared, required, personal))} |\n"
        for name, declared in schema["properties"].items()
    )


def _type(declared: Mapping[str, Any]) -> Iterator[str]:
    if str(declared.get("pattern", "")).startswith("^\\d{4}-"):
        yield "time, as `2026-11-24T19:25:29.363+00:00`"
        return
    kind = declared["type"]
    yield declared.get("format") or (kind if isinstance(kind, str) else " or ".join(kind))
    if "minLength" in declared:
        yield f"{declared['minLength']} to {declared['maxLength']} characters"
    if "maximum" in declared:
        yield f"{declared['minimum']} to 2^{int(declared['maximum']).bit_length()} − 1"


def _remarks(name: str, declared: Mapping[str, Any], required: Any, personal: Any) -> Iterator[str]:
    if name not in required:
        yield "may be missing"
    if name in personal:
        yield "personal"
    if "description" in declared:
        yield str(declared["description"]).rstrip(".")


def main() -> None:
    """Write them."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    django.setup()
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
