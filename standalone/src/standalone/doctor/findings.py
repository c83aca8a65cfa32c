"""The doctor's findings."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Finding:
    """An inconsistency.

    `where` contains ids and numbers, never personal data. `owners` are the services that may fix it by republishing
    their state of the registration.
    """

    code: str
    detail: str
    where: dict[str, Any] = field(default_factory=dict)
    owners: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """Return the finding as text."""
        where = ", ".join(f"{name}={value}" for name, value in self.where.items())
        return f"{self.code}: {self.detail}" + (f" ({where})" if where else "")

    def as_json(self) -> dict[str, Any]:
        """Return the finding as a flat object, for scripts."""
        return {"code": self.code, "detail": self.detail, **{name: str(value) for name, value in self.where.items()}}


@dataclass
class Diagnosis:
    """All findings and counts of one examination.

    `warnings` need staff's attention although the services agree; they do not change `ok`.
    """

    findings: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        """Return whether there are no findings."""
        return not self.findings

    def found(self, code: str, detail: str, *, owners: frozenset[str] = frozenset(), **where: Any) -> None:
        """Add a finding."""
        self.findings.append(Finding(code, detail, where, owners))

    def warned(self, code: str, detail: str, **where: Any) -> None:
        """Add a warning."""
        self.warnings.append(Finding(code, detail, where))

    def to_publish(self) -> dict[str, set[UUID]]:
        """Return the registrations to republish, by service."""
        wanted: dict[str, set[UUID]] = {}
        for finding in self.findings:
            for owner in finding.owners:
                wanted.setdefault(owner, set()).add(finding.where["registration_id"])
        return wanted

    def as_json(self) -> dict[str, Any]:
        """Return the diagnosis as an object, for scripts."""
        findings = [finding.as_json() for finding in self.findings]
        warnings = [warning.as_json() for warning in self.warnings]
        return {"ok": self.ok, "findings": findings, "warnings": warnings, "counts": dict(sorted(self.counts.items()))}
