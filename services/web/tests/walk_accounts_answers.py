"""What payment's API answers about statements, kept money, reconciliations, the ledger and the gateway's account."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .walk_messages_answers import PAYING, paying
from .walk_money_answers import COLLEAGUE, ENTRY, ME, NUMBER, OTHER, PAYMENT, PROOF, REGISTRATION, answer, at
from .walk_staff import CATALOG, CONSOLE_ANSWERS

STATEMENT: Final = "0190c0de-0000-7000-8000-0000000000d1"
LINE: Final = "0190c0de-0000-7000-8000-0000000000d2"
MAPPING: Final = "0190c0de-0000-7000-8000-0000000000d3"
MONEY: Final = "0190c0de-0000-7000-8000-0000000000d4"
REFUND: Final = "0190c0de-0000-7000-8000-0000000000d5"
SECOND: Final = "0190c0de-0000-7000-8000-0000000000b2"
OTHER_NUMBER: Final = "FR5K-2027-00007"
TEXT: Final = "TRSF BUDI SANTOSO 8271645512"

LOOK_UP: Final = ("GET", f"{REGISTRATION}/registrations/lookup")
OF_AMOUNT: Final = ("GET", f"{PAYMENT}/invoices")
IMPORT: Final = ("POST", f"{PAYMENT}/statements")
STATEMENTS: Final = ("GET", f"{PAYMENT}/statements")
ONE_STATEMENT: Final = ("GET", f"{PAYMENT}/statements/{STATEMENT}")
LINES: Final = ("GET", f"{PAYMENT}/statements/{STATEMENT}/lines")
ONE_LINE: Final = ("GET", f"{PAYMENT}/statement-lines/{LINE}")
MAPPINGS: Final = ("GET", f"{PAYMENT}/statement-mappings")
KEPT: Final = ("GET", f"{PAYMENT}/surplus")
ONE_KEPT: Final = ("GET", f"{PAYMENT}/surplus/{MONEY}")
RECONCILED: Final = ("GET", f"{PAYMENT}/reconciliation")
RUNS: Final = ("GET", f"{PAYMENT}/reconciliation/runs")
MOVEMENTS: Final = ("GET", f"{PAYMENT}/ledger/movements")
BALANCES: Final = ("GET", f"{PAYMENT}/ledger/balances")
GATEWAY: Final = ("GET", f"{PAYMENT}/settings/midtrans")


def deciding(verb: str) -> tuple[str, str]:
    """Return the request that decides about the line."""
    return "POST", f"{PAYMENT}/statement-lines/{LINE}/{verb}"


def settling(verb: str) -> tuple[str, str]:
    """Return the request that decides about kept money."""
    return "POST", f"{PAYMENT}/surplus/{MONEY}/{verb}"


def statement(**fields: Any) -> dict[str, Any]:
    """Return an imported statement."""
    return {
        "id": STATEMENT,
        "format": "bca_csv",
        "account": "1370012345678",
        "currency": "IDR",
        "opening": "1000000.00",
        "closing": "2300042.00",
        "lines": 12,
        "credits": 9,
        "open": 3,
        "uploaded_by": COLLEAGUE,
        "uploaded_at": at(-3),
        **fields,
    }


def imported(**fields: Any) -> dict[str, Any]:
    """Return what an import added."""
    counts = {"lines": 12, "credits": 9, "matched": 6, "proposed": 2, "unknown": 1, "repeated": 0, "accepted": 0}
    return {"statement_id": STATEMENT, "format": "bca_csv", "repeated_file": False, **counts, **fields}


def proposal(**fields: Any) -> dict[str, Any]:
    """Return a registration that a line may pay."""
    return {
        "registration_id": ENTRY,
        "registration_number": NUMBER,
        "payer_name": "Budi Santoso",
        "amount": "150123.00",
        "currency": "IDR",
        "status": "open",
        **fields,
    }


SECOND_PROPOSAL: Final = proposal(registration_id=SECOND, registration_number=OTHER_NUMBER, payer_name="Sari Dewi")


def line(reason: str = "number_and_amount", kind: str = "accept", **fields: Any) -> dict[str, Any]:
    """Return a line that waits for a decision."""
    facts = {"amount": "150123.00", "number": NUMBER, "payable": "150123.00", "status": "open", "candidates": "2"}
    return {
        "id": LINE,
        "statement_id": STATEMENT,
        "number": 7,
        "booked_on": "2027-01-03",
        "amount": "150123.00",
        "text": TEXT,
        "reference": None,
        "balance": "2300042.00",
        "state": "open",
        "tier": 2,
        "kind": kind,
        "reason": reason,
        "facts": facts,
        "proposals": [proposal()],
        "payment_id": None,
        "ignore_reason": None,
        "decided_at": None,
        "decided_by": None,
        **fields,
    }


def unknown(**fields: Any) -> dict[str, Any]:
    """Return a line of which nothing is known."""
    return line("nothing", "unknown", tier=7, proposals=[], facts={"amount": "150123.00"}, **fields)


def sum_of_two() -> dict[str, Any]:
    """Return a line that is the sum of two registrations."""
    return line("sum_of_payer", "propose", tier=6, amount="300246.00", proposals=[proposal(), SECOND_PROPOSAL])


def payout() -> dict[str, Any]:
    """Return a line that looks like a payout."""
    facts = {"amount": "148950.00", "payout": "qris", "gross": "150000.00", "fee": "1050.00"}
    return line("payout", "propose", tier=7, amount="148950.00", proposals=[], facts=facts)


def decided(state: str = "matched", **fields: Any) -> dict[str, Any]:
    """Return a line about which something was decided."""
    made = {"decided_at": at(-1), "decided_by": COLLEAGUE}
    return line(state=state, **{"payment_id": PROOF if state == "matched" else None, **made, **fields})


def undone(**fields: Any) -> dict[str, Any]:
    """Return a decision about a line that was taken back."""
    fee = {"payout_channel": "qris", "payout_fee": "1050.00", "ignore_reason": None}
    when = {"at": at(-1), "by": COLLEAGUE, "decided_at": at(-2), "decided_by": ME}
    return {"state": "payout", "reason": "7b1", **when, **fee, **fields}


def outgoing(**fields: Any) -> dict[str, Any]:
    """Return a line about money that left."""
    return {**unknown(state="outgoing", amount="-150123.00"), **fields}


def mapping(**fields: Any) -> dict[str, Any]:
    """Return the columns that a person chose."""
    columns = {"date": 0, "text": [1], "amount": None, "side": None, "credit": 2, "debit": None, "balance": 3}
    return {
        "mapping_id": MAPPING,
        "name": "BCA 7",
        "header": ["TGL", "URAIAN", "KREDIT", "SALDO"],
        "columns": {**columns, "reference": None},
        "date_order": "dmy",
        "decimal_mark": None,
        "created_by": COLLEAGUE,
        "created_at": at(-9),
        **fields,
    }


def kept(**fields: Any) -> dict[str, Any]:
    """Return money that no invoice took."""
    nothing = ("payment_id", "decided_at", "decided_by", "reason", "refunded_at", "refunded_by", "refund_reference")
    return {
        "id": MONEY,
        "kind": "surplus",
        "state": "open",
        "channel": "midtrans",
        "payment_method": "qris",
        "amount": "150123.00",
        "currency": "IDR",
        "received_at": at(-50),
        "age_seconds": 180_000,
        "registration_id": ENTRY,
        "registration_number": NUMBER,
        "reference": "7b1",
        **dict.fromkeys(nothing),
        **fields,
    }


def ownerless(**fields: Any) -> dict[str, Any]:
    """Return money whose owner is not known."""
    nothing = {"registration_id": None, "registration_number": None}
    in_a_statement = {"kind": "unknown", "channel": "statement", "payment_method": "bank_transfer"}
    return kept(**{**in_a_statement, **nothing, **fields})


def item(**fields: Any) -> dict[str, Any]:
    """Return a named difference."""
    return {
        "kind": "not_in_statement",
        "severity": "difference",
        "amount": "150123.00",
        "registration_id": ENTRY,
        "registration_number": NUMBER,
        "reference": None,
        "age_days": 4,
        "who": "finance",
        "what": {"en": "Import the statement of this day.", "id": "Impor mutasi tanggal itu."},
        **fields,
    }


def channel(name: str, *items: dict[str, Any], difference: str = "0.00") -> dict[str, Any]:
    """Return an account of a reconciliation."""
    sums = {"expected": "1300042.00", "seen": "1300042.00", "waits": "0.00", "difference": difference}
    counted = {"differences": sum(each["severity"] == "difference" for each in items), "left_out": 0}
    return {"channel": name, "currency": "IDR", **sums, **counted, "items": list(items)}


def reconciled(*channels: dict[str, Any], differences: int = 0, day: str = "2027-01-04") -> httpx.Response:
    """Return the reconciliation of a day."""
    about = {"date": day, "timezone": "Asia/Jakarta", "ran_at": at(-1)}
    return answer({**about, "channels": list(channels), "differences": differences})


def movement(number: int = 7, **fields: Any) -> dict[str, Any]:
    """Return a movement of the ledger."""
    return {
        "id": number,
        "source": f"payment:{PROOF}",
        "kind": "payment",
        "debit": "bank",
        "credit": "runners",
        "amount": "150123.00",
        "currency": "IDR",
        "registration_id": ENTRY,
        "payment_id": PROOF,
        "method": "bank_transfer",
        "occurred_at": at(-3),
        "recorded_at": at(-2),
        **fields,
    }


def balance(account: str, amount: str) -> dict[str, Any]:
    """Return the balance of an account."""
    return {"account": account, "currency": "IDR", "debited": "0.00", "credited": "0.00", "balance": amount}


def account(mode: str | None = "sandbox", *offers: str, refused_since: str | None = None) -> dict[str, Any]:
    """Return the account at the gateway."""
    merchant_id = "G7" if mode else None
    return {"mode": mode, "merchant_id": merchant_id, "offers": list(offers), "refused_since": refused_since}


_HIT: Final = {"kind": "number", "registration_id": SECOND, "registration_number": OTHER_NUMBER, "label": "Sari Dewi"}

ANSWERS: Final[Mapping[tuple[str, str], httpx.Response]] = {
    CATALOG: CONSOLE_ANSWERS[CATALOG],
    ("GET", "/api/identity/v1/staff/names"): answer({"items": [{"id": COLLEAGUE, "name": "Peserta Budi"}]}),
    LOOK_UP: answer({"items": [_HIT]}),
    OF_AMOUNT: answer({"items": [{**_HIT, "payer_name": "Sari Dewi", "status": "open"}]}),
    STATEMENTS: answer(
        {
            "items": [statement(), statement(open=0, account=None, closing=None, format="mt940", uploaded_by=ME)],
            "next_cursor": "x",
        }
    ),
    IMPORT: answer(imported(), 201),
    ONE_STATEMENT: answer(statement()),
    LINES: answer(
        {
            "items": [line(), line("same_amount", "propose", proposals=[proposal(), SECOND_PROPOSAL]), unknown()],
            "next_cursor": "x",
        }
    ),
    ONE_LINE: answer(line()),
    **{deciding(verb): httpx.Response(204) for verb in ("keep", "ignore", "payout", "refund", "undo")},
    deciding("accept"): answer({"state": "matched", "payment_id": PROOF, "payment_ids": [PROOF]}),
    MAPPINGS: answer({"items": [mapping()]}),
    ("POST", f"{PAYMENT}/statement-mappings"): answer(mapping(), 201),
    ("DELETE", f"{PAYMENT}/statement-mappings/{MAPPING}"): httpx.Response(204),
    ("GET", f"{PAYMENT}/refunds"): answer(
        {
            "items": [
                {
                    "refund_id": REFUND,
                    "registration_number": NUMBER,
                    "payer_name": "Budi Santoso",
                    "amount": "150123.00",
                    "reference": "7b1",
                }
            ]
        }
    ),
    KEPT: answer({"items": [kept(), ownerless(), kept(id=OTHER, state="refund_due")], "next_cursor": "x"}),
    ONE_KEPT: answer(kept()),
    settling("assign"): answer({"payment_id": PROOF}),
    settling("refund"): httpx.Response(204),
    settling("refunded"): httpx.Response(204),
    RECONCILED: reconciled(channel("bank"), channel("midtrans"), channel("qris"), channel("runners")),
    ("POST", f"{PAYMENT}/reconciliation"): answer({}, 201),
    RUNS: answer(
        {
            "items": [
                {"date": "2027-01-03", "ran_at": at(-9), "differences": 2},
                {"date": "2027-01-02", "ran_at": at(-33), "differences": 0},
            ]
        }
    ),
    MOVEMENTS: answer(
        {
            "items": [
                movement(),
                movement(6, kind="surplus", source=f"money:{MONEY}", payment_id=None),
                movement(5, kind="payout", source="7b1", registration_id=None, payment_id=None),
            ],
            "next_cursor": "x",
        }
    ),
    BALANCES: answer(
        {"at": None, "accounts": [balance("bank", "150123.00"), balance("runners", "-150123.00")]},
    ),
    GATEWAY: answer(account("sandbox", "qris", "bca")),
    ("PUT", f"{PAYMENT}/settings/midtrans"): answer(account("sandbox", "qris", "bca")),
    PAYING: answer(
        paying(transfer_code="subtract", second_check_from="5000000.00", statement_auto_accept=True),
    ),
    ("PUT", f"{PAYMENT}/settings"): answer(paying()),
}
