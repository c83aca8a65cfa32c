"""What the doctor reports."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """Something that is wrong. `where` holds ids and numbers, never people."""

    code: str
    detail: str
    where: dict[str, Any] = field(default_factory=dict)

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

    def found(self, code: str, detail: str, **where: Any) -> None:
        """Note something wrong."""
        self.findings.append(Finding(code, detail, where))

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        findings = [finding.as_json() for finding in self.findings]
        return {"ok": self.ok, "findings": findings, "counts": dict(sorted(self.counts.items()))}
