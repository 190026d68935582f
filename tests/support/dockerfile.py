"""What docker/Dockerfile says, read as text: targets, what each copies, its environment and command."""

import json
import re
import shlex
from dataclasses import dataclass, field

from desktop.bootstrap import BASE

FILE = BASE / "docker" / "Dockerfile"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One stage with all that it has from the stages that it is built on."""

    environment: dict[str, str] = field(default_factory=dict)
    copied: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    user: str = ""


def instructions() -> list[tuple[str, str]]:
    """(instruction, rest) of each, with continued lines joined and comments left out."""
    lines = [line for line in FILE.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    parted = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, " ".join(rest.split())) for name, _, rest in parted]


def stages() -> dict[str, Stage]:
    """By name, every stage of the file."""
    found: dict[str, Stage] = {}
    name = ""
    for instruction, rest in instructions():
        if instruction == "FROM":
            below, _, name = rest.partition(" AS ")
            found[name] = _on(found.get(below, Stage()))
        elif name:
            found[name] = _with(found[name], instruction, rest)
    return found


def _on(below: Stage) -> Stage:
    return _with(below, "", "")


def _with(stage: Stage, instruction: str, rest: str) -> Stage:
    environment, copied = dict(stage.environment), list(stage.copied)
    if instruction == "ENV":
        environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
    if instruction == "COPY":
        copied += [word.removeprefix("/app/") for word in rest.split()[:-1] if not word.startswith("--")]
    return Stage(
        environment=environment,
        copied=copied,
        command=json.loads(rest) if instruction == "CMD" else stage.command,
        entrypoint=json.loads(rest) if instruction == "ENTRYPOINT" else stage.entrypoint,
        user=rest if instruction == "USER" else stage.user,
    )
