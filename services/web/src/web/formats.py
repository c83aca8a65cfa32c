"""Money, dates and times as runners read them."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from chassis.wording import Language

NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"

_LOCALES = {Language.INDONESIAN: "id_ID", Language.ENGLISH: "en_GB"}
_MOMENTS = {Language.INDONESIAN: "EEEE, d MMMM y 'pukul' HH.mm z", Language.ENGLISH: "EEEE, d MMMM y 'at' HH:mm z"}
_BRIEF_MOMENTS = {Language.INDONESIAN: "d MMM y, HH.mm z", Language.ENGLISH: "d MMM y, HH:mm z"}
_EXACT_MOMENTS = {Language.INDONESIAN: "d MMM y, HH.mm.ss z", Language.ENGLISH: "d MMM y, HH:mm:ss z"}
_INDONESIAN_ZONES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
_DAY = "EEEE, d MMMM y"
_CODE_DIGITS: Final = 3
_GROUP: Final = 4


def rupiah(amount: Decimal) -> str:
    """Return an amount of rupiah as Indonesians write it in both languages: `Rp 1.300.042`, with a no-break space."""
    whole = amount.to_integral_value()
    sign = "\N{MINUS SIGN}" if whole < 0 else ""
    return f"{sign}Rp{NO_BREAK_SPACE}{format_decimal(abs(whole), '#,##0', locale='id_ID')}"


def with_code(amount: Decimal) -> tuple[str, str]:
    """Return an amount of rupiah without its last three digits, and these: the unique code of a transfer."""
    whole = rupiah(amount)
    return whole[:-_CODE_DIGITS], whole[-_CODE_DIGITS:]


def grouped(number: str) -> str:
    """Return a long number in groups of four, so that it can be compared; spaces are where a line may break."""
    return " ".join(number[start : start + _GROUP] for start in range(0, len(number), _GROUP))


def digits(amount: Decimal) -> str:
    """Return an amount of rupiah as the digits that are typed into a banking app."""
    return str(amount.to_integral_value())


def digits_only(text: str) -> str:
    """Return the digits of an account number that is written with spaces or dashes."""
    return "".join(each for each in text if each.isascii() and each.isdigit())


def whole_number(number: int, language: Language) -> str:
    """Return a whole number with separators of thousands."""
    return str(format_decimal(number, "#,##0", locale=_LOCALES[language]))


def decimal(number: Decimal, language: Language) -> str:
    """Return a number with up to two decimals."""
    return str(format_decimal(number, "#,##0.##", locale=_LOCALES[language]))


def day(value: date, language: Language) -> str:
    """Return a date with its weekday."""
    return str(format_date(value, _DAY, locale=_LOCALES[language]))


def short_day(value: date, language: Language) -> str:
    """Return a date without its weekday, as a list has it."""
    return str(format_date(value, "d MMM y", locale=_LOCALES[language]))


def short_month(value: date, language: Language) -> str:
    """Return the abbreviated month of a date."""
    return str(format_date(value, "MMM", locale=_LOCALES[language]))


def month(value: date, language: Language) -> str:
    """Return the month of a date with its year."""
    return str(format_date(value, "MMMM y", locale=_LOCALES[language]))


def clock(value: datetime, language: Language) -> str:
    """Return the hour and minute of a time in its own zone."""
    return value.strftime("%H.%M" if language is Language.INDONESIAN else "%H:%M")


def short_weekday(value: date, language: Language) -> str:
    """Return the abbreviated weekday of a date."""
    return str(format_date(value, "EEE", locale=_LOCALES[language]))


def moment(value: datetime, zone: str, language: Language) -> str:
    """Return a time in a race's zone, with the zone's name, as a deadline is written."""
    return _in_zone(value, zone, _MOMENTS[language], language)


def brief_moment(value: datetime, zone: str, language: Language) -> str:
    """Return a time in a race's zone, with the zone's name, as a list of what happened has it."""
    return _in_zone(value, zone, _BRIEF_MOMENTS[language], language)


def day_or_moment(value: datetime, zone: str, days_in: str, language: Language) -> str:
    """Return a time like `brief_moment`; the day alone if it is midnight, as a form that asks for a day has no hour.

    Args:
        days_in: the zone in which days without an hour are stored.
    """
    local = in_zone(value, days_in)
    return short_day(local, language) if local.time() == time() else brief_moment(value, zone, language)


def exact_moment(value: datetime, zone: str, language: Language) -> str:
    """Return a time in a race's zone with its seconds, to see which of two came first."""
    return _in_zone(value, zone, _EXACT_MOMENTS[language], language)


def _in_zone(value: datetime, zone: str, pattern: str, language: Language) -> str:
    name = _INDONESIAN_ZONES.get(zone)
    if name is not None:
        pattern = pattern.replace("z", f"'{name}'")
    return str(format_datetime(in_zone(value, zone), pattern, locale=_LOCALES[language]))


def in_zone(value: datetime, zone: str) -> datetime:
    """Return a time by the clock of a zone. The first and last hours of the calendar stay in their own."""
    try:
        return value.astimezone(ZoneInfo(zone))
    except OverflowError:
        return value


def zone_name(value: date, zone: str, language: Language) -> str:
    """Return the short name of a zone as it is on a day: `WIB`."""
    noon = datetime.combine(value, time(12), ZoneInfo(zone))
    return _INDONESIAN_ZONES.get(zone) or str(format_datetime(noon, "z", locale=_LOCALES[language]))
