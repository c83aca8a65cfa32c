"""Forms that are shown again with what was typed and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from starlette.datastructures import FormData


@dataclass(frozen=True)
class FieldError:
    """One wrong field.

    Attributes:
        field: its name, which is also the id of its first input.
        message: what is wrong and what would be right, in the language of the visitor.
        group: heading in the summary of errors, such as the runner that it belongs to; None for none.
    """

    field: str
    message: str
    group: str | None = None


@dataclass(frozen=True)
class Form:
    """What was typed into a form, and its errors. An untouched form has neither."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[FieldError] = ()

    def value(self, name: str) -> str:
        """Return what was typed into a field; empty if nothing was."""
        return self.values.get(name, "")

    def error(self, name: str) -> str | None:
        """Return the message of a field; None if nothing is wrong with it."""
        return next((each.message for each in self.errors if each.field == name), None)

    def has_errors_of(self, prefix: str) -> bool:
        """Return whether a field whose name begins so is wrong."""
        return any(each.field.startswith(prefix) for each in self.errors)

    def groups(self) -> Sequence[tuple[str | None, Sequence[FieldError]]]:
        """Return the errors by group, groups and errors in the order of the form."""
        found: dict[str | None, list[FieldError]] = {}
        for each in self.errors:
            found.setdefault(each.group, []).append(each)
        return list(found.items())


def typed(form: FormData) -> Mapping[str, str]:
    """Return the texts of a form by field, without spaces around them; files are left out."""
    return {name: value.strip() for name, value in form.items() if isinstance(value, str)}


def id_in(sent: object) -> UUID | None:
    """Return the id that a field has; None if it has none."""
    try:
        return UUID(sent) if isinstance(sent, str) else None
    except ValueError:
        return None
