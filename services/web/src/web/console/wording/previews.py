"""Previews of templates with sample data, as they are typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.errors import InvalidFields, Unavailable

from web.console.apis import StaffApi
from web.console.wording.answers import Key, Rendered
from web.upstream.client import Refused


@dataclass(frozen=True)
class Preview:
    """A message with sample data, or what is wrong with its template.

    Attributes:
        rendered: None if the template is wrong, or notification is away.
        errors: message by field.
    """

    rendered: Rendered | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> Sequence[str]:
        """Return what is wrong with the template."""
        return list(self.errors.values())


async def preview_of(notification: StaffApi, key: Key, text: Mapping[str, Any]) -> Preview:
    """Return the preview of a text.

    Raises:
        Refused: not because of the text.
    """
    try:
        answer = await notification.call("POST", f"{key.path}/preview", json=text)
        return Preview(notification.client.read(Rendered, answer))
    except Unavailable:
        return Preview()
    except Refused as refused:
        if refused.status != InvalidFields.status or not refused.field_errors:
            raise
        return Preview(errors={name.removeprefix("body."): text for name, text in refused.field_errors.items()})
