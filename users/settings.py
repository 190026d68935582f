"""Django settings of the users service."""

from config.settings import *  # noqa: F403 -- Django's way to share settings
from config.settings import ADMIN_APPS, MIDDLEWARE_BEHIND, SHARED_APPS

SERVICE = "users"
REGISTRY_NAME = "USER-SERVICE"

INSTALLED_APPS = [*ADMIN_APPS, "django.contrib.postgres", *SHARED_APPS, "eventsourcing", "users"]
MIDDLEWARE = MIDDLEWARE_BEHIND
ROOT_URLCONF = "users.urls"
# One host, several admins: a login in one must not end the login in another.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "users-session", "users-csrf"
# Who keeps something of users, too, and proves that it is gone by the same command.
ERASED_ELSEWHERE = ("friends", "recommendations")
