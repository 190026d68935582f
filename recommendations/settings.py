"""Django settings of the recommendations service."""

from config.settings import *  # noqa: F403 -- Django's way to share settings
from config.settings import ADMIN_APPS, MIDDLEWARE_BEHIND, SHARED_APPS

SERVICE = "recommendations"
REGISTRY_NAME = "RECOMMENDATION-SERVICE"

# Before `eventsourcing`: its `replay`, `verify` and `rebuild` are about the graph, not about a state table.
INSTALLED_APPS = [*ADMIN_APPS, "django.contrib.postgres", *SHARED_APPS, "recommendations", "eventsourcing"]
MIDDLEWARE = MIDDLEWARE_BEHIND
ROOT_URLCONF = "recommendations.urls"
# One host, several admins: a login in one must not end the login in another.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "recommendations-session", "recommendations-csrf"
