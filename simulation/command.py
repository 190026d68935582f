"""The command line of the simulation. Nothing of locust is loaded before it is known that a gateway answers."""

import argparse
import http.client
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from simulation.population import Impossible, Step, plan

DEFAULT_HOST = "http://127.0.0.1:9000"
TOKEN = "SIMULATION_TOKEN"  # noqa: S105 -- the name of a variable, not a token
INTERRUPTED = 130
TRUST_SECONDS = 5.0


class Unanswered(Exception):
    """No gateway where one was said to be: a sentence."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(
        prog="./manage.py simulate",
        description="People arrive, befriend by preferential attachment, look around and follow recommendations.",
    )
    whole.add_argument(
        "--host", default=DEFAULT_HOST, help=f"the gateway (that of the running system, else {DEFAULT_HOST})"
    )
    whole.add_argument("--users", type=int, default=600, help="how many people arrive (600)")
    whole.add_argument("--ties", type=int, default=2000, help="how many friendships they make (2000)")
    whole.add_argument("--clients", type=_positive, default=8, help="how many requests are under way at once (8)")
    whole.add_argument("--reads", type=int, default=3, help="looks for each arrival and each friendship (3)")
    whole.add_argument("--follow", type=float, default=0.1, help="share of recommendations that are followed (0.1)")
    whole.add_argument("--seed", type=int, default=1, help="the same seed makes the same people and friendships (1)")
    whole.add_argument("--seconds", type=float, help="an end before that of the plan")
    whole.add_argument("--report", type=Path, default=Path("load.html"), help="the page with charts (load.html)")
    whole.add_argument("--token-file", type=Path, help=f"a bearer token, where the gateway wants one (or {TOKEN})")
    return whole


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more.")
    return number


def main(arguments: Sequence[str]) -> int:
    """Runs it; 0 where everything was answered as it should be, 1 where not, 130 where it was stopped."""
    chosen = parser().parse_args(arguments)
    try:
        steps = plan(chosen.users, chosen.ties, chosen.seed)
        headers = _headers(chosen.token_file)
        check(chosen.host, headers)
    except (Impossible, Unanswered) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return _simulate(chosen, steps, headers)


def _headers(token_file: Path | None) -> dict[str, str]:
    try:
        token = token_file.read_text("utf-8").strip() if token_file else os.environ.get(TOKEN, "")
    except OSError as error:
        raise Unanswered(f"No token can be read from {token_file}: {error.strerror}.") from None
    return {"Authorization": f"Bearer {token}"} if token else {}


def check(host: str, headers: dict[str, str]) -> None:
    """Whether a gateway answers there that lets us in. Raises Unanswered."""
    if urlsplit(host).scheme not in ("http", "https") or not urlsplit(host).hostname:
        raise Unanswered(f"{host!r} is no address: --host http://name:port")
    request = Request(f"{host.rstrip('/')}/friend/v1/users/1/friends", headers=headers)  # noqa: S310 -- http, see above
    try:
        with urlopen(request, timeout=TRUST_SECONDS) as answer:  # noqa: S310
            answer.read()
    except HTTPError as error:
        _explain(host, error)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Unanswered(
            f"No gateway answers at {host} ({reason}). `make up` starts the system on this machine; "
            "--host names another gateway."
        ) from None


def _explain(host: str, error: HTTPError) -> None:
    with error:
        if error.code in (401, 403):
            raise Unanswered(f"The gateway at {host} wants a token ({error.code}): --token-file FILE, or {TOKEN}.")
        if error.code >= 500:
            raise Unanswered(f"The gateway at {host} answers {error.code}: its services are not up (yet).")
        if error.code == 404 and "json" not in error.headers.get("Content-Type", ""):
            raise Unanswered(f"What answers at {host} is not a gateway of this system.")


def _simulate(chosen: argparse.Namespace, steps: Sequence[Step], headers: dict[str, str]) -> int:
    from simulation import report
    from simulation.run import Settings, World, run
    from simulation.screen import Screen, summary

    interrupted = _on_interrupt()
    settings = Settings(
        host=chosen.host.rstrip("/"), clients=chosen.clients, reads=chosen.reads, follow=chosen.follow,
        seed=chosen.seed, headers=headers, seconds=chosen.seconds,
    )  # fmt: skip
    world, screen, date = World(settings, steps), Screen(), time.time()
    screen.console.print(
        f"{chosen.users} people and {chosen.ties} ties, seed {chosen.seed}, {chosen.clients} clients, "
        f"by {settings.host}",
        soft_wrap=True,
    )
    over = run(world, screen.show, lambda: bool(interrupted))
    seconds = world.elapsed()
    screen.end()
    told = report.told(world, seconds, over)
    screen.console.print(told, soft_wrap=True)
    screen.console.print(summary(world.measures, seconds))
    for name, kind in world.measures.kinds.items():
        for error, count in kind.errors.most_common(3):
            screen.console.print(f"{count} × {name}: {error}", soft_wrap=True, markup=False)
    chosen.report.write_text(report.page(world, seconds, date, told), "utf-8")
    screen.console.print(f"Report: {chosen.report.resolve()}", soft_wrap=True)
    return INTERRUPTED if interrupted else int(world.measures.errors > 0 or world.measures.unseen > 0)


def _on_interrupt() -> list[int]:
    """Ctrl-C and SIGTERM (a Job that is deleted) end the run, not the process; the second one does."""
    heard: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, note)
    return heard
