"""What the admins of all services share: to look, not to touch; fast on tables of millions of rows."""

import json
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _ModelAdmin, _Paginator = admin.ModelAdmin, Paginator

MOST_COUNTED = 10_000
ESTIMATE = "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass"


class BoundedPaginator(_Paginator):
    """Counts no further than 10,000 rows: who looks for one beyond them filters or searches."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most MOST_COUNTED."""
        rows = cast("QuerySet[Any]", self.object_list)
        if not rows.query.where and _estimated(rows) > MOST_COUNTED:
            return MOST_COUNTED
        return rows.order_by()[:MOST_COUNTED].count()


def _estimated(rows: QuerySet[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(ESTIMATE, [f'"{rows.model._meta.db_table}"'])
        (number,) = cursor.fetchone()
    return int(number)


class ReadOnlyAdmin(_ModelAdmin):
    """Lists and pages without a way to change anything; no query of it reads a whole table."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    # Only the order that an index gives.
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes."""
        return False


def pretty(value: Any) -> SafeString:
    """JSON for reading."""
    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    return format_html('<pre style="margin:0;white-space:pre-wrap">{}</pre>', text)
