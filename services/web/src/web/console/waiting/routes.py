"""The routes of waiting lists."""

from collections.abc import Sequence
from typing import Final

from chassis.web.routing import Router

from web.console.waiting import actions
from web.console.waiting import list as lists

ROUTERS: Final[Sequence[Router]] = (lists.router, actions.router)
