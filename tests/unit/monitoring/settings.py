"""The settings of the service that has every kind of process, so that all metrics can be declared in one."""

from recommendations.settings import *  # noqa: F403 -- Django's way to share settings
