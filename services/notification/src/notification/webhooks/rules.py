"""Mapping of Fonnte's status texts to progress."""

from notification.queue.rules import Progress

_WORDS = {
    "sent": Progress.SENT,
    "invalid": Progress.FAILED,
    "expired": Progress.FAILED,
    "failed": Progress.FAILED,
    "url unreachable": Progress.FAILED,
    "delivered": Progress.DELIVERED,
    "read": Progress.DELIVERED,
    "played": Progress.DELIVERED,
}


def progress_of(*words: str | None) -> Progress | None:
    """Return the highest progress of a report's texts; None if they contain none, like `pending`."""
    known = [_WORDS[word.strip().lower()] for word in words if word and word.strip().lower() in _WORDS]
    return max(known, default=None)
