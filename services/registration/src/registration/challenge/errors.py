"""Errors of a challenge."""

from chassis.errors import Forbidden, Unavailable


class ChallengeRequired(Forbidden):
    """Prove that you are a person: solve the challenge and send its token in `Challenge-Token`."""

    indonesian = "Buktikan bahwa Anda manusia: selesaikan tantangan dan kirim tokennya dalam `Challenge-Token`."
    code = "challenge_required"


class ChallengeFailed(Forbidden):
    """This challenge token is wrong, too old or used up: solve a new challenge."""

    indonesian = "Token tantangan ini salah, terlalu lama, atau sudah dipakai: selesaikan tantangan baru."
    code = "challenge_failed"


class ChallengeUnavailable(Unavailable):
    """The challenge cannot be checked right now; nothing was stored, try again."""

    indonesian = "Tantangan tidak dapat diperiksa sekarang; tidak ada yang disimpan, coba lagi."
    code = "challenge_unavailable"
