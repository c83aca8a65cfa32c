"""Examples of the pages about statements, kept money, the reconciliation, the ledger and the gateway's account."""

import json
from collections.abc import Mapping
from typing import Any, Final

import httpx
from web.console.gateway.account import NOTICES

from .own_app import SITE
from .runner_apis import problem
from .walk import Answers, Example
from .walk_accounts_answers import (
    BALANCES,
    GATEWAY,
    IMPORT,
    KEPT,
    LINE,
    LINES,
    LOOK_UP,
    MAPPING,
    MAPPINGS,
    MONEY,
    MOVEMENTS,
    ONE_KEPT,
    ONE_LINE,
    ONE_STATEMENT,
    OTHER_NUMBER,
    RECONCILED,
    REFUND,
    RUNS,
    SECOND,
    STATEMENT,
    STATEMENTS,
    TEXT,
    account,
    channel,
    decided,
    deciding,
    item,
    kept,
    line,
    mapping,
    movement,
    outgoing,
    ownerless,
    payout,
    reconciled,
    settling,
    statement,
    sum_of_two,
    unknown,
)
from .walk_messages_answers import PAYING, paying
from .walk_money_answers import COLLEAGUE, ENTRY, NUMBER, PAYMENT, PROOF, answer, at
from .walk_staff import OWNER

DATA: Final = (
    OTHER_NUMBER,
    NUMBER,
    TEXT,
    "TGL",
    "URAIAN",
    "KREDIT",
    "SALDO",
    "Mandiri",
    "Midtrans",
    "CAMT.053",
    "MT940",
    "USDT",
    "same_moon",
    f"{SITE}{NOTICES}",
)

_AWAY: Final = httpx.Response(502)
_NONE: Final = answer({"items": [], "next_cursor": None})
_INVALID: Final = problem(422, "invalid_fields", errors=[{"field": "reason", "message": "123"}])

_LIST: Final = "/console/statements"
_ONE: Final = f"{_LIST}/{STATEMENT}"
_LINE: Final = f"{_LIST}/lines/{LINE}"
_MAPPINGS: Final = f"{_LIST}/mappings"
_FILE: Final = b"TGL;URAIAN;KREDIT;SALDO"
_HEAD: Final = {"header": ["TGL", "URAIAN", "KREDIT", ""], "sample": [["1", TEXT, "7", ""], ["2", TEXT]]}
_CHOSEN: Final = {"column_0": "date", "column_1": "text", "column_2": "credit", "name": "7", "head": json.dumps(_HEAD)}


def _refused(code: str, **members: Any) -> Answers:
    return {IMPORT: problem(422, code, detail="123", **members)}


_FILES: Final = (
    Example(f"{_LIST}?done=columns&account=7"),
    Example(_LIST, answers={STATEMENTS: _NONE}, state="none"),
    Example(_LIST, 303, {}, file=_FILE),
    Example(_LIST, 422, {}, state="no file"),
    Example(
        _LIST,
        422,
        {"account": "7"},
        {**_refused("statement_does_not_add_up", line=7, expected="1.00", found="2.00"), STATEMENTS: _AWAY},
        file=_FILE,
        state="does not add up",
    ),
    Example(_LIST, 422, {"account": "7"}, _refused("unknown_format", **_HEAD), file=_FILE, state="unknown format"),
    Example(_LIST, 422, {}, _refused("unknown_format"), file=_FILE, state="no columns at all"),
    Example(_LIST, 422, {}, _refused("too_many_lines", limit=50000), file=_FILE, state="too long"),
    Example(_LIST, 503, {}, {IMPORT: _AWAY}, file=_FILE, state="no answer"),
)

_REASONS: Final = (
    "unique_amount",
    "confirms_payment",
    "already_paid",
    "not_expected_then",
    "names_another",
    "several_numbers",
    "several_amounts",
    "other_amount",
    "same_amount_and_payer",
    "near_number",
    "sum_of_named",
    "refund",
    "same_moon",
)
_DECIDED: Final = (
    decided(),
    decided("kept"),
    decided("ignored", ignore_reason="7b1"),
    decided("payout", payout_channel="qris", payout_fee="1050.00"),
    outgoing(reason="refund", refund_id=REFUND),
    outgoing(money_id=MONEY, decided_at=at(-1), decided_by=COLLEAGUE),
    outgoing(),
)


def _with(*lines: dict[str, Any], **fields: Any) -> Answers:
    return {LINES: answer({"items": list(lines), "next_cursor": None}), ONE_STATEMENT: answer(statement(**fields))}


_TAKEN: Final = {deciding("accept"): problem(409, "line_decided", state="matched"), ONE_LINE: answer(decided())}

_NOT_ACCEPTED: Final = {
    "refused": problem(409, "amount_mismatch", detail="123"),
    "held": problem(409, "line_decided", state="held"),
    "kept": answer({"state": "kept", "payment_id": None}),
    "no answer": _AWAY,
}

_LINES: Final = (
    Example(_ONE),
    Example(f"{_ONE}?done=imported&matched=6&proposed=2&unknown=1&repeated=3&accepted=4"),
    Example(f"{_ONE}?done=repeated&cursor=x"),
    Example(f"{_ONE}?done=accepted&accepted=1"),
    Example(f"{_ONE}?done=accepted&accepted=3"),
    Example(_ONE, answers=_with(*(line(each, "propose") for each in _REASONS)), state="all reasons"),
    Example(_ONE, answers=_with(sum_of_two(), payout()), state="a sum and a payout"),
    Example(_ONE, answers=_with(open=0), state="all decided"),
    Example(_ONE, answers=_with(line(), accepting=True), state="accepting"),
    Example(f"{_ONE}?state=all", answers=_with(*_DECIDED, account=None, closing=None), state="decisions"),
    Example(f"{_ONE}?state=kept", answers=_with(opening=None), state="none kept"),
    Example(_ONE, 422, {}, state="none ticked"),
    Example(_ONE, 303, {"line": f"{LINE} {ENTRY}"}),
    *(
        Example(_ONE, 200, {"line": f"{LINE} {ENTRY}"}, {deciding("accept"): answered}, state=f"not accepted: {state}")
        for state, answered in _NOT_ACCEPTED.items()
    ),
    Example(_ONE, 200, {"line": f"{LINE} {ENTRY}"}, _TAKEN, state="decided before"),
    Example(_ONE, 200, {"line": f"{MONEY} {ENTRY}"}, state="an unknown line"),
    Example(f"{_LIST}/{MONEY}", 404),
)

_ONE_LINES: Final = (
    Example(_LINE),
    *(Example(f"{_LINE}?done={each}") for each in ("accept", "keep", "ignore", "payout", "refund")),
    Example(f"{_LINE}?q=7", answers={ONE_LINE: answer(unknown())}, state="searched"),
    Example(f"{_LINE}?q=7", answers={ONE_LINE: answer(unknown()), LOOK_UP: _NONE}, state="nothing found"),
    Example(_LINE, answers={ONE_LINE: answer(unknown(statement_id=None, reference="7b1"))}, state="unknown"),
    Example(_LINE, answers={ONE_LINE: answer(sum_of_two())}, state="a sum"),
    Example(_LINE, answers={ONE_LINE: answer(payout())}, state="a payout"),
    *(
        Example(_LINE, answers={ONE_LINE: answer(each)}, state=f"{each['state']} {number}")
        for number, each in enumerate(_DECIDED)
    ),
    Example(
        _LINE,
        answers={ONE_LINE: answer(outgoing(balance=None)), ("GET", f"{PAYMENT}/refunds"): _NONE},
        state="left, no refund",
    ),
    Example(_LINE, 303, {"do": "accept", "registration": ENTRY}),
    Example(_LINE, 303, {"do": "payout", "channel": "qris", "fee": "1.050"}),
    Example(_LINE, 422, {"do": "accept"}, state="none chosen"),
    Example(_LINE, 422, {"do": "ignore"}, state="no reason"),
    Example(_LINE, 422, {"do": "payout", "channel": "x"}, state="no channel"),
    Example(_LINE, 422, {"do": "payout", "channel": "qris", "fee": "x"}, state="no fee"),
    Example(_LINE, 422, {"do": "refund"}, {ONE_LINE: answer(outgoing())}, state="no refund chosen"),
    Example(_LINE, 409, {"do": "accept", "registration": ENTRY}, _TAKEN),
    Example(
        _LINE,
        409,
        {"do": "accept", "registration": ENTRY},
        {deciding("accept"): problem(409, "amount_mismatch", detail="123")},
        state="other amount",
    ),
    Example(_LINE, 503, {"do": "keep"}, {deciding("keep"): _AWAY}),
    Example(f"{_LIST}/lines/{MONEY}", 404),
)

_COLUMNS: Final = (
    Example(_MAPPINGS),
    Example(f"{_MAPPINGS}?done=deleted", answers={MAPPINGS: _NONE}),
    Example(f"{_MAPPINGS}?done=unsure", answers={MAPPINGS: answer({"items": [mapping(date_order="ymd")]})}),
    Example(_MAPPINGS, 303, _CHOSEN),
    Example(_MAPPINGS, 303, {}, state="nothing sent"),
    Example(_MAPPINGS, 422, {"head": _CHOSEN["head"]}, state="nothing chosen"),
    Example(_MAPPINGS, 422, {**_CHOSEN, "column_3": "date"}, state="twice"),
    Example(
        _MAPPINGS,
        422,
        _CHOSEN,
        {
            ("POST", f"{PAYMENT}/statement-mappings"): problem(
                422, "invalid_fields", errors=[{"field": "columns.text", "message": "123"}]
            )
        },
    ),
    Example(f"{_MAPPINGS}/{MAPPING}/delete", 303, {}),
)

_MONEY: Final = f"/console/surplus/{MONEY}"
_ASSIGNED: Final = {"do": "assign", "registration": ENTRY, "assign_reason": "7b1"}
_WAITS: Final = {"checked_by": COLLEAGUE, "checked_at": at(-1), "proposed_registration_id": SECOND}
_GIVEN_BACK: Final = kept(
    state="refunded",
    decided_at=at(-9),
    decided_by=COLLEAGUE,
    reason="7b1",
    refunded_at=at(-1),
    refunded_by=str(OWNER),
    refund_reference="7b1",
)


def _kept(state: str, found: dict[str, Any], query: str = "") -> Example:
    return Example(f"{_MONEY}{query}", answers={ONE_KEPT: answer(found)}, state=state)


_SURPLUS: Final = (
    Example("/console/surplus"),
    Example("/console/surplus?kind=unknown&state=open&cursor=x"),
    Example("/console/surplus?kind=surplus", answers={KEPT: _NONE}),
    Example("/console/surplus", answers={KEPT: _NONE}, state="none"),
    Example("/console/surplus?state=7b1", state="no such state"),
    Example(
        "/console/surplus",
        answers={
            KEPT: answer(
                {
                    "items": [
                        ownerless(**_WAITS, reference=None),
                        kept(state="assigned", payment_id=PROOF),
                        _GIVEN_BACK,
                    ]
                }
            )
        },
        state="all states",
    ),
)

_ONE_MONEY: Final = (
    Example(_MONEY),
    _kept("unknown", ownerless(reference=None)),
    _kept("in usdt", ownerless(channel="usdt", registration_id=ENTRY, registration_number=NUMBER)),
    _kept("searched", ownerless(), "?q=7"),
    _kept("of a line", ownerless(source=f"line:{LINE}")),
    Example(f"{_MONEY}?q=7", answers={ONE_KEPT: answer(ownerless()), LOOK_UP: _NONE}, state="nothing found"),
    _kept("assigned", kept(state="assigned", payment_id=PROOF, decided_at=at(-1), decided_by=COLLEAGUE, reason="7b1")),
    _kept("to be paid back", kept(state="refund_due", decided_at=at(-1), decided_by=COLLEAGUE, reason="7b1")),
    _kept("paid back", _GIVEN_BACK),
    _kept("second", ownerless(**_WAITS, proposed_registration_number=OTHER_NUMBER), "?done=assign"),
    _kept("own", ownerless(**{**_WAITS, "checked_by": str(OWNER)})),
    *(Example(f"{_MONEY}?done={each}") for each in ("assign", "refund", "refunded")),
    Example(_MONEY, 303, _ASSIGNED),
    Example(_MONEY, 303, {"do": "refund", "refund_reason": "7b1"}),
    Example(_MONEY, 422, {"do": "assign"}, state="nothing chosen"),
    Example(_MONEY, 422, {"do": "refund"}, {settling("refund"): _INVALID}, state="no reason"),
    Example(_MONEY, 422, {"do": "refund", "refund_reason": "7b1"}, {settling("refund"): _INVALID}),
    Example(_MONEY, 422, {"do": "refunded"}, {ONE_KEPT: answer(kept(state="refund_due"))}, state="no reference"),
    Example(_MONEY, 409, _ASSIGNED, {settling("assign"): problem(409, "money_decided", state="assigned")}),
    Example(_MONEY, 409, _ASSIGNED, {settling("assign"): problem(409, "same_person", detail="123")}, state="same"),
    Example(f"/console/surplus/{LINE}", 404),
)

_DAY: Final = "/console/reconciliation"
_DIFFERENT: Final = reconciled(
    channel("bank", item(), item(registration_id=None, reference="7b1", line_id=LINE), difference="-150123.00"),
    channel("surplus", item(registration_id=None, money_id=MONEY, who="admin", age_days=1)),
    {
        **channel("same_moon", item(registration_id=None, amount=None, age_days=None, who="operator", count=9)),
        "left_out": 7,
    },
    channel("unknown", item(severity="information")),
    differences=4,
    day="2027-01-03",
)

_RECONCILED: Final = (
    Example(_DAY),
    Example(f"{_DAY}?done=ran"),
    Example(f"{_DAY}?date=2027-01-03", answers={RECONCILED: _DIFFERENT}, state="differences"),
    Example(f"{_DAY}?date=2026-12-01", answers={RECONCILED: problem(404, "no_reconciliation"), RUNS: _AWAY}),
    Example(f"{_DAY}?date=x", 422),
    Example(_DAY, 303, {}),
    Example(_DAY, 503, {}, {("POST", f"{PAYMENT}/reconciliation"): _AWAY}, state="no answer"),
)

_LEDGER: Final = "/console/ledger"
_MOVED: Final = (
    Example(_LEDGER),
    Example(
        f"{_LEDGER}?account=bank&kind=payment&registration={OTHER_NUMBER}&first_day=2027-01-01&last_day=2027-01-04&cursor=x"
    ),
    Example(f"{_LEDGER}?account=x&kind=x&registration={ENTRY}", state="an id"),
    Example(f"{_LEDGER}?registration=7", 422, answers={LOOK_UP: _NONE}),
    Example(f"{_LEDGER}?first_day=x", 422),
    Example(
        _LEDGER,
        answers={
            MOVEMENTS: answer(
                {"items": [movement(at, kind=each) for at, each in enumerate(("refund", "fee", "rounding"))]}
            ),
            BALANCES: _AWAY,
        },
        state="balances away",
    ),
    Example(_LEDGER, answers={MOVEMENTS: _NONE, BALANCES: answer({"at": None, "accounts": []})}, state="nothing"),
)

_GATEWAY: Final = "/console/gateway"
_ACCOUNT: Final = (
    Example(f"{_GATEWAY}?done=saved"),
    Example(f"{_GATEWAY}?done=removed", answers={GATEWAY: answer(account(None))}),
    Example(_GATEWAY, answers={GATEWAY: answer(account("production", "mandiri"))}, state="real money"),
    Example(_GATEWAY, answers={GATEWAY: answer(account("sandbox", refused_since=at(-9)))}, state="a refused key"),
    Example(_GATEWAY, 303, {"do": "save", "merchant_id": "G7", "offer_qris": "yes"}),
    Example(_GATEWAY, 303, {"do": "remove"}),
    Example(
        _GATEWAY,
        422,
        {"do": "save", "offer_qris": "yes"},
        {GATEWAY: answer(account(None))},
        state="no key",
    ),
    Example(f"{_GATEWAY}?done=untried", state="a key that could not be tried"),
    Example(
        _GATEWAY,
        422,
        {"do": "save", "server_key_secret": "x"},
        {
            ("PUT", f"{PAYMENT}/settings/midtrans"): problem(
                422, "invalid_fields", errors=[{"field": "server_key", "message": "123"}]
            )
        },
    ),
)

_TRANSFERS: Final = "/console/payment-settings/transfers"
_SAVED: Final = {"transfer_code": "add", "second_check_from": "1.000.000", "statement_auto_accept": "yes"}
_CHECKS: Final = (
    Example(f"{_TRANSFERS}?done=saved"),
    Example(_TRANSFERS, answers={PAYING: answer(paying())}, state="an older payment service"),
    Example(_TRANSFERS, 303, _SAVED),
    Example(_TRANSFERS, 422, {**_SAVED, "second_check_from": "x"}),
    Example(_TRANSFERS, 503, _SAVED, {("PUT", f"{PAYMENT}/settings"): _AWAY}),
)

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    _LIST: _FILES,
    f"{_LIST}/{{statement_id}}": _LINES,
    f"{_LIST}/lines/{{line_id}}": _ONE_LINES,
    _MAPPINGS: _COLUMNS,
    "/console/surplus": _SURPLUS,
    "/console/surplus/{money_id}": _ONE_MONEY,
    _DAY: _RECONCILED,
    _LEDGER: _MOVED,
    _GATEWAY: _ACCOUNT,
    _TRANSFERS: _CHECKS,
}
"""Examples by the path of the route in Indonesian."""
