"""Statements in ISO 20022 CAMT.053, of any version: elements are recognised by their names without a namespace."""

import io
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Self
from xml.etree.ElementTree import Element, ParseError, iterparse

from payment.statements.balances import ensure_adds_up
from payment.statements.dates import DateOrder, parse_date
from payment.statements.entries import Draft, Entry, Known, Part, folded_spaces
from payment.statements.errors import (
    SeveralAccounts,
    StatementDoesNotAddUp,
    UnreadableDate,
    UnreadableNumber,
    UnreadableXml,
    XmlDeclaresTypes,
)
from payment.statements.model import Format, Place, Unit, account_number, currency_code

_BEGINNING: Final = 4096
_DECLARATION: Final = re.compile(r"\s*<\?xml[^>]*\?>")
_TYPES: Final = re.compile("<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_AMOUNT: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{0,2})0*)?")
_OPENING: Final = ("OPBD", "PRCD", "ITBD")
_CLOSING: Final = ("CLBD", "ITBD")
_TEXTS: Final = frozenset({"Ustrd", "Ref", "AddtlTxInf", "AddtlNtryInf", "AddtlRmtInf", "EndToEndId"})
_PAYERS: Final = frozenset({"Dbtr", "UltmtDbtr"})
_PAYEES: Final = frozenset({"Cdtr", "UltmtCdtr"})
_NO_REFERENCE: Final = frozenset({"", "NOTPROVIDED", "NONREF"})


def is_xml(text: str) -> bool:
    """Return whether a text is XML."""
    return text.lstrip()[:1] == "<"


def is_camt053(text: str) -> bool:
    """Return whether the beginning of an XML text names the message of a statement."""
    return "BkToCstmrStmt" in text[:_BEGINNING]


def read_camt053(text: str) -> Draft:
    """Read all statements of a file, which must be of one account and follow each other.

    Raises:
        StatementDoesNotAddUp, UnreadableXml, XmlDeclaresTypes, UnreadableNumber, UnreadableDate, SeveralAccounts,
        TooManyLines.
    """
    # Decoded text is parsed as UTF-8, whatever its declaration says: another encoding could hide a DOCTYPE.
    declared = _DECLARATION.match(text)
    start = declared.end() if declared else 0
    body = text[start:]
    if _TYPES.search(body):
        raise XmlDeclaresTypes
    reader = _Reader()
    try:
        for event, element in iterparse(io.BytesIO(body.encode()), events=("start", "end")):  # noqa: S314  # no DOCTYPE
            reader.take(event, element)
    except ParseError as error:
        raise UnreadableXml.at(Place(error.position[0] + text.count("\n", 0, start))) from None
    return reader.draft()


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: Element, *path: str) -> Iterator[Element]:
    """Yield the descendants at a path of names, such as `Acct`, `Ccy`."""
    name, *rest = path
    for child in element:
        if _name(child) == name:
            yield from _children(child, *rest) if rest else (child,)


def _text(element: Element, *path: str) -> str:
    """Return the text of the first element at a path; empty if there is none."""
    return next(((child.text or "").strip() for child in _children(element, *path)), "")


@dataclass(slots=True)
class _Account:
    number: str | None = None
    currency: str | None = None
    balances: dict[str, list[Known]] = field(default_factory=dict)


class _Reader:
    """Takes elements as they end and forgets them, so that memory does not grow with the file."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._account = _Account()
        self._statement: Element | None = None
        self._depth = 0
        self._count = 0

    def take(self, event: str, element: Element) -> None:
        """Take the beginning or end of an element."""
        if self._statement is None:
            if event == "start" and _name(element) == "Stmt":
                self._statement, self._depth = element, 0
                self._parts.append(Part())
                self._account.balances = {}
        elif event == "start":
            self._depth += 1
        elif element is self._statement:
            self._end()
        else:
            self._depth -= 1
            if self._depth == 0:
                self._take_child(_name(element), element)
                self._statement.remove(element)

    def draft(self) -> Draft:
        """Return what was taken.

        Raises:
            UnreadableXml: there is no statement.
            StatementDoesNotAddUp.
        """
        if not self._parts:
            raise UnreadableXml.at(Place(1))
        for part in self._parts:
            ensure_adds_up(part, Unit.ENTRY)
        return Draft(Format.CAMT053, self._account.number, self._account.currency, self._parts, Unit.ENTRY)

    def _take_child(self, name: str, element: Element) -> None:
        if name == "Acct":
            self._take_account(element)
        elif name == "Bal":
            self._take_balance(element)
        elif name == "Ntry":
            self._count += 1
            for entry in _entries(element, Place(self._count, Unit.ENTRY)):
                self._parts[-1].add(entry)
            for amount in _children(element, "Amt"):
                self._take_currency(amount.get("Ccy", ""))

    def _take_account(self, element: Element) -> None:
        number = account_number(_text(element, "Id", "IBAN") or _text(element, "Id", "Othr", "Id"))
        if self._account.number and number and number != self._account.number:
            raise SeveralAccounts.at(Place(self._count + 1, Unit.ENTRY))
        self._account.number = number or self._account.number
        self._take_currency(_text(element, "Ccy"))

    def _take_currency(self, written: str) -> None:
        currency = currency_code(written)
        if self._account.currency and currency and currency != self._account.currency:
            raise SeveralAccounts.at(Place(max(self._count, 1), Unit.ENTRY))
        self._account.currency = currency or self._account.currency

    def _take_balance(self, element: Element) -> None:
        place = Place(max(self._count, 1), Unit.ENTRY)
        kind = _text(element, "Tp", "CdOrPrtry", "Cd")
        known = Known(place.number, _signed(element, place))
        self._account.balances.setdefault(kind, []).append(known)
        for amount in _children(element, "Amt"):
            self._take_currency(amount.get("Ccy", ""))

    def _end(self) -> None:
        """Give the part its balances. On a page of several, both are intermediate: the first opens, the last closes."""
        part, balances = self._parts[-1], self._account.balances
        part.opening = next((balances[kind][0] for kind in _OPENING if kind in balances), None)
        part.closing = next((balances[kind][-1] for kind in _CLOSING if kind in balances), None)
        if part.closing is None or part.opening is None:
            raise UnreadableXml.at(Place(max(self._count, 1), Unit.ENTRY))
        part.closing = Known(max(self._count, 1), part.closing.amount)
        self._statement = None


@dataclass(frozen=True, slots=True)
class _Whole:
    """What an entry says for all its transactions."""

    amount: Decimal
    currencies: Sequence[str | None]
    side: str
    reference: str
    information: str

    @classmethod
    def of(cls, element: Element, place: Place) -> Self:
        """Return what an entry says."""
        return cls(
            _signed(element, place),
            [each.get("Ccy") for each in _children(element, "Amt")],
            _text(element, "CdtDbtInd"),
            _text(element, "AcctSvcrRef"),
            _text(element, "AddtlNtryInf"),
        )


def _entries(element: Element, place: Place) -> Iterator[Entry]:
    """Yield the lines of an entry that is booked or pending: a batch with amounts has one for each transaction.

    Raises:
        StatementDoesNotAddUp: the transactions are not the sum of their entry.
    """
    status = _text(element, "Sts", "Cd") or _text(element, "Sts") or "BOOK"
    if status not in {"BOOK", "PDNG"}:
        return
    whole = _Whole.of(element, place)
    day = _day(element, place) if status == "BOOK" else None
    transactions = list(_children(element, "NtryDtls", "TxDtls"))
    stated = [_transaction_amount(each, whole, place) for each in transactions]
    amounts = [amount for amount in stated if amount is not None]
    if len(transactions) <= 1 or len(amounts) < len(transactions):
        first = transactions[0] if transactions else element
        yield _entry(element, whole.amount, day, place, whole.reference or _text(first, "Refs", "AcctSvcrRef"))
        return
    if sum(amounts) != whole.amount:
        raise StatementDoesNotAddUp.at(place, expected=sum(amounts, Decimal(0)), found=whole.amount)
    for transaction, amount in zip(transactions, amounts, strict=True):
        reference = _text(transaction, "Refs", "AcctSvcrRef") or whole.reference
        yield _entry(transaction, amount, day, place, reference, whole.information)


def _entry(
    element: Element, amount: Decimal, day: date | None, place: Place, reference: str, information: str = ""
) -> Entry:
    text = " ".join((*_texts(element, _PAYERS if amount > 0 else _PAYEES), information))
    found = folded_spaces(reference)
    return Entry(place.number, day, amount, folded_spaces(text), found if found.upper() not in _NO_REFERENCE else None)


def _transaction_amount(details: Element, whole: _Whole, place: Place) -> Decimal | None:
    """Return the signed amount of a transaction; None if it states none in the currency of its entry."""
    stated = [*_children(details, "Amt"), *_children(details, "AmtDtls", "TxAmt", "Amt")]
    amount = next((each for each in stated if [each.get("Ccy")] == whole.currencies), None)
    side = _text(details, "CdtDbtInd") or whole.side
    return _sign(_number((amount.text or "").strip(), place), side, place) if amount is not None else None


def _signed(element: Element, place: Place) -> Decimal:
    return _sign(_number(_text(element, "Amt"), place), _text(element, "CdtDbtInd"), place)


def _sign(amount: Decimal, side: str, place: Place) -> Decimal:
    if side not in {"CRDT", "DBIT"}:
        raise UnreadableXml.at(place)
    return amount if side == "CRDT" else -amount


def _number(written: str, place: Place) -> Decimal:
    found = _AMOUNT.fullmatch(written)
    if not found:
        raise UnreadableNumber.at(place, written)
    return Decimal(f"{found[1]}.{found[2] or '':0<2}")


def _day(element: Element, place: Place) -> date:
    """Return the day on which an entry was booked, or its value date."""
    paths = (("BookgDt", "Dt"), ("BookgDt", "DtTm"), ("ValDt", "Dt"), ("ValDt", "DtTm"))
    written = next((text for path in paths if (text := _text(element, *path))), "")
    day = parse_date(written[: len("2026-01-31")], DateOrder.YEAR_FIRST, None)
    if day is None:
        raise UnreadableDate.at(place, written)
    return day


def _texts(element: Element, parties: Container[str]) -> Iterator[str]:
    """Yield the remittance texts and the names of the other party, in the order of the file."""
    for each in element.iter():
        name = _name(each)
        if name in parties:
            yield _text(each, "Nm") or _text(each, "Pty", "Nm")
        elif name in _TEXTS and each.text and each.text.strip().upper() not in _NO_REFERENCE:
            yield each.text.strip()
