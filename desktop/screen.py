"""What a person sees: progress while the system starts, then one screen that says where everything is."""

import sys
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from desktop import status
from desktop.services import DOMAIN, REGISTRY

COLOURS = {status.UP: "green", status.DOWN: "red", status.STARTING: "yellow"}
# Wide enough for an address and a sentence: what reads our output, other than a terminal, wraps nothing.
WIDTH_OF_A_FILE = 160


class Screen:
    """Standard output. A terminal that was closed takes nothing more, and that must not keep a stop from ending."""

    def __init__(self) -> None:
        self.console = Console(
            width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE, highlight=False, soft_wrap=not sys.stdout.isatty()
        )
        self._begun = time.monotonic()
        self._lock = threading.Lock()

    def notice(self, text: str) -> None:
        """A line of progress, with the seconds since the beginning."""
        self.show(f"[dim]{time.monotonic() - self._begun:6.1f} s[/]  {escape(text)}")

    def show(self, renderable: object) -> None:
        """Prints a renderable of rich, or text with its markup."""
        with self._lock:
            try:
                self.console.print(renderable)
                self.console.file.flush()
            except OSError:
                self.console.quiet = True


def services(found: status.Status) -> Table:
    """Each service with its address and its state."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for title in ("Service", "Address", "State", "Processes", "To look at"):
        table.add_column(title, no_wrap=title not in ("Processes", "To look at"))
    for name, service in reversed(found.services.items()):
        processes = ", ".join(
            f"{process} [dim]{state.pid}[/]" if state.pid and state.fresh else f"[red]{process} (not at work)[/]"
            for process, state in service.processes.items()
        )
        colour = COLOURS[service.state]
        told = f"[yellow]{escape('; '.join(service.notes))}[/]"
        table.add_row(f"[bold]{name}[/]", service.url, f"[{colour}]{service.state}[/]", processes, told)
    return table


def engines(found: status.Status) -> str:
    """The engines that run here, with version and port."""
    told = [
        f"{name} {engine.version} on port {engine.port}"
        + (f" (browser: http://127.0.0.1:{engine.browser})" if engine.browser else "")
        + ("" if engine.pid else " [red](does not run)[/]")
        for name, engine in found.engines.items()
    ]
    return ", ".join(told) or "all from the environment"


def overview(found: status.Status, password: str, *, detached: bool) -> list[object]:
    """The whole screen after a start: services, admin, engines, what to try next."""
    admins = "  ".join(f"{found.services[service.name].url}/admin/" for service in (*DOMAIN, REGISTRY))
    create = """-H 'Content-Type: application/json' -d '{"firstName": "Ada", "lastName": "Lovelace"}'"""
    stop = "./manage.py down stops everything." if detached else "Ctrl-C stops everything."
    return [
        "",
        services(found),
        "",
        f"[dim]Gateway[/]  [bold]{found.gateway}[/]",
        f"[dim]Admin[/]    {admins}",
        f"         login [bold]admin[/], password [bold]{escape(password)}[/]",
        f"[dim]Engines[/]  {engines(found)}",
        f"[dim]Metrics[/]  prometheus --config.file={escape(str(found.data / 'metrics' / 'prometheus.yml'))}",
        f"[dim]Data[/]     {escape(str(found.data))} (logs in {escape(str(found.data / 'logs'))})",
        "",
        "[dim]Try next[/]",
        escape(f"  curl -X POST {found.gateway}/user/v1/users {create}"),
        f"  curl {found.gateway}/user/v1/users/1",
        "  make demo       people, friends and recommendations of Les Misérables",
        "",
        f"{stop} The data stay.",
    ]


def short(data: Path) -> str:
    """A folder as a person would name it: below the current one without its whole path."""
    try:
        return str(data.relative_to(Path.cwd()))
    except ValueError:
        return str(data)
