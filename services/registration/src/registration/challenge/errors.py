"""How a challenge may end."""

from chassis.errors import Forbidden, Unavailable


class ChallengeRequired(Forbidden):
    """Prove that you are a person: solve the challenge and send its token in `Challenge-Token`."""

    code = "challenge_required"


class ChallengeFailed(Forbidden):
    """This challenge token is wrong, too old or used up: solve a new challenge."""

    code = "challenge_failed"


class ChallengeUnavailable(Unavailable):
    """The challenge cannot be checked right now; nothing was stored, try again."""

    code = "challenge_unavailable"
