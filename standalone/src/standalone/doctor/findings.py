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

    def __str__(self) -> str:
        """For people."""
        where = ", ".join(f"{name}={value}" for name, value in self.where.items())
        return f"{self.code}: {self.detail}" + (f" ({where})" if where else "")

    def as_json(self) -> dict[str, Any]:
        """Flat, for scripts."""
        return {"code": self.code, "detail": self.detail, **{name: str(value) for name, value in self.where.items()}}


@dataclass
class Diagnosis:
    """All findings of one look, and what was counted on the way.

    `warnings` ask for a person's attention although the services agree: they leave `ok` as it is.
    """

    findings: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def found(self, code: str, detail: str, *, owners: frozenset[str] = frozenset(), **where: Any) -> None:
        """Note something wrong."""
        self.findings.append(Finding(code, detail, where, owners))

    def warned(self, code: str, detail: str, **where: Any) -> None:
        """Note what a person should look at."""
        self.warnings.append(Finding(code, detail, where))

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
        warnings = [warning.as_json() for warning in self.warnings]
        return {"ok": self.ok, "findings": findings, "warnings": warnings, "counts": dict(sorted(self.counts.items()))}
