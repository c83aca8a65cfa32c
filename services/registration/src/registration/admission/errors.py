"""Why a registration may be refused."""

from chassis.errors import StartlineError, TooBusy
from chassis.wording import Wording


class CategoryFull(StartlineError):
    """There are not enough places left."""

    indonesian = "Tempat yang tersisa tidak cukup."
    code = "category_full"


class AlreadyRegistered(StartlineError):
    """Somebody in this registration is registered already: open the link in your messages, or ask for it again."""

    code = "already_registered"
    indonesian = "Ada yang sudah terdaftar: buka tautan di pesan Anda, atau minta tautannya lagi dengan kontak Anda."


def too_many_registering() -> TooBusy:
    """Return the refusal of a registration that the process has no room for."""
    return TooBusy(
        Wording(
            en="Too many people are registering right now; nothing was stored, try again in a moment.",
            id="Terlalu banyak orang sedang mendaftar; tidak ada yang disimpan, coba lagi sebentar lagi.",
        )
    )
