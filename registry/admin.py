"""Leases in Django's admin: to look at. Instances change their leases themselves, operators by the protocol."""

from django.contrib import admin
from django.utils.safestring import SafeString

from registry.models import Change, Lease
from service.admin import ReadOnlyAdmin, pretty


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    """One line an instance, also one whose lease has just run out."""

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


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    """What happened lately, the newest first."""

    list_display = ("at", "action", "app", "instance_id")
    list_filter = ("action",)
    search_fields = ("app", "instance_id")
    ordering = ("-id",)
    exclude = ("instance",)
    readonly_fields = ("shown",)

    @admin.display(description="as it was shown")
    def shown(self, change: Change) -> SafeString:
        """The instance, for reading."""
        return pretty(change.instance)
