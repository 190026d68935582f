"""The settings of the service that has every command, so that their help can be read in one process."""

from recommendations.settings import *  # noqa: F403 -- Django's way to share settings
