"""All services at once, for what has to hold in each of them."""

from collections.abc import Mapping

import httpx
import pytest
from chassis.secrets import new_key
from fastapi import FastAPI
from standalone.services import SERVICES, WEB
from web.app import build_app as build_pages
from web.settings import Settings as PagesSettings
from web.upstream.apis import Apis


@pytest.fixture(scope="session")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, FastAPI]:
    """Every service's application, on databases that nobody connects to."""
    common = {
        "database_url": "postgresql://nobody@127.0.0.1/nothing",
        "broker_url": "amqp://127.0.0.1",
        "public_url": "http://127.0.0.1:8080",
        "secret_keys": new_key(),
        "staff_jwks_url": "http://identity",
        "proof_store": f"file://{tmp_path_factory.mktemp('images')}",
        "image_store": f"file://{tmp_path_factory.mktemp('race-images')}",
    }
    built = {}
    for service in SERVICES:
        settings = service.settings(**common)
        database = service.open_database(settings.database_url)
        built[service.name] = service.build_app(settings, database, None)  # type: ignore[arg-type]  # fetches nothing here
    return built


@pytest.fixture(scope="session")
def pages() -> FastAPI:
    """The application of pages; neither its APIs nor its database are called."""
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
    settings = PagesSettings.behind(
        "http://a", database_url=nowhere, secret_keys=new_key(), public_url="http://127.0.0.1:8080"
    )
    return build_pages(settings, Apis.behind(httpx.AsyncClient()), WEB.open_database(nowhere))
