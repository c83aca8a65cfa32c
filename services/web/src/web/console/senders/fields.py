"""The fields of a sender's settings: how they are shown, and which changes the API is asked for."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from chassis.wording import Language, Wording

from web.console.senders.answers import Settings
from web.forms import FieldError

_NUMBERS: Final[Mapping[str, Sequence[str]]] = {
    "whatsapp": ("whatsapp_delay_seconds", "whatsapp_max_per_minute", "whatsapp_retry_limit"),
    "email": ("email_delay_seconds", "email_max_per_minute", "email_retry_limit", "smtp_port"),
}
_TEXTS: Final[Mapping[str, Sequence[str]]] = {
    "whatsapp": ("fonnte_device_id",),
    "email": ("email_from_address", "email_from_name", "smtp_host", "smtp_username", "smtp_security"),
}
_SECRETS: Final[Mapping[str, Mapping[str, str]]] = {
    "whatsapp": {"fonnte_token": "fonnte_api_key"},
    "email": {"smtp_password": "smtp_password"},
}
"""Names of fields, which say that they are secret, and of the API."""

_NO_NUMBER: Final = Wording(en="Write a whole number.", id="Tulis bilangan bulat.")

_SURE: Final = Wording(
    en="Waiting messages of this channel will be given up, e-tickets too. Save once more to switch it off.",
    id="Pesan yang menunggu di saluran ini tidak akan dikirim, juga e-tiket. Simpan sekali lagi untuk mematikannya.",
)
SURE: Final = "sure"
"""Field of a form that has said what switching off means."""

_LONGEST_NUMBER: Final = 9


def shown(channel: str, settings: Settings) -> Mapping[str, str]:
    """Return the settings of a channel as its form shows them; never a secret."""
    switch = f"{channel}_enabled"
    values = {name: str(getattr(settings, name)) for name in (*_NUMBERS[channel], *_TEXTS[channel])}
    return {switch: "yes" if getattr(settings, switch) else "", **values}


def without_secrets(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return what was typed without the secrets, to be shown again."""
    secret = {name for fields in _SECRETS.values() for name in fields}
    return {name: value for name, value in values.items() if name not in secret}


def wrong_numbers(channel: str, values: Mapping[str, str], language: Language) -> Sequence[FieldError]:
    """Return an error for each number that is none."""
    wrong = [name for name in _NUMBERS[channel] if not _is_number(values.get(name, ""))]
    return [FieldError(name, _NO_NUMBER.said(language)) for name in wrong]


def unsure(
    channel: str, values: Mapping[str, str], changed: Collection[str], language: Language
) -> Sequence[FieldError]:
    """Return what to say before a channel is switched off; nothing once that was said."""
    switch = f"{channel}_enabled"
    if switch not in changed or values.get(switch) or values.get(SURE):
        return ()
    return [FieldError(switch, _SURE.said(language))]


def changes(channel: str, values: Mapping[str, str], changed: Collection[str]) -> Mapping[str, Any]:
    """Return the body with the changed settings and the new secrets; an empty secret stays as it is.

    Only these are sent: what the environment sets is not fixed by saving, and a mail server that stays keeps its
    password.
    """
    wanted: dict[str, Any] = {name: values.get(name, "") for name in changed}
    wanted |= {name: int(values[name]) for name in _NUMBERS[channel] if name in changed}
    wanted |= {name: bool(values.get(name)) for name in (f"{channel}_enabled",) if name in changed}
    secrets = {name: values[field] for field, name in _SECRETS[channel].items() if values.get(field)}
    return {**wanted, **secrets}


def field_of(name: str) -> str:
    """Return the name of the field for a name of the API."""
    fields = {api: field for names in _SECRETS.values() for field, api in names.items()}
    return fields.get(name, name)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
