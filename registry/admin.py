"""Leases in Django's admin: to look at, not to edit."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from registry.models import Lease


@admin.register(Lease)
class LeaseAdmin(admin.ModelAdmin[Lease]):
    """One line an instance; instances change their leases themselves, operators override by the protocol."""

    list_display = ("app", "instance_id", "status", "overridden_status", "renewed_at", "lease_seconds")
    list_filter = ("app", "status")
    search_fields = ("app", "instance_id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False
