"""Templates: text with `{variables}`, validated when saved and filled in by substitution. They are never executed."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chassis.canonical.links import refuse_links
from chassis.canonical.names import clean_line
from chassis.wording import Refused, Wording

from notification.messages.rules import EventType, one_line

NO_VALUE = "-"
_VARIABLE = re.compile(r"\{([^{}]*)\}")


_VARIABLES: Mapping[str, Wording] = {
    "name": Wording(en="the recipient's name", id="nama penerima"),
    "registration_number": Wording(en="number of the registration", id="nomor pendaftaran"),
    "bib_number": Wording(en="BIB number, once confirmed", id="nomor BIB, setelah terkonfirmasi"),
    "ticket_number": Wording(en="number of the ticket, once confirmed", id="nomor tiket, setelah terkonfirmasi"),
    "event_name": Wording(en="the race", id="nama lomba"),
    "event_date": Wording(en="day of the race", id="tanggal lomba"),
    "event_location": Wording(en="where it starts", id="tempat start"),
    "category_name": Wording(en="race category", id="kategori lomba"),
    "amount": Wording(
        en="what is owed, was paid or goes back", id="jumlah yang harus dibayar, sudah dibayar, atau dikembalikan"
    ),
    "payment_deadline": Wording(
        en="until when to pay, with the time zone", id="batas waktu pembayaran, dengan zona waktu"
    ),
    "offer_deadline": Wording(
        en="until when to accept a place that is offered from the waiting list",
        id="batas waktu menerima tempat yang ditawarkan dari daftar tunggu",
    ),
    "position": Wording(
        en="place in the line of the waiting list, at the time of joining",
        id="urutan di daftar tunggu, saat mulai menunggu",
    ),
    "reason": Wording(
        en="why a proof was refused, a registration cancelled or money goes back, or why an offer has ended",
        id="alasan bukti ditolak, pendaftaran dibatalkan, uang dikembalikan, atau tawaran berakhir",
    ),
    "reference": Wording(en="of the transfer with which money went back", id="nomor referensi transfer pengembalian"),
    "usdt_amount": Wording(
        en="USDT that arrived, are kept or were taken back by the network",
        id="USDT yang masuk, disimpan, atau dibatalkan oleh jaringan",
    ),
    "usdt_missing": Wording(en="USDT that are still missing", id="USDT yang masih kurang"),
    "usdt_network": Wording(en="network of a payment in USDT", id="jaringan pembayaran USDT"),
    "usdt_address": Wording(
        en="address to which USDT are sent for this registration", id="alamat tujuan USDT untuk pendaftaran ini"
    ),
    "usdt_transaction": Wording(
        en="hash of a transaction that the network took back", id="hash transaksi yang dibatalkan oleh jaringan"
    ),
    "ticket_url": Wording(
        en="address of the ticket's QR code, once confirmed", id="alamat kode QR tiket, setelah terkonfirmasi"
    ),
    "status_url": Wording(en="the recipient's own page", id="halaman milik penerima sendiri"),
    "site_url": Wording(en="address of the platform", id="alamat platform"),
}
_LINK_VARIABLES: Mapping[str, Wording] = {
    "links": Wording(
        en="the recipient's registrations, each with the address of its own page; several lines",
        id="pendaftaran milik penerima, masing-masing dengan alamat halamannya; beberapa baris",
    ),
    "site_url": _VARIABLES["site_url"],
}
_NOT_IN_SUBJECTS = frozenset({"links", "status_url", "ticket_url"})

Values = Mapping[str, str | tuple[str, ...]]
"""Values of variables: one line, or several."""


def variables_of(event_type: EventType) -> Mapping[str, Wording]:
    """Return the variables of an event type with their descriptions. One without a value is shown as `-`."""
    return _LINK_VARIABLES if event_type is EventType.ACCESS_LINKS else _VARIABLES


def variables_of_subject(event_type: EventType) -> frozenset[str]:
    """Return the variables allowed in subjects: none that contain a code, as mail servers log subjects."""
    return frozenset(variables_of(event_type)) - _NOT_IN_SUBJECTS


@dataclass(frozen=True)
class Template:
    """Body and subject of a message. Only e-mail has a subject."""

    body: str
    subject: str = ""


_STRAY_BRACE = Wording(
    en="A brace is not part of a variable.", id="Ada kurung kurawal yang bukan bagian dari variabel."
)


def _unknown(name: str) -> Wording:
    return Wording(en=f"There is no variable {{{name}}}.", id=f"Tidak ada variabel {{{name}}}.")


def problems_of(text: str, variables: Collection[str]) -> list[Wording]:
    """Return the problems of a template: each unknown variable, and stray braces."""
    unknown = sorted({name for name in _VARIABLE.findall(text) if name not in variables})
    found = [_unknown(name) for name in unknown]
    if re.search(r"[{}]", _VARIABLE.sub("", text)):
        found.append(_STRAY_BRACE)
    return found


def fill_in(text: str, values: Values) -> str:
    """Return `text` with its variables replaced, in one pass: values are not expanded.

    A value is reduced to one line, so that it cannot add headers or paragraphs. Only a tuple of lines adds line
    breaks.
    """
    return _VARIABLE.sub(lambda found: _shown(values.get(found[1], "")) or NO_VALUE, text)


def fill_in_subject(text: str, values: Values) -> str:
    """Return the subject, one line. Variables that are not allowed in subjects are shown as `-`."""
    return one_line(fill_in(text, {name: value for name, value in values.items() if name not in _NOT_IN_SUBJECTS}))


def _shown(value: str | tuple[str, ...]) -> str:
    return one_line(value) if isinstance(value, str) else "\n".join(one_line(line) for line in value)


def safe_name(name: str) -> str:
    """Return a name as messages show it: no part of it becomes a link or a header.

    Names of older releases may contain what is refused today; of these only the letters are kept.
    """
    try:
        line = clean_line(name)
        refuse_links(line)
    except Refused:
        letters = "".join(char if _is_letter(char) else " " for char in unicodedata.normalize("NFKC", name))
        line = " ".join(letters.split())
    return line or NO_VALUE


def _is_letter(char: str) -> bool:
    try:
        return clean_line(char) == char and unicodedata.category(char)[0] in "LM"
    except Refused:
        return False
