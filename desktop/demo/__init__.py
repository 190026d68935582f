"""`./manage.py demo`: a real social network through the gateway, and what the system makes of it."""

from desktop.demo.command import add_arguments as add_arguments
