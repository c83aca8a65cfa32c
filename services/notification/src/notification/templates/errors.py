"""Refusals about templates."""

from chassis.errors import InvalidFields


class InvalidTemplate(InvalidFields):
    """The text uses variables that do not exist, or braces that are none; `errors` names each."""

    indonesian = (
        "Teks memakai variabel yang tidak ada, atau kurung kurawal yang keliru; `errors` menyebut satu per satu."
    )
    code = "invalid_template"
