"""Messages for invalid fields, written for the person who typed them.

Pydantic's own messages name types and quote patterns; here each type of error has a sentence in both languages.
Placeholders such as `{max_length}` are filled from the error's context.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from chassis.wording import Language, Refused, Wording

MISSING: Final = Wording(en="Fill this in.", id="Isian ini wajib diisi.")
UNKNOWN_FIELD: Final = Wording(en="There is no such field; leave it out.", id="Isian ini tidak dikenal; hapus saja.")
NOT_ACCEPTED: Final = Wording(en="This value is not accepted here.", id="Nilai ini tidak diterima di sini.")
NO_TEXT: Final = Wording(en="Send this as text, in quotes.", id="Kirim isian ini sebagai teks, dalam tanda kutip.")
NO_NUMBER: Final = Wording(en="Enter a number, without quotes.", id="Isi dengan angka, tanpa tanda kutip.")
NO_WHOLE_NUMBER: Final = Wording(
    en="Enter a whole number, without quotes.", id="Isi dengan bilangan bulat, tanpa tanda kutip."
)
NO_DAY: Final = Wording(en="Write the date like 1990-01-31.", id="Tulis tanggal seperti 1990-01-31.")
NO_MOMENT: Final = Wording(
    en="Write date and time with their offset, like 2026-01-31T07:00:00+07:00.",
    id="Tulis tanggal dan jam dengan zona waktunya, seperti 2026-01-31T07:00:00+07:00.",
)
NO_ID: Final = Wording(
    en="This is no id; copy it from the answer that named it.", id="Ini bukan id; salin dari jawaban yang memuatnya."
)
NO_OBJECT: Final = Wording(en="Send a JSON object with fields.", id="Kirim objek JSON berisi isian.")
NO_LIST: Final = Wording(en="Send a list.", id="Kirim sebuah daftar.")
TOO_MANY_DIGITS: Final = Wording(en="This number has too many digits.", id="Angka ini terlalu panjang.")

_BY_TYPE: Final[Mapping[str, Wording]] = {
    "missing": MISSING,
    "extra_forbidden": UNKNOWN_FIELD,
    "none_required": Wording(en="Leave this empty (null).", id="Kosongkan isian ini (null)."),
    "string_type": NO_TEXT,
    "string_unicode": NO_TEXT,
    "string_sub_type": NO_TEXT,
    "string_too_short": Wording(
        en="Write at least {min_length} characters.", id="Tulis paling sedikit {min_length} karakter."
    ),
    "string_too_long": Wording(
        en="Write at most {max_length} characters.", id="Tulis paling banyak {max_length} karakter."
    ),
    "string_pattern_mismatch": Wording(
        en="This has characters, or a form, that are not accepted here.",
        id="Isian ini memuat karakter atau bentuk yang tidak diterima.",
    ),
    "enum": Wording(en="Choose one of {expected}.", id="Pilih salah satu: {expected}."),
    "literal_error": Wording(en="Choose one of {expected}.", id="Pilih salah satu: {expected}."),
    "greater_than": Wording(en="This must be more than {gt}.", id="Nilainya harus lebih dari {gt}."),
    "greater_than_equal": Wording(en="This must be at least {ge}.", id="Nilainya paling sedikit {ge}."),
    "less_than": Wording(en="This must be less than {lt}.", id="Nilainya harus kurang dari {lt}."),
    "less_than_equal": Wording(en="This must be at most {le}.", id="Nilainya paling banyak {le}."),
    "multiple_of": Wording(
        en="This must be a multiple of {multiple_of}.", id="Nilainya harus kelipatan {multiple_of}."
    ),
    "too_short": Wording(en="Give at least {min_length} entries.", id="Isi paling sedikit {min_length} entri."),
    "too_long": Wording(en="Give at most {max_length} entries.", id="Isi paling banyak {max_length} entri."),
    "decimal_max_digits": TOO_MANY_DIGITS,
    "decimal_whole_digits": TOO_MANY_DIGITS,
    "decimal_max_places": Wording(
        en="Write at most {decimal_places} decimals.", id="Tulis paling banyak {decimal_places} desimal."
    ),
    "int_from_float": NO_WHOLE_NUMBER,
    "int_parsing_size": TOO_MANY_DIGITS,
    "finite_number": NO_NUMBER,
    "date_from_datetime_inexact": NO_DAY,
    "timezone_naive": NO_MOMENT,
    "timezone_aware": NO_MOMENT,
    "timezone_offset": NO_MOMENT,
}

_BY_FAMILY: Final[Mapping[str, Wording]] = {
    "bool": Wording(en="Send true or false, without quotes.", id="Kirim true atau false, tanpa tanda kutip."),
    "int": NO_WHOLE_NUMBER,
    "float": NO_NUMBER,
    "decimal": NO_NUMBER,
    "date": NO_DAY,
    "datetime": NO_MOMENT,
    "uuid": NO_ID,
    "bytes": NO_TEXT,
    "url": Wording(
        en="Write a web address like https://example.com.", id="Tulis alamat web seperti https://contoh.com."
    ),
    "model": NO_OBJECT,
    "dict": NO_OBJECT,
    "mapping": NO_OBJECT,
    "list": NO_LIST,
    "tuple": NO_LIST,
    "set": NO_LIST,
}
"""Messages by the part of an error type before its first underscore."""

_EMPTY: Final = ("string_too_short", 1)
_OF_TEXT: Final = {"too_short": "string_too_short", "too_long": "string_too_long"}


def message_for(error: Mapping[str, Any], language: Language) -> str:
    """Return the message for one of pydantic's errors."""
    context = error.get("ctx") or {}
    refused = context.get("error")
    if isinstance(refused, Refused):
        return refused.wording.said(language)
    kind = error["type"]
    if isinstance(error.get("input"), str):
        kind = _OF_TEXT.get(kind, kind)  # pydantic counts entries if a text was parsed before the length check
    if (kind, context.get("min_length")) == _EMPTY:
        return MISSING.said(language)
    wording = _BY_TYPE.get(kind) or _BY_FAMILY.get(kind.partition("_")[0], NOT_ACCEPTED)
    return wording.said(language, **{name: _written(value, language) for name, value in context.items()})


def _written(value: Any, language: Language) -> str:
    if isinstance(value, str):
        return value.replace(" or ", " atau ") if language is Language.INDONESIAN else value
    if isinstance(value, Decimal) or (isinstance(value, float) and value.is_integer()):
        return f"{Decimal(value).normalize():f}"
    return value.isoformat() if isinstance(value, date) else str(value)
