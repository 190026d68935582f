"""The Django app of the gateway."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """What Django serves beside the routes: health, the list of routes."""

    name = "gateway"
