"""What a large statement costs: memory grows with the file, slowly, and not with what its lines are matched with.

Of the time calls are counted, which are the same on every machine.
"""

import cProfile
import pstats
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from payment.invoices.rules import InvoiceStatus
from payment.statements.candidates import Candidate
from payment.statements.importing import _Index, _match, _portions
from payment.statements.matching import CandidateIndex
from payment.statements.outgoing import SentBackIndex
from payment.statements.reading import read

FEW, MANY = 1_000, 50_000
MOST_BYTES_A_LINE = 1_500
MOST_CALLS_TO_READ, MOST_CALLS_TO_MATCH = 180, 300
DAY = date(2026, 8, 3)


def bni(lines: int) -> bytes:
    """Return a statement of BNI with so many lines, all different."""
    rows = ["Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit"]
    day = f"{DAY:%d/%m/%y}"
    rows.extend(
        f"{day},,0259,{n},TRF {'' if n % 2 else f'FR5K-{n % 900:05} '}INVENSI {n},.00,150000.00" for n in range(lines)
    )
    return "\n".join([*rows, ""]).encode()


def invoices() -> Iterator[Candidate]:
    for number in range(900):
        yield Candidate(
            registration_id=UUID(int=number),
            number=f"FR5K-{number:05}",
            payable=Decimal("150000.00"),
            has_unique_code=False,
            payer_name="Siti Invensi",
            status=InvoiceStatus.OPEN,
            payable_since=DAY - timedelta(days=2),
        )


def peak_of(file: bytes) -> int:
    """Return the largest number of bytes that reading and matching a file holds at once, besides the file."""
    tracemalloc.start()
    try:
        statement = read(file)
        index = _Index(CandidateIndex(invoices()), SentBackIndex(()))
        matched = sum(len(_match(portion, index)) for portion in _portions(statement.lines))
        assert matched == len(statement.lines)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.soak
def test_a_line_more_costs_little_memory() -> None:
    few, many = peak_of(bni(FEW)), peak_of(bni(MANY))
    assert (many - few) / (MANY - FEW) < MOST_BYTES_A_LINE


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions are called, those of the interpreter too."""
    profile = cProfile.Profile()
    profile.runcall(work)
    total: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    return total


def test_a_line_more_takes_few_calls() -> None:
    few, many = bni(FEW), bni(3 * FEW)
    lines, index = read(many).lines, _Index(CandidateIndex(invoices()), SentBackIndex(()))
    to_read = calls_of(lambda: read(many)) - calls_of(lambda: read(few))
    to_match = calls_of(lambda: _match(lines, index)) - calls_of(lambda: _match(lines[:FEW], index))
    assert to_read / (2 * FEW) < MOST_CALLS_TO_READ
    assert to_match / (2 * FEW) < MOST_CALLS_TO_MATCH


def test_matches_are_made_in_portions() -> None:
    statement = read(bni(2_500))
    assert [len(portion) for portion in _portions(statement.lines)] == [1000, 1000, 500]
