"""What the desktop run says instead of a traceback."""


class DesktopError(Exception):
    """Something that the user can do something about: one clear sentence, and the way out."""


class Stopped(Exception):
    """Somebody asked to stop while the system was starting."""
