"""Settlement reports are recognised by the names of their columns, and read or refused by name."""

from datetime import date
from decimal import Decimal

import pytest
from chassis.errors import StartlineError
from payment.gateway_reports import reading
from payment.gateway_reports.reading import Report, read_report
from payment.gateway_reports.rules import ReportRow

HEADER = "Order ID,Transaction time,Amount,MDR,Net amount,Settlement date"


def read(*lines: str) -> Report:
    return read_report("\n".join(lines).encode())


def only(*lines: str) -> ReportRow:
    [row] = read(*lines).rows
    return row


def refusal(*lines: str) -> StartlineError:
    with pytest.raises(StartlineError) as refused:
        read(*lines)
    return refused.value


A_ROW = ReportRow(2, "FR5K-1-AB", Decimal("150000.00"), Decimal("1050.00"), Decimal("148950.00"), date(2026, 11, 30))


@pytest.mark.parametrize(
    "lines",
    [
        (HEADER, "FR5K-1-AB,2026-11-28 10:00:00,150000.00,1050.00,148950.00,2026-11-30"),
        (HEADER, 'FR5K-1-AB,28/11/2026 10:00,"150,000","1,050","148,950",30/11/2026'),
        (HEADER.replace(",", ";"), "FR5K-1-AB;28 Nov 2026;150.000;1.050;148.950;30 November 2026"),
        (
            HEADER.replace(",", "\t"),
            "FR5K-1-AB\t\tRp 150.000,00\tRp 1.050,00\tRp 148.950,00\t2026-11-30T01:00:00+07:00",
        ),
        (HEADER, "FR5K-1-AB,,150000,-1050,148950,2026-11-30"),
        ("net,FEE,gross_amount,order_id,settlement_time", "148950,1050,150000,FR5K-1-AB,2026-11-30 23:59:59"),
        ("ID Pesanan,Jumlah,Biaya,Jumlah Bersih,Tanggal Settlement", "FR5K-1-AB,150000,1050,148950,30-11-2026"),
    ],
    ids=["plain", "commas", "points", "tabs", "minus", "other order", "indonesian"],
)
def test_the_usual_ways_to_write_it_are_read_alike(lines: tuple[str, ...]) -> None:
    assert only(*lines) == A_ROW


def test_lines_above_the_header_and_empty_ones_are_left_out() -> None:
    report = read("Merchant,G123", "Period,2026-11-01", "", HEADER, "A-1,,1000,10,990,2026-11-30", "", ",,,,,")
    assert [(row.line, row.order_id) for row in report.rows] == [(5, "A-1")]
    assert report.others == 0


def test_a_tax_in_a_column_of_its_own_belongs_to_the_fee_if_the_sums_say_so() -> None:
    header = "Order ID,Amount,Fee,VAT,Net amount,Settlement date"
    assert only(header, "A-1,150000,4000,440,145560,2026-11-30").fee == Decimal(4440)
    assert only(header, "A-1,150000,4440,440,145560,2026-11-30").fee == Decimal(4440)


@pytest.mark.parametrize(
    "other",
    [
        "A-2,,1000,10,990,,refund",
        "A-2,,1000,10,990,2026-11-30,Denied",
        "A-2,,-1000,0,-1000,2026-11-30,settlement",
        "A-2,,1000,10,990,-,settlement",
        "A-2,,1000,,,,pending",
        ",,1000,10,990,2026-11-30,settlement",
    ],
)
def test_what_is_no_settled_payment_is_counted_and_left_out(other: str) -> None:
    report = read(f"{HEADER},Status", "A-1,,1000,10,990,2026-11-30,settlement", other)
    assert [row.order_id for row in report.rows] == ["A-1"]
    assert report.others == 1


def test_a_refund_is_another_type_of_row_and_as_a_status_what_became_of_a_payment_since() -> None:
    assert only(f"{HEADER},Status", "A-1,,1000,10,990,2026-11-30,partial_refund").fee == Decimal(10)
    report = read(f"{HEADER},Type", "A-1,,1000,10,990,2026-11-30,Refund")
    assert (report.rows, report.others) == ([], 1)


def test_another_file_is_refused_with_what_it_has_and_what_is_missing() -> None:
    refused = refusal("Tanggal,Keterangan,Jumlah,Saldo", "28/11/2026,TRSF,150000,150000")
    assert refused.code == "unknown_report_format"
    assert refused.extra["header"] == ["Tanggal", "Keterangan", "Jumlah", "Saldo"]
    assert refused.extra["missing"] == ["Order ID", "MDR or fee", "Net amount", "Settlement date"]
    assert "Order ID, MDR or fee" in refused.detail


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("",), "unknown_report_format"),
        (("%PDF-1.4",), "not_plain_text"),
        ((HEADER, "A-1,,1000,many,990,2026-11-30"), "unreadable_number"),
        ((HEADER, "A-1,,1000,10.0055,990,2026-11-30"), "unreadable_number"),
        ((HEADER, "A-1,,1000,10,,2026-11-30"), "unreadable_number"),
        ((HEADER, "A-1,,1000,10,990,soon"), "unreadable_date"),
        ((HEADER, 'A-1,,"1.000,00",10.00,990.00,2026-11-30'), "mixed_decimal_marks"),
        ((HEADER, "A-1,,1000,10,990,2026-11-30,more"), "misplaced_cells"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(lines: tuple[str, ...], code: str) -> None:
    assert refusal(*lines).code == code


def test_a_file_with_too_many_rows_is_refused_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    rows = [f"A-{number},,1000,10,990,2026-11-30" for number in range(3)]
    refused = refusal(HEADER, *rows)
    assert (refused.code, refused.extra["limit"]) == ("too_many_lines", 2)


def test_a_table_with_too_many_columns_is_refused_before_its_rows_are_filled_up() -> None:
    rows = ["A-1,,1000,10,990,2026-11-30"] * 3
    most = HEADER + "".join(f",x{number}" for number in range(94))
    assert len(read(most, *rows).rows) == 3
    refused = refusal(f"{most},y", *rows)
    assert (refused.code, refused.status, refused.extra["limit"]) == ("too_many_columns", 422, 100)


def test_no_bytes_are_a_fault_of_ours() -> None:
    for data in (b"\x00\xff" * 50, b"\xef\xbb\xbf", HEADER.encode("utf-16"), b"a;b\n" * 10, b'"' * 99):
        with pytest.raises(StartlineError) as refused:
            read_report(data) if data[:2] != b"\xff\xfe" else read_report(data + "x".encode("utf-16-le"))
        assert refused.value.status == 422
