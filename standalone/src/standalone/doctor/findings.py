"""What the doctor reports."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    `where` holds ids and numbers, never people. `owners` are the services that may mend it by publishing again what
    they hold true of the registration.
    """

    code: str
    detail: str
    where: dict[str, Any] = field(default_factory=dict)
    owners: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """Flat, for scripts."""
        return {"code": self.code, "detail": self.detail, **{name: str(value) for name, value in self.where.items()}}


@dataclass
class Diagnosis:
    """All findings of one look, and what was counted on the way."""

    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def found(self, code: str, detail: str, *, owners: frozenset[str] = frozenset(), **where: Any) -> None:
        """Note something wrong."""
        self.findings.append(Finding(code, detail, where, owners))

    def to_publish(self) -> dict[str, set[UUID]]:
        """Return, by service, the registrations of which it should publish again what it holds true."""
        wanted: dict[str, set[UUID]] = {}
        for finding in self.findings:
            for owner in finding.owners:
                wanted.setdefault(owner, set()).add(finding.where["registration_id"])
        return wanted

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        findings = [finding.as_json() for finding in self.findings]
        return {"ok": self.ok, "findings": findings, "counts": dict(sorted(self.counts.items()))}
