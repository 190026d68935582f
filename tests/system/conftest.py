"""The system tests share one system; those that break a part of it put it right again."""

from tests.support.fixtures import client as client
from tests.support.fixtures import network as network
from tests.support.fixtures import system as system
