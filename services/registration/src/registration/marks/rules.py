"""Which events are still on their way out."""

from chassis.tables import OUTBOX_QUEUE


def unsent(event_type: str) -> str:
    """A query for the subjects, as `id`, of the events of a type that wait in the outbox."""
    return f"""
        SELECT (convert_from(payload, 'UTF8')::jsonb ->> 'subject')::uuid AS id FROM outbox
         WHERE queue = '{OUTBOX_QUEUE}' AND convert_from(payload, 'UTF8')::jsonb ->> 'type' = '{event_type}'
    """  # noqa: S608  # constants of ours
