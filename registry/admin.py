"""Leases in Django's admin: to look at. Instances change their leases themselves, operators by the protocol."""

from django.contrib import admin
from django.utils.safestring import SafeString

from registry.models import Lease
from service.admin import ReadOnlyAdmin, pretty


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    """One line an instance."""

    list_display = ("app", "instance_id", "status", "overridden_status", "renewed_at", "lease_seconds")
    list_filter = ("status",)
    search_fields = ("app", "instance_id")
    ordering = ("app", "instance_id")
    exclude = ("document",)
    readonly_fields = ("registration",)

    @admin.display(description="as it registered")
    def registration(self, lease: Lease) -> SafeString:
        """The registration, for reading."""
        return pretty(lease.document)
