"""What all services answer alike, asked from all of them at once; those that are away are named."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Depends

from web.console.apis import Checkin, Identity, Notification, Payment, Registration, StaffApi, unless_away
from web.upstream.client import Answer

AnswerT = TypeVar("AnswerT", bound=Answer)

NAMES: Final = ("registration", "payment", "notification", "checkin", "identity")


@dataclass(frozen=True)
class Answers(Generic[AnswerT]):
    """Answers by service, and the services that are away."""

    found: Mapping[str, AnswerT]
    away: Sequence[str]


@dataclass(frozen=True)
class Services:
    """The APIs of all services, by name."""

    apis: Mapping[str, StaffApi]

    async def get(
        self, kind: type[AnswerT], path: str, *, of: Sequence[str] = NAMES, **query: object
    ) -> Answers[AnswerT]:
        """Return what these services answer to GET.

        Raises:
            Refused: see `ApiClient.call`.
        """
        asked = (unless_away(self.apis[name].get(kind, path, **query)) for name in of)
        answers = dict(zip(of, await asyncio.gather(*asked), strict=True))
        found = {name: answer for name, answer in answers.items() if answer is not None}
        return Answers(found, [name for name in of if name not in found])


async def _services(
    registration: Registration, payment: Payment, notification: Notification, checkin: Checkin, identity: Identity
) -> Services:
    return Services(dict(zip(NAMES, (registration, payment, notification, checkin, identity), strict=True)))


AllServices = Annotated[Services, Depends(_services)]
