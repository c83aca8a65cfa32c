"""What a client knows: every request has a key, written down before it is sent; afterwards sets are compared."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import httpx

from standalone.journey.client import UnexpectedAnswer

_SERVER_ERRORS = 500
_STILL_RUNNING = "request_in_progress"


class Outcome(StrEnum):
    """What the client may believe: it was done, it was not, or nobody can tell yet."""

    OK = "ok"
    NO = "no"
    UNKNOWN = "?"


@dataclass(frozen=True)
class Entry:
    """The newest that is known of one key. `body` is the answer as it came, `code` the reason of a refusal."""

    outcome: Outcome
    body: bytes = b""
    code: str = ""

    @classmethod
    def of(cls, answer: httpx.Response | None, *, done: frozenset[str] = frozenset()) -> Self:
        """What an answer means; None is a connection that broke or a time that ran out.

        Args:
            done: refusals that say it was done before.
        """
        if answer is None or answer.status_code >= _SERVER_ERRORS:
            return cls(Outcome.UNKNOWN, code="no answer" if answer is None else str(answer.status_code))
        code = "" if answer.is_success else _code(answer)
        if answer.is_success or code in done:
            return cls(Outcome.OK, answer.content, code)
        return cls(Outcome.UNKNOWN if code == _STILL_RUNNING else Outcome.NO, answer.content, code)


@dataclass(frozen=True)
class Comparison:
    """The client's sets against what is held; `recovered` was unknown to the client and is held nevertheless."""

    held: int
    lost: frozenset[str]
    unexpected: frozenset[str]
    duplicated: frozenset[str]
    recovered: frozenset[str] = frozenset()

    @property
    def ok(self) -> bool:
        """Whether both tell the same."""
        return not (self.lost or self.unexpected or self.duplicated)

    def __str__(self) -> str:
        wrong = ", ".join(
            f"{name} {len(keys)} {sorted(keys)[:3] if keys else ''}".rstrip()
            for name, keys in (("lost", self.lost), ("unexpected", self.unexpected), ("duplicated", self.duplicated))
        )
        return f"{self.held} held, {wrong}" + (f", recovered {len(self.recovered)}" if self.recovered else "")


def compare(
    held: Iterable[str], *, sure: Iterable[str], possible: Iterable[str] = (), doubted: Iterable[str] = ()
) -> Comparison:
    """Compare what is held, a key as often as it is there, with what has to be there and what may be.

    Args:
        sure: must be held.
        possible: may be held; all else is unexpected.
        doubted: those of which nobody could tell before.
    """
    counts, must = Counter(held), frozenset(sure)
    found = frozenset(counts)
    return Comparison(
        held=counts.total(),
        lost=must - found,
        unexpected=found - must - frozenset(possible),
        duplicated=frozenset(key for key, count in counts.items() if count > 1),
        recovered=found & frozenset(doubted),
    )


@dataclass
class Ledger:
    """The client's log of one kind of request.

    Args:
        file: where every line is written before the request leaves; nothing is kept there if None.
        done: refusals that say it was done before.
    """

    file: Path | None = None
    done: frozenset[str] = frozenset()
    entries: dict[str, Entry] = field(default_factory=dict)

    async def ask(self, key: str, send: Callable[[], Awaitable[httpx.Response]]) -> Entry:
        """Send the request of `key` and note what came back.

        Raises:
            AssertionError: one key was answered in two ways.
        """
        self._write(key, "asked")
        return self._note(key, Entry.of(await _answer(send()), done=self.done))

    def _note(self, key: str, entry: Entry) -> Entry:
        self._write(key, f"{entry.outcome} {entry.code}".rstrip())
        before = self.entries.get(key)
        if before is None or before.outcome is Outcome.UNKNOWN:
            self.entries[key] = entry
        elif entry.outcome is not Outcome.UNKNOWN and before.body != entry.body:
            raise AssertionError(f"{key} was answered {before.body!r} and then {entry.body!r}")
        return self.entries[key]

    def _write(self, key: str, what: str) -> None:
        if self.file is not None:
            with self.file.open("a") as lines:
                lines.write(f"{key} {what}\n")

    def keys(self, outcome: Outcome) -> frozenset[str]:
        """Of the requests that stand so now."""
        return frozenset(key for key, entry in self.entries.items() if entry.outcome is outcome)

    def compare(self, held: Iterable[str], *, doubted: Iterable[str] = ()) -> Comparison:
        """This log against what is held."""
        possible = self.keys(Outcome.UNKNOWN)
        return compare(held, sure=self.keys(Outcome.OK), possible=possible, doubted=doubted)

    def counts(self) -> Counter[str]:
        """How many stand how, refusals by their reason."""
        return Counter(
            f"no: {each.code}" if each.outcome is Outcome.NO else str(each.outcome) for each in self.entries.values()
        )


async def _answer(sending: Awaitable[httpx.Response]) -> httpx.Response | None:
    try:
        return await sending
    except UnexpectedAnswer as unexpected:
        return unexpected.answer
    except httpx.TransportError:
        return None


def _code(answer: httpx.Response) -> str:
    try:
        problem: dict[str, Any] = answer.json()
    except ValueError:
        return str(answer.status_code)
    return str(problem.get("code", answer.status_code))
