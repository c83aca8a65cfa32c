"""CAMT.053: batches are split, and XML that defines anything of its own is refused."""

from datetime import date
from decimal import Decimal

import pytest
from chassis.errors import StartlineError
from payment.statements.errors import (
    SeveralAccounts,
    StatementDoesNotAddUp,
    UnknownStatementFormat,
    UnreadableDate,
    UnreadableNumber,
    UnreadableXml,
    XmlDeclaresTypes,
)
from payment.statements.model import Statement
from payment.statements.reading import read

from .statements.rendering import Sheet, camt053, camt_amount, camt_entry, sheet

_DAY = date(2026, 8, 3)
_SHEET = sheet(Decimal("1000.00"), [(_DAY, Decimal("150.00"), "FR5K-00042"), (_DAY, Decimal("-20.00"), "BIAYA")])


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


def one_entry(amount: str, **how: str) -> str:
    """A file with one entry, which adds up."""
    written = sheet(Decimal(1000), [(_DAY, Decimal(amount), "")])
    return camt053(written, entries=camt_entry(written.rows[0], **how))


def transaction(amount: str | None = None, *, payer: str = "", text: str = "", reference: str = "") -> str:
    stated = f'<Amt Ccy="IDR">{amount}</Amt>' if amount else ""
    return (
        f"<TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        f"<AmtDtls><TxAmt>{stated}</TxAmt></AmtDtls><RltdPties><Dbtr><Pty><Nm>{payer}</Nm></Pty></Dbtr>"
        f"<Cdtr><Nm>PANITIA LARI</Nm></Cdtr></RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
    )


def test_a_batch_becomes_a_line_for_each_transaction() -> None:
    batch = transaction("100.00", payer="BUDI", text="FR5K-00042", reference="A1") + transaction("50.00", payer="ANI")
    statement = read_text(one_entry("150.00", details=batch))
    assert amounts(statement) == [100, 50]
    assert [line.text for line in statement.lines] == ["BUDI FR5K-00042", "ANI"]
    assert [line.reference for line in statement.lines] == ["A1", None]
    assert [line.number for line in statement.lines] == [1, 1]


def test_a_batch_without_amounts_stays_one_line_with_all_texts() -> None:
    statement = read_text(one_entry("150.00", details=transaction(text="FR5K-00042") + transaction(text="FR5K-00043")))
    assert [(int(line.amount), line.text) for line in statement.lines] == [(150, "FR5K-00042 FR5K-00043")]


def test_a_batch_in_another_currency_stays_one_line() -> None:
    batch = (transaction("60.00") + transaction("40.00")).replace("IDR", "USD")
    assert amounts(read_text(one_entry("150.00", details=batch))) == [150]


def test_a_batch_that_is_not_the_sum_of_its_transactions_is_refused() -> None:
    refused = refusal_of(
        one_entry("150.00", details=transaction("100.00") + transaction("51.00")), StatementDoesNotAddUp
    )
    assert refused.extra == {"line": 1, "expected": "151.00", "found": "150.00"}
    assert "entry 1" in refused.detail
    assert "entri 1" in refused.wording.id


def test_the_name_is_that_of_the_other_party() -> None:
    assert read_text(one_entry("150.00", details=transaction(payer="BUDI"))).lines[0].text == "BUDI"
    assert read_text(one_entry("-150.00", details=transaction(payer="BUDI"))).lines[0].text == "PANITIA LARI"


def test_pending_entries_are_counted_and_information_is_left_out() -> None:
    pending, information = (camt_entry(_SHEET.rows[0], status=status) for status in ("PDNG", "INFO"))
    booked = "".join(map(camt_entry, _SHEET.rows))
    statement = read_text(camt053(_SHEET, entries=pending + booked + information))
    assert (statement.pending, amounts(statement)) == (1, [150, -20])


def test_the_closing_balance_is_checked() -> None:
    wrong = Sheet(_SHEET.opening, Decimal("1131.00"), _SHEET.rows)
    refused = refusal_of(camt053(wrong), StatementDoesNotAddUp)
    assert (refused.extra["expected"], refused.extra["found"]) == ("1130.00", "1131.00")


@pytest.mark.parametrize("version", ["001.02", "001.04", "001.13"])
def test_any_version_is_read_with_or_without_prefixes(version: str) -> None:
    text = camt053(_SHEET).replace("001.08", version)
    assert amounts(read_text(text)) == [150, -20]
    old_status = text.replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>")
    assert amounts(read_text(old_status)) == [150, -20]
    prefixed = text.replace("</", "</c:").replace("<", "<c:").replace("<c:/c:", "</c:").replace("<c:?xml", "<?xml")
    assert amounts(read_text(prefixed.replace("xmlns=", "xmlns:c="))) == [150, -20]


def test_intermediate_balances_of_pages_are_used() -> None:
    text = camt053(_SHEET).replace("OPBD", "ITBD").replace("CLBD", "ITBD")
    assert ends(read_text(text)) == (1000, 1130)
    assert read_text(camt053(_SHEET).replace("OPBD", "PRCD")).opening == 1000


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE Document>",
        '<!DOCTYPE d [<!ENTITY a "AAAA"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE d SYSTEM "file:///etc/passwd">',
        "<!doctype d>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_that_declares_types_or_entities_is_refused(declaration: str, encoding: str) -> None:
    text = camt053(_SHEET).replace("<Document", f"{declaration}<Document")
    with pytest.raises(XmlDeclaresTypes):
        read(text.encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-16", "windows-1252", "utf-8"])
def test_a_file_is_read_in_the_encoding_that_it_declares(encoding: str) -> None:
    text = camt053(_SHEET).replace("FR5K-00042", "CAFÉ").replace('encoding="UTF-8"', f'encoding="{encoding}"')
    assert read(text.encode(encoding)).lines[0].text == "CAFÉ"


def test_an_encoding_cannot_hide_a_declaration() -> None:
    # given a file that would have a DOCTYPE if it were read in the encoding that it claims
    hidden = "<!DOCTYPE d>".encode("cp037")
    data = b'<?xml version="1.0" encoding="cp037"?><!--BkToCstmrStmt-->' + hidden
    # then it is read as what it is: no XML
    with pytest.raises(UnreadableXml):
        read(data)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("</Stmt>", "", UnreadableXml),
        ("<CdtDbtInd>CRDT", "<CdtDbtInd>BOTH", UnreadableXml),
        (">CLBD<", ">CLAV<", UnreadableXml),
        (">OPBD<", ">OPAV<", UnreadableXml),
        ("<Stmt>", "<Rpt>", UnreadableXml),
        (">150.00<", ">150,00<", UnreadableNumber),
        (">150.00<", ">150.005<", UnreadableNumber),
        ("<Dt>2026-08-03", "<Dt>2026-02-30", UnreadableDate),
        ("<Dt>2026-08-03</Dt>", "", UnreadableDate),
        ("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn", UnknownStatementFormat),
    ],
)
def test_what_is_missing_or_wrong_is_refused_by_name(old: str, new: str, kind: type[StartlineError]) -> None:
    refusal_of(camt053(_SHEET).replace(old, new), kind)


def test_several_accounts_are_refused() -> None:
    text = camt053(_SHEET)
    statement = text[text.index("<Stmt>") : text.index("</BkToCstmrStmt>")]
    other = statement.replace("1370012345678", "0552372610").replace(camt_amount(_SHEET.opening), "")
    refusal_of(text.replace("</BkToCstmrStmt>", f"{other}</BkToCstmrStmt>"), SeveralAccounts)


def test_statements_that_follow_each_other_are_one() -> None:
    first, second = camt053(_SHEET.part(0, 1)), camt053(_SHEET.part(1, 2))
    start, end = second.index("<Stmt>"), second.index("</BkToCstmrStmt>")
    statement = read_text(first.replace("</BkToCstmrStmt>", second[start:end] + "</BkToCstmrStmt>"))
    assert (ends(statement), amounts(statement)) == ((1000, 1130), [150, -20])
    assert [line.number for line in statement.lines] == [1, 2]
