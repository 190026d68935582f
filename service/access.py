"""Who may do what: the one place that says no."""

from service import context
from service.problems import Problem

ADMIN = "admin"


def require(scope: str) -> None:
    """Raises Problem 403 where who asks lacks the scope.

    Where authentication is off, nobody says who they are, and everybody may.
    """
    scopes = context.current().scopes
    if scopes is not None and scope not in scopes:
        raise Problem(403, f"This needs the scope {scope}.")
