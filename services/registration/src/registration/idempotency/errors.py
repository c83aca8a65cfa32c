"""Errors of requests with an idempotency key."""

from chassis.errors import StartlineError


class IdempotencyKeyReused(StartlineError):
    """This Idempotency-Key was used for a different request."""

    indonesian = "Idempotency-Key ini dipakai untuk permintaan lain."
    code = "idempotency_key_reused"
    status = 422


class RequestInProgress(StartlineError):
    """A request with this Idempotency-Key is still running."""

    indonesian = "Permintaan dengan Idempotency-Key ini masih diproses."
    code = "request_in_progress"
