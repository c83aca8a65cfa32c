"""The interface of challenge providers."""

from typing import Protocol
from uuid import UUID

from chassis.web.addresses import Address


class Challenge(Protocol):
    """Checks the tokens of solved challenges."""

    async def verify(self, token: str, address: Address | None, *, attempt: UUID) -> None:
        """Return if the token proves that a person solved the challenge.

        Args:
            token: as the caller sent it; may be empty.
            address: the caller's address, if known.
            attempt: the same for each repetition of a request with the same token. A token is valid for one attempt and
                its repetitions.

        Raises:
            ChallengeRequired: there is no token.
            ChallengeFailed: the token is not valid, or was used for another attempt.
            ChallengeUnavailable: the token cannot be checked now.
        """

    async def close(self) -> None:
        """Close all connections."""
