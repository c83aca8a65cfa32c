"""Routes for the settings."""

from ipaddress import IPv6Address
from typing import Annotated

from chassis.auth.access import Admin
from chassis.canonical.emails import canonical_email
from chassis.web.dependencies import Read, Work, from_state
from chassis.web.models import Body, LineOrEmpty, Matching, OrNone, View
from chassis.web.routing import Router
from chassis.wording import Refused, Wording
from pydantic import AfterValidator, Field, StringConstraints

from notification.channels.port import Security
from notification.messages.rules import Locale
from notification.preferences import commands
from notification.preferences.queries import PreferencesReader
from notification.preferences.rules import Preferences

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
NO_HOST = Wording(
    en="Write the name or address of a server, like mail.example.com.",
    id="Tulis nama atau alamat server, seperti mail.contoh.com.",
)

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_IPV6 = "[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"


def _without_port(host: str) -> str:
    try:
        return str(IPv6Address(host)) if ":" in host else host
    except ValueError:
        raise Refused(NO_HOST) from None


Host = Annotated[
    str,
    StringConstraints(max_length=253),
    Matching(rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|{_IPV6})", NO_HOST),
    AfterValidator(_without_port),
]
Secret = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_ONE_LINE)]
DelaySeconds = Annotated[int, Field(ge=0, le=3600)]
PerMinute = Annotated[int, Field(ge=1, le=600)]
RetryLimit = Annotated[int, Field(ge=0, le=20)]


MailAddress = Annotated[LineOrEmpty, AfterValidator(canonical_email)]


class SettingsView(View):
    """The effective settings. Secrets are not returned, only whether they are set."""

    default_locale: Locale
    whatsapp_enabled: bool
    whatsapp_delay_seconds: int
    whatsapp_max_per_minute: int
    whatsapp_retry_limit: int
    fonnte_device_id: str
    fonnte_api_key_set: bool
    email_enabled: bool
    email_delay_seconds: int
    email_max_per_minute: int
    email_retry_limit: int
    email_from_address: str
    email_from_name: str
    smtp_host: str
    smtp_port: int
    smtp_username: str
    smtp_password_set: bool
    smtp_security: Security


class SettingsChange(Body):
    """Settings to change. An absent field stays; null resets it to the environment's default.

    `fonnte_api_key_set` and `smtp_password_set` are accepted, so that a response of GET can be sent, and ignored.
    """

    default_locale: Locale | None = None
    whatsapp_enabled: bool | None = None
    whatsapp_delay_seconds: DelaySeconds | None = None
    whatsapp_max_per_minute: PerMinute | None = None
    whatsapp_retry_limit: RetryLimit | None = None
    fonnte_device_id: LineOrEmpty | None = None
    fonnte_api_key: Secret | None = Field(None, json_schema_extra={"writeOnly": True})
    fonnte_api_key_set: bool | None = Field(None, exclude=True)
    email_enabled: bool | None = None
    email_delay_seconds: DelaySeconds | None = None
    email_max_per_minute: PerMinute | None = None
    email_retry_limit: RetryLimit | None = None
    email_from_address: OrNone[MailAddress] = None
    email_from_name: LineOrEmpty | None = None
    smtp_host: OrNone[Host] = None
    smtp_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    smtp_username: LineOrEmpty | None = None
    smtp_password: Password | None = Field(None, json_schema_extra={"writeOnly": True})
    smtp_password_set: bool | None = Field(None, exclude=True)
    smtp_security: Security | None = None


Reader = Annotated[PreferencesReader, from_state("preferences")]

router = Router(tags=["settings"])


@router.get("/settings")
async def get_settings(_: Admin, session: Read, reader: Reader) -> SettingsView:
    """Return the settings: limits, switches and accounts."""
    return _view(await reader.load(session))


@router.put("/settings")
async def put_settings(change: SettingsChange, staff: Admin, work: Work, reader: Reader) -> SettingsView:
    """Change settings. They apply to the next message, in every worker.

    A mail server in the platform's own network is refused unless the environment names or allows it.
    """
    await commands.change_settings(work, change.model_dump(exclude_unset=True), reader, by=staff.actor)
    return _view(await reader.load(work.session))


def _view(preferences: Preferences) -> SettingsView:
    per_channel = {
        f"{channel}_{name}": value
        for channel, chosen in preferences.channels.items()
        for name, value in (
            ("enabled", chosen.enabled),
            ("delay_seconds", int(chosen.pace.delay.total_seconds())),
            ("max_per_minute", chosen.pace.max_per_minute),
            ("retry_limit", chosen.retry_limit),
        )
    }
    mail = preferences.mail
    return SettingsView(
        **per_channel,
        default_locale=preferences.default_locale,
        fonnte_device_id=preferences.whatsapp.device_id,
        fonnte_api_key_set=bool(preferences.whatsapp.token),
        email_from_address=mail.from_address,
        email_from_name=mail.from_name,
        smtp_host=mail.host,
        smtp_port=mail.port,
        smtp_username=mail.username,
        smtp_password_set=bool(mail.password),
        smtp_security=mail.security,
    )
