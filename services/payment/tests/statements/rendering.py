"""Invented statements, written as banks write them."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

ACCOUNT = "1370012345678"


@dataclass(frozen=True)
class Row:
    """A line of a statement as it shows it."""

    day: date
    amount: Decimal
    text: str
    before: Decimal
    balance: Decimal


@dataclass(frozen=True)
class Sheet:
    """A statement: its rows and the balances around them."""

    opening: Decimal
    closing: Decimal
    rows: Sequence[Row]

    def part(self, start: int, end: int) -> "Sheet":
        """The rows from one to before another; there must be one."""
        rows = self.rows[start:end]
        return Sheet(rows[0].before, rows[-1].balance, rows)

    def with_row(self, number: int, **values: object) -> "Sheet":
        """The same with other values in a row; nothing else changes."""
        rows = list(self.rows)
        rows[number] = replace(rows[number], **values)  # type: ignore[arg-type]
        return replace(self, rows=rows)

    def without_row(self, number: int) -> "Sheet":
        """The same without a row; nothing else changes."""
        return replace(self, rows=[*self.rows[:number], *self.rows[number + 1 :]])


def sheet(opening: Decimal, movements: Sequence[tuple[date, Decimal, str]]) -> Sheet:
    """A statement that adds up."""
    rows, balance = [], opening
    for day, amount, text in movements:
        rows.append(Row(day, amount, text, balance, balance + amount))
        balance += amount
    return Sheet(opening, balance, rows)


Rendering = Callable[[Sheet], str]


def point(amount: Decimal | None) -> str:
    return f"{amount:,.2f}" if amount is not None else ""


def comma(amount: Decimal | None) -> str:
    return point(amount).translate(str.maketrans(",.", ".,"))


def plain(amount: Decimal | None) -> str:
    return f"{amount:.2f}" if amount is not None else ""


def sides(amount: Decimal) -> tuple[Decimal, Decimal]:
    """Debit and credit."""
    return (Decimal(0), amount) if amount > 0 else (-amount, Decimal(0))


def rows(cells: Sequence[Sequence[str]], delimiter: str = ",", *, quoted: bool = False) -> str:
    buffer = io.StringIO()
    if quoted:
        csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(cells)
    else:
        csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows(cells)
    return buffer.getvalue()


def bca(sheet: Sheet) -> str:
    """KlikBCA with CR and DB in the cell of the amount, and a footer."""
    days = [each.day for each in sheet.rows] or [date(2026, 8, 1)]
    head = [
        ["Informasi Rekening - Mutasi Rekening", " ", " ", " ", " "],
        [f"No. rekening : {ACCOUNT}"],
        ["Nama : PANITIA LARI INVENSI"],
        [f"Periode : {min(days):%d/%m/%Y} - {max(days):%d/%m/%Y}"],
        ["Kode Mata Uang : Rp"],
        ["Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "Saldo"],
    ]
    lines = [
        [f"{each.day:%d/%m/%Y}", each.text, "0000", _with_side(each.amount), point(each.balance)] for each in sheet.rows
    ]
    foot = [[f"Saldo Awal : {point(sheet.opening)}"], [f"Saldo Akhir : {point(sheet.closing)}"]]
    return rows([*head, *lines, *foot], quoted=True)


def _with_side(amount: Decimal) -> str:
    return f"{point(abs(amount))} {'CR' if amount > 0 else 'DB'}"


def bca_columns(sheet: Sheet) -> str:
    """KlikBCA for persons, with CR and DB in a column of their own."""
    head = [["No. Rekening", "=", f"'{ACCOUNT}"], ["Mata Uang", "=", "IDR"], []]
    titles = [["Tanggal", "Keterangan", "Cabang", "Jumlah", "", "Saldo"]]
    lines = [
        [
            f"'{each.day:%d/%m/%Y}",
            each.text,
            "'0000",
            plain(abs(each.amount)),
            "CR" if each.amount > 0 else "DB",
            plain(each.balance),
        ]
        for each in sheet.rows
    ]
    foot = [["Saldo Awal", "=", plain(sheet.opening)], ["Saldo Akhir", "=", plain(sheet.closing)]]
    return rows([*head, *titles, *lines, *foot])


def bca_preview(sheet: Sheet) -> str:
    lines = [
        [str(number), f"{each.day:%d/%m/%Y}", each.text, _rupiah(debit), _rupiah(credit), f"Rp {comma(each.balance)}"]
        for number, each in enumerate(sheet.rows, start=1)
        for debit, credit in [sides(each.amount)]
    ]
    return rows([["No", "Tanggal", "Keterangan", "Debit", "Kredit", "Saldo"], *lines], "\t")


def _rupiah(amount: Decimal) -> str:
    return f"Rp {comma(amount)}" if amount else "-"


def mandiri(sheet: Sheet) -> str:
    titles = [
        "AccountNo",
        "Ccy",
        "PostDate",
        "Remarks",
        "AdditionalDesc",
        "Credit Amount",
        "Debit Amount",
        "Close Balance",
    ]
    lines = [
        [
            ACCOUNT,
            "IDR",
            f"{each.day:%d %B %Y} 11:27:10",
            each.text,
            "",
            plain(credit),
            plain(debit),
            plain(each.balance),
        ]
        for each in sheet.rows
        for debit, credit in [sides(each.amount)]
    ]
    return rows([titles, *lines], ";")


def mandiri_mcm(sheet: Sheet) -> str:
    """Without a balance."""
    titles = [
        "Account No",
        "Date",
        "Val. Date",
        "Transaction Code",
        "Description",
        "Description",
        "Reference No.",
        "Debit",
        "Credit",
    ]
    lines = [
        [
            ACCOUNT,
            f"{each.day:%d/%m/%y}",
            f"{each.day:%d/%m/%y}",
            "6902",
            each.text,
            "",
            "",
            _or_nothing(debit),
            _or_nothing(credit),
        ]
        for each in sheet.rows
        for debit, credit in [sides(each.amount)]
    ]
    return rows([titles, *lines])


def _or_nothing(amount: Decimal) -> str:
    return point(amount) if amount else ".00"


def mandiri_table(sheet: Sheet) -> str:
    titles = ["Tgl.", "Tgl. Val.", "Rincian Transaksi", "No. Referensi", "Debit", "Kredit", "Saldo"]
    lines = [
        [
            f"{each.day:%d/%m/%Y}",
            f"{each.day:%d/%m/%Y}",
            each.text,
            "",
            comma(debit),
            comma(credit),
            comma(each.balance),
        ]
        for each in sheet.rows
        for debit, credit in [sides(each.amount)]
    ]
    return rows([[f"Nomor Rekening : {ACCOUNT}"], titles, *lines])


def bri(sheet: Sheet) -> str:
    titles = [
        "ID",
        "NOREK",
        "TGL_TRAN",
        "TGL_EFEKTIF",
        "JAM_TRAN",
        "SEQ",
        "DESK_TRAN",
        "SALDO_AWAL_MUTASI",
        "MUTASI_DEBET",
        "MUTASI_KREDIT",
        "SALDO_AKHIR_MUTASI",
        "GLSIGN",
        "TRREMK",
        "REMARK_CUSTOM",
    ]
    lines = []
    for number, each in enumerate(sheet.rows):
        debit, credit = sides(each.amount)
        moved = [plain(each.before), plain(debit), plain(credit), plain(each.balance)]
        day = f"{each.day} 00:04:26"
        lines.append([str(number + 1), ACCOUNT, day, day, "426", "4074000", each.text, *moved, "Cr", "", ""])
    return rows([titles, *lines], quoted=True)


def bni(sheet: Sheet) -> str:
    """Without a balance and without the account."""
    lines = [
        [
            f"{each.day:%d/%m/%y} 11.27.10",
            f"{each.day:%d/%m/%y}",
            "0259",
            "123456",
            each.text,
            point(debit),
            point(credit),
            "",
        ]
        for each in sheet.rows
        for debit, credit in [sides(each.amount)]
    ]
    return rows([["Post Date", "Value Date", "Branch", "Journal No.", "Description", "Debit", "Credit", ""], *lines])


def bni_direct(sheet: Sheet) -> str:
    titles = ["Posting Date", "Effective Date", "Branch", "Journal", "Description", "Amount", "DB/CR", "Balance"]
    lines = [
        [
            f"{each.day:%d/%m/%Y}",
            f"{each.day:%d/%m/%Y}",
            "0259",
            "123456",
            each.text,
            point(abs(each.amount)),
            "K" if each.amount > 0 else "D",
            point(each.balance),
        ]
        for each in sheet.rows
    ]
    return rows([titles, *lines])


def mt940(sheet: Sheet) -> str:
    lines = []
    for each in sheet.rows:
        side, amount = "C" if each.amount > 0 else "D", _mt940_amount(abs(each.amount))
        lines.append(f":61:{each.day:%y%m%d}{each.day:%m%d}{side}{amount}NTRFNONREF\n:86:{each.text}")
    first, last = (sheet.rows[0].day, sheet.rows[-1].day) if sheet.rows else [date(2026, 8, 1)] * 2
    body = "".join(f"{line}\n" for line in lines)
    return (
        f":20:STARTLINE\n:25:{ACCOUNT}\n:28C:1/1\n:60F:{_mt940_balance(sheet.opening, first)}\n{body}"
        f":62F:{_mt940_balance(sheet.closing, last)}\n-\n"
    )


def _mt940_amount(amount: Decimal) -> str:
    return plain(amount).replace(".", ",")


def _mt940_balance(balance: Decimal, day: date) -> str:
    return f"{'D' if balance < 0 else 'C'}{day:%y%m%d}IDR{_mt940_amount(abs(balance))}"


def camt053(sheet: Sheet, *, entries: str | None = None) -> str:
    body = "".join(map(camt_entry, sheet.rows)) if entries is None else entries
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>1</Id>'
        f"<Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id><Ccy>IDR</Ccy></Acct>"
        f"{_camt_balance('OPBD', sheet.opening)}{_camt_balance('CLBD', sheet.closing)}{body}"
        "</Stmt></BkToCstmrStmt></Document>"
    )


def camt_entry(row: Row, *, status: str = "BOOK", details: str | None = None) -> str:
    inside = details or f"<TxDtls><RmtInf><Ustrd>{escape(row.text)}</Ustrd></RmtInf></TxDtls>"
    return (
        f"<Ntry>{camt_amount(row.amount)}<Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>{row.day}</Dt></BookgDt>"
        f"<NtryDtls>{inside}</NtryDtls></Ntry>"
    )


def camt_amount(amount: Decimal) -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return f'<Amt Ccy="IDR">{plain(abs(amount))}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _camt_balance(kind: str, balance: Decimal) -> str:
    return f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{camt_amount(balance)}</Bal>"


WITH_OPENING: dict[str, Rendering] = {
    "bca_csv": bca,
    "bca_csv, columns": bca_columns,
    "bri_csv": bri,
    "mt940": mt940,
    "camt053": camt053,
}
WITH_RUNNING_BALANCE: dict[str, Rendering] = {
    "bca_csv": bca,
    "bca_csv, columns": bca_columns,
    "bca_preview_csv": bca_preview,
    "mandiri_csv": mandiri,
    "mandiri_table_csv": mandiri_table,
    "bri_csv": bri,
    "bni_direct_csv": bni_direct,
}
ALL: dict[str, Rendering] = {**WITH_OPENING, **WITH_RUNNING_BALANCE, "mandiri_mcm_csv": mandiri_mcm, "bni_csv": bni}
