"""Routes for health and metrics, the same in every process."""

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.auth.access import public
from chassis.health import lateness
from chassis.web.routing import Router

router = Router(include_in_schema=False, dependencies=[public])

lateness_router = Router(include_in_schema=False, dependencies=[public])
"""Routes for processes of a service that publishes or receives events."""


@router.get("/health/live")
async def live() -> dict[str, bool]:
    """Answer that the process is running."""
    return {"live": True}


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """Answer whether everything that this process needs is available; 503 if not."""
    found = {name: await check() for name, check in request.app.state.checks.items()}
    everything = all(found.values())
    return JSONResponse({"ready": everything, **found}, 200 if everything else 503)


@router.get("/metrics")
async def metrics() -> Response:
    """Return the Prometheus metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@lateness_router.get("/health/late")
async def late(request: Request) -> JSONResponse:
    """Answer how late events are; 503 if this needs attention."""
    found = await lateness(request.app.state.database)
    return JSONResponse(found.report(), 503 if found.late else 200)
