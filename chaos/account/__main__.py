"""Makes the account of a chaos run: `./manage.py python chaos/account/__main__.py FOLDER [--again]`.

Reads FOLDER/ledger.jsonl, FOLDER/kills.jsonl and, at the addresses in FOLDER/where.json, every store; keeps what it
read in FOLDER/stores.json. `--again` goes by that file, when the stores are not up any more. Exit code 1: something
is lost, doubled or wrong.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from chaos.account import checks, ledger, report, stores, world


def main(arguments: Sequence[str]) -> int:
    """The account of the folder that is named; its exit code."""
    folder = Path(arguments[0])
    with (folder / "ledger.jsonl").open(encoding="utf-8") as file:
        kept = ledger.read(file)
    found = _load(folder) if "--again" in arguments else _read(folder)
    made = world.of(kept, [*found["users"]["events"], *found["friends"]["events"]])
    found["anew"] = _made_anew(folder)
    if "answers" not in found:
        _ask(folder, made, found)
    findings = list(checks.all_of(kept, made, found))
    sys.stdout.write("\n".join(report.lines(kept, made, found, findings)) + "\n")
    return 1 if findings else 0


def _read(folder: Path) -> dict[str, Any]:
    return stores.read(json.loads((folder / "where.json").read_text()))


def _ask(folder: Path, made: world.World, found: dict[str, Any]) -> None:
    """Ask the gateway too, of a sample that follows from the ledger; then keep all of it."""
    where = json.loads((folder / "where.json").read_text())
    people, pairs = checks.sample(made, where["seed"])
    found["answers"] = stores.answers(where["gateway"], people, pairs)
    (folder / "stores.json").write_text(json.dumps(found, default=str))


def _made_anew(folder: Path) -> dict[str, int]:
    """How often each topic was deleted and made again during the run. One whose deletion has failed counts: Kafka may
    have done it all the same."""
    notes = folder / "kills.jsonl"
    hits = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
    struck = (hit["target"] for hit in hits if hit["how"] == "made anew" and hit["struck"])
    return dict(Counter(target.removeprefix("topic ") for target in struck))


def _load(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "stores.json").read_text())
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
