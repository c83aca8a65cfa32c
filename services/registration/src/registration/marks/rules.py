"""Which events are still on their way out, and whom events are about."""

from chassis.tables import OUTBOX_QUEUE

SUBJECT = """substring(convert_from(payload, 'UTF8') from '"subject" ?: ?"([0-9a-f-]{36})"')"""
"""SQL for the subject of the event in `payload`, as text; null where it has none that could be an id.

The text is not cast to json or uuid: one malformed event would fail the whole query.
"""


def unsent(event_type: str) -> str:
    """A query for the subjects, as text `id`, of the events of a type that wait in the outbox."""
    return f"""
        SELECT {SUBJECT} AS id FROM outbox
         WHERE queue = '{OUTBOX_QUEUE}' AND convert_from(payload, 'UTF8') LIKE '%"type":"{event_type}"%'
    """  # noqa: S608  # constants of ours
