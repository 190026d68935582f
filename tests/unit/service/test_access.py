"""Who may do what."""

import pytest

from service import access, context
from service.context import RequestContext
from service.problems import Problem


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [(None, True), (frozenset(), False), (frozenset({"other"}), False), (frozenset({"admin", "other"}), True)],
)
def test_a_scope_is_needed_where_people_say_who_they_are(scopes: frozenset[str] | None, allowed: bool) -> None:
    context.begin(RequestContext(scopes=scopes))
    try:
        if allowed:
            access.require(access.ADMIN)
        else:
            with pytest.raises(Problem) as refused:
                access.require(access.ADMIN)
            assert refused.value.status == 403
    finally:
        context.begin(RequestContext())
