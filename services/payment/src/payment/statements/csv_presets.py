"""The CSV exports of BCA, Mandiri, BRI and BNI, recognised by their headers.

The layouts are those of files that others have published parsers and tests for; none of these banks documents them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from payment.statements.mapping import ColumnMapping, folded_name
from payment.statements.model import Format
from payment.statements.numbers import DecimalMark


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The names of the columns of one export, as `folded_name` gives them. All must be in the header, in any order.

    Attributes:
        text: all columns with these names are taken, as Mandiri has two of one name.
        better_text, currency: taken if they are there.
        side: empty for the column without a name after `amount`, if there is one.
        others: names that only identify the layout.
    """

    format: Format
    date: str
    text: tuple[str, ...]
    amount: str | None = None
    side: str | None = None
    credit: str | None = None
    debit: str | None = None
    balance: str | None = None
    before: str | None = None
    better_text: str | None = None
    reference: str | None = None
    account: str | None = None
    currency: str | None = None
    others: tuple[str, ...] = ()
    usual_mark: DecimalMark = DecimalMark.POINT
    is_text_unquoted: bool = False

    def required(self) -> set[str]:
        """Return the names that a header must have."""
        names = (self.date, self.amount, self.side, self.credit, self.debit, self.balance, self.reference, self.account)
        return {name for name in (*names, *self.text, *self.others) if name}


LAYOUTS: Final = (
    *(
        Layout(
            format=Format.BCA_CSV,
            date=day,
            text=(text,),
            amount=amount,
            side="",
            balance=balance,
            others=(branch,),
            is_text_unquoted=True,
        )
        for day, text, branch, amount, balance in (
            ("tanggal transaksi", "keterangan", "cabang", "jumlah", "saldo"),
            ("tanggal", "keterangan", "cabang", "jumlah", "saldo"),
            ("date", "description", "branch", "amount", "balance"),
        )
    ),
    Layout(
        format=Format.BCA_PREVIEW_CSV,
        date="tanggal",
        text=("keterangan",),
        debit="debit",
        credit="kredit",
        balance="saldo",
        others=("no",),
        usual_mark=DecimalMark.COMMA,
    ),
    Layout(
        format=Format.MANDIRI_CSV,
        date="postdate",
        text=("remarks", "additionaldesc"),
        credit="credit amount",
        debit="debit amount",
        balance="close balance",
        account="accountno",
        currency="ccy",
    ),
    Layout(
        format=Format.MANDIRI_MCM_CSV,
        date="date",
        text=("description",),
        debit="debit",
        credit="credit",
        reference="reference no",
        account="account no",
        others=("val date", "transaction code"),
    ),
    Layout(
        format=Format.MANDIRI_TABLE_CSV,
        date="tgl",
        text=("rincian transaksi",),
        debit="debit",
        credit="kredit",
        balance="saldo",
        reference="no referensi",
        others=("tgl val",),
        usual_mark=DecimalMark.COMMA,
    ),
    Layout(
        format=Format.BRI_CSV,
        date="tgl tran",
        text=("desk tran",),
        better_text="remark custom",
        debit="mutasi debet",
        credit="mutasi kredit",
        before="saldo awal mutasi",
        balance="saldo akhir mutasi",
    ),
    Layout(
        format=Format.BNI_CSV,
        date="post date",
        text=("description",),
        debit="debit",
        credit="credit",
        reference="journal no",
        others=("value date", "branch"),
    ),
    Layout(
        format=Format.BNI_DIRECT_CSV,
        date="posting date",
        text=("description",),
        amount="amount",
        side="db cr",
        balance="balance",
        reference="journal",
        others=("effective date", "branch"),
    ),
)

_OPTIONAL_ACCOUNTS: Final = ("norek", "accountno", "account no", "no rekening")


def preset_of(cells: Sequence[str]) -> ColumnMapping | None:
    """Return the columns of the bank whose header the cells are; None if they are no known header.

    Of several layouts that fit the one with the most names is it.
    """
    names = [folded_name(cell) for cell in cells]
    found = [layout for layout in LAYOUTS if layout.required() <= set(names)]
    best = max(found, key=lambda layout: len(layout.required()), default=None)
    return _columns(best, names) if best else None


def _columns(layout: Layout, names: Sequence[str]) -> ColumnMapping:
    def index(name: str | None) -> int | None:
        return names.index(name) if name and name in names else None

    texts = tuple(number for number, name in enumerate(names) if name in layout.text)
    accounts = (layout.account, *_OPTIONAL_ACCOUNTS)
    return ColumnMapping(
        format=layout.format,
        header=tuple(names),
        date=names.index(layout.date),
        text=texts,
        amount=index(layout.amount),
        side=index(layout.side) if layout.side else _nameless_after(index(layout.amount), names),
        credit=index(layout.credit),
        debit=index(layout.debit),
        balance=index(layout.balance),
        before=index(layout.before),
        better_text=index(layout.better_text),
        reference=index(layout.reference),
        account=next((found for name in accounts if (found := index(name)) is not None), None),
        currency=index(layout.currency),
        usual_mark=layout.usual_mark,
        is_text_unquoted=layout.is_text_unquoted,
        needs_side=layout.amount is not None,
    )


def _nameless_after(column: int | None, names: Sequence[str]) -> int | None:
    """Return the column without a name after `column`, if a named one follows."""
    if column is None or column + 2 >= len(names) or names[column + 1]:
        return None
    return column + 1 if names[column + 2] else None
