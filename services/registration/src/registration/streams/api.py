"""The stream of a registration's changes."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth.access import ItsRunnerOrStaff
from chassis.web.dependencies import from_state
from chassis.web.event_streams import (
    EventStream,
    LatestEvent,
    OpenStreams,
    ServerSentEvent,
    StreamsExhausted,
    StreamTimes,
    TooManyStreams,
    event_stream,
)
from chassis.web.models import View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends, Header, Request

from registration.entries.errors import UnknownRegistration
from registration.entries.rules import Status
from registration.streams.queries import RegistrationState
from registration.streams.watcher import Watch, Watcher

router = Router(tags=["registrations"])


class StateView(View):
    """The data of the event `status`."""

    registration_id: UUID
    status: Status
    expires_at: datetime
    revision: int


LastEventId = Annotated[int | None, Header(ge=0, description="revision of the last event that the client received")]


async def _events(
    registration_id: UUID,
    _: ItsRunnerOrStaff,
    streams: Annotated[OpenStreams, from_state("streams")],
    watcher: Annotated[Watcher, from_state("watcher")],
    last_event_id: LastEventId = None,
) -> AsyncIterator[LatestEvent]:
    """Yield the events of a registration, beginning with its state unless the client has it, until the response ends.

    Raises:
        TooManyStreams, StreamsExhausted, UnknownRegistration.
    """
    events = LatestEvent()
    watch = Watch(registration_id, seen=last_event_id, notify=lambda state: events.put(_event_of(state)))
    with streams.one_of(registration_id), watcher.watching(watch):
        if not await watch.is_known:
            raise UnknownRegistration
        yield events


def _event_of(state: RegistrationState) -> ServerSentEvent:
    return ServerSentEvent(str(state.revision), "status", StateView.model_validate(state).model_dump_json())


@router.get(
    "/registrations/{registration_id}/stream",
    response_class=EventStream,
    responses=errors(UnknownRegistration, TooManyStreams, StreamsExhausted),
)
async def stream_registration(
    request: Request,
    events: Annotated[LatestEvent, Depends(_events, scope="request")],
    times: Annotated[StreamTimes, from_state("stream_times")],
) -> EventStream:
    """Stream an event `status` with the present state, then one after each change.

    Its data are JSON: `registration_id`, `status`, `expires_at`, `revision`; its id is the revision. Changes in quick
    succession may come as one event. With `Last-Event-ID` the present state is left out if it is the one that the
    client has. The stream ends after some minutes, with its token, and when the server is replaced: connect again.
    """
    return await event_stream(request, events, times)
