"""A client's log of its requests, for comparison with the server. Each request's key is logged before it is sent."""

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
    """What the client knows about a request: it was done, it was not done, or it is unknown yet."""

    OK = "ok"
    NO = "no"
    UNKNOWN = "?"


@dataclass(frozen=True)
class Entry:
    """The newest knowledge about one key. `body` is the answer as received, `code` the reason of a refusal."""

    outcome: Outcome
    body: bytes = b""
    code: str = ""

    @classmethod
    def of(cls, answer: httpx.Response | None, *, done: frozenset[str] = frozenset()) -> Self:
        """Return the entry for an answer; None is a broken connection or a timeout.

        Args:
            done: codes of refusals that mean that the request was done before.
        """
        if answer is None or answer.status_code >= _SERVER_ERRORS:
            return cls(Outcome.UNKNOWN, code="no answer" if answer is None else str(answer.status_code))
        code = "" if answer.is_success else _code(answer)
        if answer.is_success or code in done:
            return cls(Outcome.OK, answer.content, code)
        return cls(Outcome.UNKNOWN if code == _STILL_RUNNING else Outcome.NO, answer.content, code)


@dataclass(frozen=True)
class Comparison:
    """The difference between the client's keys and those held. `recovered` were unknown to the client and are held."""

    held: int
    lost: frozenset[str]
    unexpected: frozenset[str]
    duplicated: frozenset[str]
    recovered: frozenset[str] = frozenset()

    @property
    def ok(self) -> bool:
        """Return whether there are no differences."""
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
    """Compare the keys that are held, repeated if held several times, with those that must and may be held.

    Args:
        sure: must be held.
        possible: may be held; all others are unexpected.
        doubted: those whose outcome was unknown before.
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
        file: every line is written here before the request is sent; None for no file.
        done: codes of refusals that mean that the request was done before.
    """

    file: Path | None = None
    done: frozenset[str] = frozenset()
    entries: dict[str, Entry] = field(default_factory=dict)

    async def ask(self, key: str, send: Callable[[], Awaitable[httpx.Response]]) -> Entry:
        """Send the request of `key` and record the answer.

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
        """Return the keys whose requests have this outcome now."""
        return frozenset(key for key, entry in self.entries.items() if entry.outcome is outcome)

    def compare(self, held: Iterable[str], *, doubted: Iterable[str] = ()) -> Comparison:
        """Compare this log with the keys that are held."""
        possible = self.keys(Outcome.UNKNOWN)
        return compare(held, sure=self.keys(Outcome.OK), possible=possible, doubted=doubted)

    def counts(self) -> Counter[str]:
        """Return the number of requests by outcome, and refusals by their reason."""
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
