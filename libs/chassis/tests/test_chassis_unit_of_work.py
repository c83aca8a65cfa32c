"""Rows and events become true together, or not at all; and nobody is told before they are."""

import asyncio
from uuid import UUID, uuid4

import pytest
from chassis.auth.access import public
from chassis.database import Database, UnitOfWork, is_unavailable
from chassis.telemetry import correlated
from chassis.web.dependencies import Work
from conftest_types import Browse, BuildApp
from contracts import RefundDue, parse
from fastapi import APIRouter
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from testkit.cable import Cable
from testkit.golden import golden
from testkit.toy.service import SERVICE, rows
from testkit.toy.tables import REFUSED_AT_COMMIT, Runner, service_tables
