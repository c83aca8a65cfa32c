"""Exports of BCA, Mandiri, BRI and BNI with what is odd about each, and files that are refused by name."""

from datetime import date
from decimal import Decimal

import pytest
from chassis.errors import StartlineError
from payment.statements import entries
from payment.statements.errors import (
    MisplacedCells,
    MixedDecimalMarks,
    OtherAccount,
    SeveralAccounts,
    StatementDoesNotAddUp,
    TooManyLines,
    UnknownStatementFormat,
    UnreadableDate,
    UnreadableNumber,
)
from payment.statements.model import Format, Statement
from payment.statements.reading import read

_BCA_HEAD = """\
"Informasi Rekening - Mutasi Rekening"," "," "," "," ",
"No. rekening : 0552372610"
"Nama : PANITIA LARI INVENSI"
"Periode : 20/12/2026 - 19/01/2027"
"Kode Mata Uang : Rp"
"Tanggal Transaksi","Keterangan","Cabang","Jumlah","Saldo"
"""
_BCA = f"""{_BCA_HEAD}\
"31/12","TRSF E-BANKING CR 3112/FTSCY/WS95031 150123.00FR5K-00042  BUDI","0000","150,123.00 CR","1,150,123.00"
"02/01","BIAYA ADM","0000","15,000.00 DB","1,135,123.00"
"Saldo Awal : 1,000,000.00"
"Mutasi Debet : 15,000.00","1"
"Mutasi Kredit : 150,123.00","1"
"Saldo Akhir : 1,135,123.00"
"""
_BNI = """\
Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit,
02/08/26 11.27.10,02/08/26,0259,123456,TRF|DARI BUDI,.00,"150,123.00",
03/08/26 09.00.00,03/08/26,0259,123457,BIAYA,"15,000.00",.00,
"""
_MANDIRI = """\
AccountNo;Ccy;PostDate;Remarks;AdditionalDesc;Credit Amount;Debit Amount;Close Balance
1370012345678;IDR;03 Agustus 2026 11:27:10;FR5K-00042        ;20260803BMRIIDJA010O9912345678;150123.00;0.00;250123.00
1370012345678;IDR;07 August 2026 10:16:54;BIAYA;;0.00;15000.00;235123.00
"""


def read_text(text: str) -> Statement:
    return read(text.encode())


def amounts(statement: Statement) -> list[int]:
    return [int(line.amount) for line in statement.lines]


def ends(statement: Statement) -> tuple[int, int]:
    """The opening and closing balance."""
    assert statement.opening is not None
    assert statement.closing is not None
    return int(statement.opening), int(statement.closing)


def refusal_of(text: str, kind: type[StartlineError]) -> StartlineError:
    with pytest.raises(kind) as refused:
        read_text(text)
    return refused.value


def test_bca_has_days_without_a_year_over_new_year() -> None:
    statement = read_text(_BCA)
    assert (statement.format, statement.account, statement.currency) == (Format.BCA_CSV, "0552372610", "IDR")
    assert [line.booked_on for line in statement.lines] == [date(2026, 12, 31), date(2027, 1, 2)]
    assert amounts(statement) == [150123, -15000]
    assert ends(statement) == (1_000_000, 1_135_123)
    assert statement.lines[0].text == "TRSF E-BANKING CR 3112/FTSCY/WS95031 150123.00FR5K-00042 BUDI"
    assert [line.number for line in statement.lines] == [7, 8]


def test_bca_in_english_has_the_side_in_a_column_without_a_name() -> None:
    statement = read_text(
        "Date,Description,Branch,Amount,,Balance\n"
        "'02/08/2026,TRSF E-BANKING CR BUDI,'0000,150123.00,CR,250123.00\n"
        "'03/08/2026,BIAYA,'0000,15000.00,DB,235123.00\n"
    )
    assert statement.format == Format.BCA_CSV
    assert amounts(statement) == [150123, -15000]


def test_a_comma_in_an_unquoted_text_of_bca_belongs_to_the_text() -> None:
    statement = read_text(
        "Tanggal,Keterangan,Cabang,Jumlah,,Saldo\n'02/08/2026,LARI 5K, 10K, BUDI,'0000,150123.00,CR,250123.00\n"
    )
    assert statement.lines[0].text == "LARI 5K, 10K, BUDI"
    assert amounts(statement) == [150123]


@pytest.mark.parametrize(
    ("pending", "came", "closing"),
    [
        ('"PEND","TRSF CR ANI","0000","20,100.00 CR","1,155,223.00"', "170,223.00", "1,155,223.00"),
        ('"PEND","TRSF CR ANI","0000","20,100.00 CR",""', "150,123.00", "1,135,123.00"),
        ('"PEND","TRSF CR ANI","0000","20,100.00 CR","0.00"', "150,123.00", "1,135,123.00"),
    ],
    ids=["counted in balances", "not counted", "not counted, with a zero"],
)
def test_pending_lines_are_counted_and_skipped(pending: str, came: str, closing: str) -> None:
    text = (
        _BCA.replace('"Saldo Awal', f'{pending}\n"Saldo Awal')
        .replace("Kredit : 150,123.00", f"Kredit : {came}")
        .replace("Akhir : 1,135,123.00", f"Akhir : {closing}")
    )
    statement = read_text(text)
    assert statement.pending == 1
    assert amounts(statement) == [150123, -15000]
    # and a wrong amount is still found
    refusal_of(text.replace("150,123.00 CR", "150,124.00 CR"), StatementDoesNotAddUp)


def test_totals_that_are_not_the_sum_of_the_lines_are_refused() -> None:
    refused = refusal_of(_BCA.replace("Kredit : 150,123.00", "Kredit : 150,124.00"), StatementDoesNotAddUp)
    assert refused.extra == {"line": 11, "expected": "150123.00", "found": "150124.00"}


def test_the_first_line_that_breaks_is_named_with_what_it_should_be() -> None:
    refused = refusal_of(_BCA.replace('CR","1,150,123.00', 'CR","1,150,132.00'), StatementDoesNotAddUp)
    assert refused.extra == {"line": 7, "expected": "1150123.00", "found": "1150132.00"}
    assert "line 7" in refused.detail
    assert "baris 7" in refused.wording.id


def test_bca_for_companies_writes_rupiah_with_a_dash_for_nothing() -> None:
    statement = read_text(
        "Pratinjau Data\nNo\tTanggal\tKeterangan\tDebit\tKredit\tSaldo\n"
        "1\t02/01/2026\tTRANSFER E-BANKING\tRp 100.000,00\t-\tRp 900.000,00\n"
        "2\t03/01/2026\tBUNGA\t-\tRp 5.000,00\tRp 905.000,00\n"
    )
    assert statement.format == Format.BCA_PREVIEW_CSV
    assert amounts(statement) == [-100000, 5000]


def test_mandiri_has_credit_before_debit_and_months_in_two_languages() -> None:
    statement = read_text(_MANDIRI)
    assert (statement.format, statement.account) == (Format.MANDIRI_CSV, "1370012345678")
    assert [line.booked_on for line in statement.lines] == [date(2026, 8, 3), date(2026, 8, 7)]
    assert amounts(statement) == [150123, -15000]
    assert statement.lines[0].reference == "20260803BMRIIDJA010O9912345678"
    assert statement.lines[0].text == "FR5K-00042 20260803BMRIIDJA010O9912345678"


def test_mandiri_mcm_has_two_columns_of_one_name_and_no_balance() -> None:
    statement = read_text(
        "Account No,Date,Val. Date,Transaction Code,Description,Description,Reference No.,Debit,Credit\n"
        '1370012345678,22/01/26,22/01/26,7820,"MCM InhouseTrf ","FR5K-00042 ",WLST1e62,.00,"150,123.00"\n'
    )
    assert (statement.format, statement.has_balances) == (Format.MANDIRI_MCM_CSV, False)
    assert statement.lines[0].text == "MCM InhouseTrf FR5K-00042"
    assert statement.lines[0].reference == "WLST1e62"


def test_bri_prefers_the_remark_and_keeps_lines_without_money_out() -> None:
    statement = read_text(
        "NOREK;384801000011\nNAMA;PANITIA LARI INVENSI\n"
        "TGL_TRAN;DESK_TRAN;MUTASI_DEBET;MUTASI_KREDIT;SALDO_AKHIR_MUTASI;REMARK_CUSTOM\n"
        "2026-08-02 00:04:26;NBMB BUDI TO PANITIA;.00;150123.00;250123.00;FR5K-00042\n"
        "2026-08-02;BIAYA NOL;0.00;0.00;250123.00;\n"
        "2026-08-03;BIAYA;15000.00;0.00;235123.00;\n"
    )
    assert (statement.format, statement.account) == (Format.BRI_CSV, "384801000011")
    assert [line.text for line in statement.lines] == ["FR5K-00042", "BIAYA"]


def test_bri_is_checked_line_by_line_against_the_balance_before() -> None:
    refused = refusal_of(
        "NOREK,TGL_TRAN,DESK_TRAN,SALDO_AWAL_MUTASI,MUTASI_DEBET,MUTASI_KREDIT,SALDO_AKHIR_MUTASI\n"
        "384801000011,2026-08-02,TRF,100000.00,.00,150123.00,250132.00\n",
        StatementDoesNotAddUp,
    )
    assert refused.extra == {"line": 2, "expected": "250123.00", "found": "250132.00"}


def test_bni_has_a_column_without_a_name_at_the_end() -> None:
    statement = read_text(_BNI)
    assert (statement.format, statement.account, statement.has_balances) == (Format.BNI_CSV, None, False)
    assert amounts(statement) == [150123, -15000]
    assert statement.lines[0].reference == "123456"


def test_a_file_is_known_by_its_header_wherever_it_stands() -> None:
    title = "Mutasi rekening\n" * 28
    assert read_text(title + _BNI).format == Format.BNI_CSV
    refusal_of(title * 2 + _BNI, UnknownStatementFormat)


def test_repeated_headers_and_page_titles_are_left_out() -> None:
    header = _BNI.partition("\n")[0]
    lines = _BNI.splitlines()
    pages = "\n".join([lines[0], lines[1], "", "Halaman 2", header, lines[2], 'Total,,,,,"15,000.00","150,123.00"'])
    assert amounts(read_text(pages)) == [150123, -15000]


def test_balances_of_pages_are_those_of_the_first_and_last_page() -> None:
    head, rows, foot = (
        _BCA_HEAD,
        _BCA.removeprefix(_BCA_HEAD),
        '"Saldo Akhir : 1,150,123.00"\n"Saldo Awal : 1,150,123.00"\n',
    )
    first, second, balances = rows.split("\n", 2)
    opening = '"Saldo Awal : 1,000,000.00"\n'
    statement = read_text(f"{head}{opening}{first}\n{foot}{head}{second}\n{balances.replace(opening, '')}")
    assert (ends(statement), amounts(statement)) == ((1_000_000, 1_135_123), [150123, -15000])


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("04/08/26,04/08/26,0259,123458,TRF,,", MisplacedCells),
        ("04/08/26,04/08/26,0259,123458,TRF", MisplacedCells),
        ("04/08/26,04/08/26,0259,TRF,.00,100.00", MisplacedCells),
        ("04/08/26,04/08/26,0259,123458,TRF,.00,,100.00", MisplacedCells),
        ('04/08/26,04/08/26,0259,123458,TRF,"1,000.00","1,000.00"', MisplacedCells),
        ('04/08/26,04/08/26,0259,123458,TRF,A,.00,"1,000.00",7', MisplacedCells),
        (",04/08/26,0259,123458,TRF,.00,100.00", UnreadableDate),
        ("46238,04/08/26,0259,123458,TRF,.00,100.00", UnreadableDate),
        ("0259,123458,04/08/26,TRF,,.00,100.00", UnreadableDate),
        ("04/08/26,04/08/26,0259,123458,TRF,BUDI,100.00", UnreadableNumber),
        ("04/08/26,04/08/26,0259,123458,TRF,.00,-100.00", UnreadableNumber),
        ('04/08/26,04/08/26,0259,123458,TRF,.00,"1.000,00"', MixedDecimalMarks),
        ('04/08/26,04/08/26,0259,123458,"TRF,.00,100.00', MisplacedCells),
        ("Setoran ANTON,,,,,.00,100.00", UnreadableDate),
        ("Nama ANTON,,,,,.00,100.00", UnreadableDate),
    ],
)
def test_shifted_merged_and_damaged_cells_are_refused_with_their_line(row: str, kind: type[StartlineError]) -> None:
    assert refusal_of(f"{_BNI}{row}\n", kind).extra["line"] == 4


def test_quotes_in_texts_that_would_swallow_lines_are_refused() -> None:
    # given two texts that begin with a quotation mark: a CSV reader takes all between them for one cell
    text = (
        "Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit\n"
        '02/08/26,02/08/26,0259,1,"BUDI,.00,100000.00\n'
        '03/08/26,03/08/26,0259,2,ANI",.00,999000.00\n'
    )
    assert refusal_of(text, MisplacedCells).extra["line"] == 2


def test_a_text_of_several_lines_is_one_text() -> None:
    statement = read_text(_BNI.replace("TRF|DARI BUDI", '"TRF\nDARI BUDI"'))
    assert [line.text for line in statement.lines] == ["TRF DARI BUDI", "BIAYA"]
    assert [line.number for line in statement.lines] == [2, 4]


def test_a_day_without_a_year_is_refused_without_a_period() -> None:
    refused = refusal_of(_BCA.replace('"Periode : 20/12/2026 - 19/01/2027"\n', ""), UnreadableDate)
    assert refused.extra == {"line": 6, "found": "31/12"}
    assert "Periode" in refused.detail


def test_a_file_of_two_accounts_is_refused_where_the_second_begins() -> None:
    text = _MANDIRI.replace("1370012345678;IDR;07", "1370099999999;IDR;07")
    assert refusal_of(text, SeveralAccounts).extra["line"] == 3


def test_a_file_of_another_account_than_expected_is_refused() -> None:
    assert read(_BCA.encode(), account="055-237-2610").account == "0552372610"
    with pytest.raises(OtherAccount):
        read(_BCA.encode(), account="1370012345678")


def test_an_account_that_a_spreadsheet_rounded_is_unknown() -> None:
    text = _MANDIRI.replace("1370012345678", "1.37001E+12")
    assert read_text(text).account is None
    assert read(text.encode(), account="1370012345678").account == "1370012345678"


def test_more_lines_than_are_read_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "MOST_LINES", 2)
    assert amounts(read_text(_BNI)) == [150123, -15000]
    refused = refusal_of(_BNI + "04/08/26,04/08/26,0259,123458,TRF,.00,100.00\n", TooManyLines)
    assert refused.extra == {"limit": 2}


def test_fingerprints_are_of_the_account() -> None:
    one, other = (read(_BNI.encode(), account=account) for account in ("111", "222"))
    assert {line.fingerprint for line in one.lines}.isdisjoint({line.fingerprint for line in other.lines})


@pytest.mark.parametrize("text", ["Tanggal,Keterangan\n01/01/2026,Foo\n", "halo", "<root/>", '{"a": 1}'])
def test_what_is_no_known_statement_is_refused(text: str) -> None:
    assert refusal_of(text, UnknownStatementFormat).code == "unknown_format"


def test_a_statement_without_movements_is_empty() -> None:
    statement = read_text(f'{_BCA_HEAD}"Saldo Awal : 1,000.00"\n"Saldo Akhir : 1,000.00"\n')
    assert (statement.lines, ends(statement)) == ((), (1000, 1000))


def test_equal_transfers_of_one_day_are_two_also_if_the_balance_returns() -> None:
    rows = "".join(
        f'"02/01","TRSF BUDI","0000","50,000.00 {side}","{balance}"\n'
        for side, balance in (("CR", "1,050,000.00"), ("DB", "1,000,000.00"), ("CR", "1,050,000.00"))
    )
    statement = read_text(f'{_BCA_HEAD}{rows}"Saldo Awal : 1,000,000.00"\n"Saldo Akhir : 1,050,000.00"\n')
    assert statement.lines[0].balance == statement.lines[2].balance == Decimal(1_050_000)
    assert len({line.fingerprint for line in statement.lines}) == 3
