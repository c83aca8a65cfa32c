"""The columns of a settlement report, recognised by their names.

Midtrans documents no names of columns, and its old and new pages have different ones: all that are likely are taken, in
English and Indonesian. What they hold is proven by the sums of each row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from payment.statements.mapping import folded_name


class Part(StrEnum):
    """What a column holds; the value is its name for people."""

    ORDER = "Order ID"
    AMOUNT = "Amount"
    FEE = "MDR or fee"
    NET = "Net amount"
    SETTLED = "Settlement date"
    TAX = "VAT"
    STATUS = "Status"
    TYPE = "Transaction type"


NEEDED: Final = (Part.ORDER, Part.AMOUNT, Part.FEE, Part.NET, Part.SETTLED)

# The first name that a header has counts.
_NAMES: Final[Mapping[Part, Sequence[str]]] = {
    Part.ORDER: ("order id", "orderid", "merchant order id", "id order", "id pesanan", "nomor pesanan"),
    Part.AMOUNT: (
        *("gross amount", "transaction amount", "amount", "payment amount", "amount idr"),
        *("jumlah transaksi", "nominal transaksi", "jumlah", "nominal"),
    ),
    Part.FEE: (
        *("mdr fee", "mdr", "transaction fee", "fee", "fee amount", "fees", "mdr amount", "fee mdr"),
        *("biaya mdr", "biaya transaksi", "biaya"),
    ),
    Part.NET: (
        *("net amount", "nett amount", "net", "nett", "settlement amount", "payout amount", "amount to be paid"),
        *("jumlah bersih", "nominal bersih", "jumlah diterima"),
    ),
    Part.SETTLED: (
        *("settlement date", "settlement time", "settled at", "settled date", "settlement date time"),
        *("tanggal settlement", "waktu settlement", "tanggal penyelesaian"),
    ),
    Part.TAX: ("vat", "ppn", "fee vat", "vat amount", "tax", "pajak", "ppn biaya"),
    Part.STATUS: ("transaction status", "status", "status transaksi"),
    Part.TYPE: ("transaction type", "type", "tipe transaksi", "jenis transaksi", "tipe"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The header of a report.

    Attributes:
        at: the indexes of the columns that were recognised.
        names: as the file has them.
        width: how many cells a row may have.
    """

    at: Mapping[Part, int]
    names: Sequence[str]

    @property
    def width(self) -> int:
        """Return how many cells a row may have."""
        return len(self.names)

    @property
    def missing(self) -> Sequence[Part]:
        """Return what the file needs and does not have."""
        return [part for part in NEEDED if part not in self.at]


def columns_of(cells: Sequence[str]) -> Columns:
    """Return the columns that a row names."""
    folded = [folded_name(cell) for cell in cells]
    found: dict[Part, int] = {}
    for part, names in _NAMES.items():
        name = next((each for each in names if each in folded), None)
        if name is not None:
            found[part] = folded.index(name)
    return Columns(found, cells)
