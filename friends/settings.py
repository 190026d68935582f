"""Django settings of the friends service."""

from config.settings import *  # noqa: F403 -- Django's way to share settings
from config.settings import ADMIN_APPS, MIDDLEWARE_BEHIND, SHARED_APPS

SERVICE = "friends"
REGISTRY_NAME = "FRIEND-SERVICE"

INSTALLED_APPS = [*ADMIN_APPS, "django.contrib.postgres", *SHARED_APPS, "eventsourcing", "friends"]
MIDDLEWARE = MIDDLEWARE_BEHIND
ROOT_URLCONF = "friends.urls"
# One host, several admins: a login in one must not end the login in another.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "friends-session", "friends-csrf"
