"""What Fonnte's words about a message mean."""

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
    """The furthest that any of a report's words tells; None when they tell nothing new, like `pending`."""
    known = [_WORDS[word.strip().lower()] for word in words if word and word.strip().lower() in _WORDS]
    return max(known, default=None)
