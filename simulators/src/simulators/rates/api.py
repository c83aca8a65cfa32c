"""The sources' HTTP APIs below one base URL, and control over prices and faults."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from simulators.delays import hold
from simulators.problems import render_problems
from simulators.rates.account import Fault, Rates, Source, coingecko_text, indodax_body

_DEFAULT_PLACES = 2
_MOST_PLACES = 18
Places = Literal["full"] | Annotated[int, Field(ge=0, le=_MOST_PLACES)]


class SourceSetting(BaseModel):
    """A price, how many seconds old it is, and a fault; null if there is none."""

    model_config = ConfigDict(extra="forbid")
    idr_per_usdt: Decimal = Field(gt=0, lt=10**12, allow_inf_nan=False)
    age_seconds: float = Field(0, ge=-86_400, le=31 * 86_400)
    fault: Fault | None = None


def build_rates(rates: Rates) -> FastAPI:
    """Build the APIs and `/sources`, their control, as a separate application, to be mounted anywhere."""
    app = FastAPI(title="Rates simulator", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.rates = rates
    render_problems(app)
    app.include_router(_routes)
    return app


async def _rates(request: Request) -> Rates:
    rates: Rates = request.app.state.rates
    return rates


AllRates = Annotated[Rates, Depends(_rates)]

_routes = APIRouter()


@_routes.get("/api/ticker/{pair}")
async def indodax_ticker(pair: str, request: Request, rates: AllRates) -> Response:
    if (failure := await _failure(request, rates.indodax, rates)) is not None:
        return failure
    if pair.replace("_", "").lower() != "usdtidr":
        return JSONResponse({"error": "invalid_pair", "error_description": "Invalid Pair"})
    return JSONResponse(indodax_body(rates.indodax))


@_routes.get("/api/v3/simple/price")
async def coingecko_price(
    request: Request,
    rates: AllRates,
    ids: str,
    vs_currencies: str,
    include_last_updated_at: bool = False,
    precision: Places = _DEFAULT_PLACES,
) -> Response:
    if (failure := await _failure(request, rates.coingecko, rates)) is not None:
        return failure
    if "tether" not in ids.split(",") or "idr" not in vs_currencies.split(","):
        return JSONResponse({})
    places = None if precision == "full" else precision
    text = coingecko_text(rates.coingecko, places=places, is_dated=include_last_updated_at)
    return Response(text, media_type="application/json")


@_routes.get("/sources")
async def show_sources(rates: AllRates) -> Mapping[str, SourceSetting]:
    return {name: _setting(source) for name, source in rates.sources.items()}


@_routes.put("/sources/{name}")
async def set_source(name: str, setting: SourceSetting, rates: AllRates) -> SourceSetting:
    if name not in rates.sources:
        raise HTTPException(404)
    source = rates.sources[name]
    source.idr_per_usdt = setting.idr_per_usdt
    source.age = timedelta(seconds=setting.age_seconds)
    source.fault = setting.fault
    return setting


def _setting(source: Source) -> SourceSetting:
    return SourceSetting(idr_per_usdt=source.idr_per_usdt, age_seconds=source.age.total_seconds(), fault=source.fault)


async def _failure(request: Request, source: Source, rates: Rates) -> Response | None:
    """Count a request, and return the answer of the source's fault; None if it answers as it should."""
    source.requests += 1
    match source.fault:
        case Fault.DOWN:
            return PlainTextResponse("upstream is not there", 503)
        case Fault.THROTTLED:
            return JSONResponse({"status": {"error_code": 429, "error_message": "Throttled"}}, 429)
        case Fault.NOT_JSON:
            return HTMLResponse("<!doctype html><title>Just a moment</title>")
        case Fault.MALFORMED:
            return JSONResponse({"ticker": {}, "tether": {}})
        case Fault.TIMEOUT:
            await hold(request, until=rates.closing, seconds=rates.hold_seconds)
    return None
