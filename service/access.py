"""Who may do what: the one place that says no.

Where authentication is off, nobody says who they are, and everybody may everything.
"""

from service import context
from service.problems import Problem

ADMIN = "admin"


def require(scope: str) -> None:
    """Raises Problem 403 where who asks lacks the scope."""
    scopes = context.current().scopes
    if scopes is not None and scope not in scopes:
        raise _refused(f"This needs the scope {scope}.", scope)


def require_user(*user_ids: int) -> None:
    """Raises Problem 403 where who asks is none of these users, and no admin.

    That one may do something at all does not say on whose behalf: the path names somebody, the token is somebody
    (https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/).
    """
    asking = context.current()
    if asking.scopes is None or ADMIN in asking.scopes:
        return
    if asking.actor not in {f"user:{user_id}" for user_id in user_ids}:
        raise _refused("This is for the user itself only.", ADMIN)


def _refused(detail: str, scope: str) -> Problem:
    """https://www.rfc-editor.org/rfc/rfc6750#section-3.1"""
    told = f'Bearer realm="social-network", error="insufficient_scope", scope="{scope}"'
    return Problem(403, detail, headers={"WWW-Authenticate": told})
