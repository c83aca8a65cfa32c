"""Examples of the pages about decisions on lines of statements that are taken back."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .runner_apis import problem
from .walk import Answers, Example
from .walk_accounts_answers import LINE, MONEY, ONE_LINE, decided, deciding, line, undone
from .walk_money_answers import answer, at

_LINE: Final = f"/console/statements/lines/{LINE}"
_UNDO: Final = f"{_LINE}/undo"
_FORM: Final = {"undo_reason": "7b1", "decided_at": at(-1)}
_PAYOUT: Final = decided("payout", payout_channel="qris", payout_fee="1050.00")
_IGNORED: Final = decided("ignored", ignore_reason="7b1")
_ONCE_IGNORED: Final = undone(state="ignored", payout_channel=None, payout_fee=None, ignore_reason="7b1")


def _refused(state: str, found: dict[str, Any], refusal: httpx.Response) -> Example:
    answers: Answers = {ONE_LINE: answer(found), deciding("undo"): refusal}
    return Example(_UNDO, refusal.status_code if refusal.status_code != 502 else 503, _FORM, answers, state=state)


_LINES: Final = (
    Example(f"{_LINE}?done=undo"),
    Example(_LINE, answers={ONE_LINE: answer(line(undone=undone()))}, state="a payout taken back"),
    Example(_LINE, answers={ONE_LINE: answer(decided("kept", undone=_ONCE_IGNORED))}, state="ignored before"),
)

_PAGES: Final = (
    Example(_UNDO, answers={ONE_LINE: answer(_PAYOUT)}, state="a payout"),
    Example(_UNDO, answers={ONE_LINE: answer(_IGNORED)}, state="an ignored line"),
    Example(_UNDO, state="an open line"),
    Example(_UNDO, 303, _FORM),
    _refused("no reason", _IGNORED, problem(422, "invalid_fields", errors=[{"field": "reason", "message": "123"}])),
    _refused("taken", _PAYOUT, problem(409, "line_decided", state="payout")),
    _refused("not possible", decided(), problem(409, "undo_not_possible", state="matched", detail="123")),
    _refused("lost", _IGNORED, httpx.Response(502)),
    Example(f"/console/statements/lines/{MONEY}/undo", 404),
)

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "/console/statements/lines/{line_id}": _LINES,
    "/console/statements/lines/{line_id}/undo": _PAGES,
}
"""Examples by the path of the route in Indonesian."""
