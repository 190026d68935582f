"""`./manage.py simulate`: the load simulation, against the gateway of the running system unless another is named."""

from desktop import status
from desktop.bootstrap import BASE
from simulation import command


def main(arguments: list[str]) -> int:
    """Runs it; its exit code."""
    named = any(argument.split("=")[0] == "--host" for argument in arguments)
    return command.main(arguments if named else ["--host", status.of(BASE / ".data").gateway, *arguments])
