"""What registration asks of whoever tells people from programs."""

from typing import Protocol
from uuid import UUID

from chassis.web.addresses import Address


class Challenge(Protocol):
    """Checks the tokens that solved challenges give."""

    async def verify(self, token: str, address: Address | None, *, attempt: UUID) -> None:
        """Return if a person solved the challenge.

        Args:
            token: as the caller sent it; may be empty.
            address: where the caller is, if that is known.
            attempt: the same each time the same request comes with the same token. A token is good for one attempt, and
                for that one again.

        Raises:
            ChallengeRequired: there is no token.
            ChallengeFailed: the token is not good, or was good for another attempt.
            ChallengeUnavailable: nobody can say.
        """

    async def close(self) -> None:
        """Give connections back."""
