"""The endpoints of a chain over HTTP, and control over its transfers, blocks and faults."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from simulators.chain.control import (
    ChainState,
    Faults,
    Mining,
    Reorganisation,
    Sending,
    TransactionItem,
    Unsendable,
    chain_state,
    read_transfer,
    set_faults,
)
from simulators.chain.encoding import data
from simulators.chain.endpoint import Endpoint
from simulators.chain.network import ChainNetwork
from simulators.chain.page import PAGE_POLICY, chain_page
from simulators.problems import problem, render_problems


def build_chain(network: ChainNetwork) -> FastAPI:
    """Build endpoints, at `/rpc/{name}`, and control as a separate application, to be mounted anywhere."""
    app = FastAPI(title="Chain simulator", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.network = network
    render_problems(app)
    app.add_exception_handler(Unsendable, _render_unsendable)
    app.include_router(_routes)
    return app


async def _network(request: Request) -> ChainNetwork:
    network: ChainNetwork = request.app.state.network
    network.catch_up()
    return network


Network = Annotated[ChainNetwork, Depends(_network)]


async def _endpoint(name: str, network: Network) -> Endpoint:
    if name not in network.endpoints:
        raise HTTPException(404)
    return network.endpoints[name]


KnownEndpoint = Annotated[Endpoint, Depends(_endpoint)]

_routes = APIRouter()


@_routes.post("/rpc/{name}")
async def call(request: Request, endpoint: KnownEndpoint) -> Response:
    reply = endpoint.reply(await request.body())
    return Response(reply.content, reply.status, media_type=reply.media_type)


@_routes.get("/state")
async def show_state(network: Network) -> ChainState:
    return chain_state(network)


@_routes.post("/send")
async def send(sending: Sending, network: Network) -> TransactionItem:
    return _send(sending, network)


@_routes.post("/mine")
async def mine(mining: Mining, network: Network) -> ChainState:
    network.chain.mine(mining.blocks, hurried=True)
    return chain_state(network)


@_routes.post("/reorg")
async def reorganise(wanted: Reorganisation, network: Network) -> ChainState:
    network.chain.reorg(wanted.depth, keep=wanted.keep)
    return chain_state(network)


@_routes.put("/endpoints/{name}")
async def set_endpoint_faults(faults: Faults, endpoint: KnownEndpoint) -> Faults:
    set_faults(endpoint, faults)
    return faults


@_routes.get("/")
async def show_page(request: Request, network: Network) -> HTMLResponse:
    html = chain_page(chain_state(network), request.scope["root_path"])
    return HTMLResponse(html, headers={"Content-Security-Policy": PAGE_POLICY})


@_routes.post("/page/send")
async def send_from_page(request: Request, sending: Annotated[Sending, Form()], network: Network) -> RedirectResponse:
    _send(sending, network)
    return _back(request)


@_routes.post("/page/mine")
async def mine_from_page(request: Request, mining: Annotated[Mining, Form()], network: Network) -> RedirectResponse:
    await mine(mining, network)
    return _back(request)


@_routes.post("/page/reorg")
async def reorganise_from_page(
    request: Request, wanted: Annotated[Reorganisation, Form()], network: Network
) -> RedirectResponse:
    await reorganise(wanted, network)
    return _back(request)


def _send(sending: Sending, network: ChainNetwork) -> TransactionItem:
    return TransactionItem(tx_hash=data(network.chain.batch([read_transfer(sending, network)])))


def _back(request: Request) -> RedirectResponse:
    return RedirectResponse(f"{request.scope['root_path']}/", 303)


async def _render_unsendable(request: Request, unsendable: Exception) -> JSONResponse:
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, "unsendable", detail=str(unsendable))
