"""Banks with virtual accounts: what their apps and machines call the way to pay one.

The names of menus are those on the screens, the same in every language of these pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class BankGuide:
    """A bank, its app, and the menus that lead to a virtual account in the app and at a cash machine.

    They are empty for a bank that is not known here.
    """

    name: str
    app: str = ""
    app_menu: Sequence[str] = ()
    machine_menu: Sequence[str] = ()


_GUIDES: Final[Mapping[str, BankGuide]] = {
    "bca": BankGuide(
        "BCA",
        "BCA mobile",
        ("m-Transfer", "BCA Virtual Account"),
        ("Transaksi Lainnya", "Transfer", "Ke Rek BCA Virtual Account"),
    ),
    "bni": BankGuide(
        "BNI",
        "BNI Mobile Banking",
        ("Transfer", "Virtual Account Billing"),
        ("Menu Lainnya", "Transfer", "Virtual Account Billing"),
    ),
    "bri": BankGuide("BRI", "BRImo", ("BRIVA",), ("Transaksi Lain", "Pembayaran", "Lainnya", "BRIVA")),
    "cimb": BankGuide(
        "CIMB Niaga",
        "OCTO Mobile",
        ("Transfer", "Virtual Account"),
        ("Pembayaran", "Lanjut", "Virtual Account"),
    ),
    "mandiri": BankGuide(
        "Mandiri",
        "Livin'",
        ("Bayar", "Multi Payment"),
        ("Bayar/Beli", "Lainnya", "Multi Payment"),
    ),
    "permata": BankGuide(
        "Permata",
        "PermataMobile X",
        ("Pembayaran", "Virtual Account"),
        ("Transaksi Lainnya", "Pembayaran", "Pembayaran Lainnya", "Virtual Account"),
    ),
}


def guide_of(bank: str) -> BankGuide:
    """Return the guide of a bank by its word in the API; only the name of one that is not known here."""
    return _GUIDES.get(bank) or BankGuide(bank.upper())
