"""Django settings of the friends service."""

from config.settings import *  # noqa: F403 -- Django's way to share settings
from config.settings import ADMIN_APPS, SHARED_APPS

SERVICE = "friends"
REGISTRY_NAME = "FRIEND-SERVICE"

INSTALLED_APPS = [*ADMIN_APPS, "django.contrib.postgres", *SHARED_APPS, "eventsourcing", "friends"]
ROOT_URLCONF = "friends.urls"
