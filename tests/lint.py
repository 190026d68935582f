"""All checks that need no running system: `make lint`; `--fix` formats and mends what can be mended.

Every check runs, also after one has failed, a few at a time; what failed is shown whole, then one line for each.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from desktop.bootstrap import BASE
from desktop.services import SERVICES

# A check starts with what production sets; `check --deploy` would rightly complain about a developer's settings.
PRODUCTION = {
    "TLS": "1",
    "SECRET_KEY": "".join(chr(33 + place % 90) for place in range(0, 6400, 97)),
    "ALLOWED_HOSTS": "social.example",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
    "REGISTRY_URL": "",
}
SHARED = ("config", "service")
# What belongs to no single service is checked once, with the settings of this one.
FIRST = "users"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A command by the name it has in the summary; `environment` is added to our own."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """How a check ended, what it said, and how many seconds it took."""

    name: str
    passed: bool
    output: str
    seconds: float


def tool(name: str) -> str:
    """A command of the environment that this runs in, whether or not that is on the path."""
    return str(Path(sys.executable).parent / name)


def typed(service: str) -> list[str]:
    """What is type-checked with a service's settings: Django's plugin knows the models of one project at a time."""
    others = {other.name for other in SERVICES if other.name != service}
    kinds = [folder for folder in sorted((BASE / "tests").iterdir()) if folder.is_dir()]
    own = [folder for kind in kinds for folder in (kind / service,) if folder.is_dir()]
    chosen = [BASE / service, *(BASE / name for name in SHARED), *own]
    if service == FIRST:
        rest = [path for kind in kinds for path in _sources(kind) if path.name not in others]
        loose = [
            *(BASE / "tests").glob("*.py"),
            BASE / "manage.py",
            BASE / "eventsourcing",
            BASE / "desktop",
            BASE / "bench",
            BASE / "docker",
            BASE / "helm",
            BASE / "chaos",
            BASE / "simulation",
        ]
        chosen = [*chosen, *rest, *loose]
    return sorted({str(path.relative_to(BASE)) for path in chosen if path.exists()})


def _sources(kind: Path) -> list[Path]:
    return [path for path in kind.iterdir() if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))]


def checks() -> list[Check]:
    """All of them; the slowest first, so that they do not end last."""
    found = [
        Check(
            name=f"types {service.name}",
            command=[tool("mypy"), "--strict", "--cache-dir", f".mypy_cache/{service.name}", *typed(service.name)],
            environment={"DJANGO_SETTINGS_MODULE": f"{service.name}.settings", "MYPYPATH": "."},
        )
        for service in SERVICES
    ]
    found += [
        Check(name="format", command=[tool("ruff"), "format", "--check", "."]),
        Check(name="lint", command=[tool("ruff"), "check", "."]),
        Check(name="imports", command=[tool("lint-imports")]),
        Check(name="locks", command=[sys.executable, "docker/lock.py", "--check"]),
        Check(name="Dockerfile", command=[tool("hadolint"), "docker/Dockerfile"]),
    ]
    for service in SERVICES:
        manage = [sys.executable, "manage.py", service.name]
        deploy = [*manage, "check", "--deploy", "--fail-level", "WARNING"]
        found.append(Check(name=f"deployment {service.name}", command=deploy, environment=PRODUCTION))
        if service.database:
            # Without a database: the comparison is of models and files, and the history is checked where it is used.
            command = [
                sys.executable,
                "-W",
                "ignore::RuntimeWarning",
                *manage[1:],
                "makemigrations",
                "--check",
                "--dry-run",
            ]
            found.append(Check(name=f"migrations {service.name}", command=command, environment=PRODUCTION))
    return found


def run(check: Check) -> Result:
    """Runs one check to its end."""
    begun = time.monotonic()
    answer = subprocess.run(
        check.command,
        cwd=BASE,
        env=os.environ | check.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - begun
    return Result(name=check.name, passed=answer.returncode == 0, output=answer.stdout, seconds=seconds)


def say(text: str = "") -> None:
    """A line of the report."""
    sys.stdout.write(f"{text}\n")


def report(results: Sequence[Result]) -> int:
    """Shows what failed, then a line for each check and one for all; the exit code."""
    failed = [result for result in results if not result.passed]
    for result in failed:
        say(f"\n── {result.name} ──\n{result.output.strip()}")
    say()
    for result in results:
        say(f"{'ok    ' if result.passed else 'FAILED'} {result.name:<28} {result.seconds:5.1f} s")
    names = ", ".join(result.name for result in failed)
    say(f"{len(failed)} of {len(results)} checks failed: {names}" if failed else f"All {len(results)} checks passed")
    return 1 if failed else 0


def fix() -> int:
    """Formats, and mends what ruff can mend."""
    mended = [run(Check(name="", command=[tool("ruff"), *words, "."])) for words in (["check", "--fix"], ["format"])]
    say("".join(result.output for result in mended))
    return 0 if all(result.passed for result in mended) else 1


def main(arguments: Sequence[str]) -> int:
    """All checks, or with `--fix` the mending."""
    if list(arguments) == ["--fix"]:
        return fix()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return report(list(pool.map(run, checks())))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
