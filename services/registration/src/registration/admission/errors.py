"""Why a registration may be refused."""

from chassis.errors import StartlineError


class CategoryFull(StartlineError):
    """There are not enough places left."""

    code = "category_full"


class AlreadyRegistered(StartlineError):
    """Somebody in this registration is registered already: open the link in your messages, or ask for it again."""

    code = "already_registered"
    indonesian = "Ada yang sudah terdaftar: buka tautan di pesan Anda, atau minta tautannya lagi dengan kontak Anda."


class RegistrationNotOpen(StartlineError):
    """Registration for this category has not opened."""

    code = "registration_not_open"


class RegistrationClosed(StartlineError):
    """Registration for this category is closed."""

    code = "registration_closed"


class TypeNotOffered(StartlineError):
    """This category does not take registrations of this type."""

    code = "type_not_offered"


class IdempotencyKeyReused(StartlineError):
    """This Idempotency-Key was used for a different request."""

    code = "idempotency_key_reused"
    status = 422


class RequestInProgress(StartlineError):
    """A request with this Idempotency-Key is still running."""

    code = "request_in_progress"


class TooBusy(StartlineError):
    """Too many people are registering right now; nothing was stored, try again in a moment."""

    code = "too_busy"
    status = 503

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})
