"""Who may call what: every route against every kind of caller, from the OpenAPI document."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from chassis.auth.principals import Role
from chassis.errors import StartlineError
from testkit.harness import ManualClock
from testkit.tokens import Headers

from .payment_world import Office

EVERYONE = frozenset({"nobody", "runner", "other_runner", "device", *(role.value for role in Role)})
STAFF = frozenset(role.value for role in Role)
FINANCE = frozenset({"owner", "admin", "finance"})
ADMIN = frozenset({"owner", "admin"})

MAY = {
    ("GET", "/invoices/{registration_id}"): STAFF | {"runner"},
    ("POST", "/invoices/{registration_id}/proofs"): FINANCE | {"runner"},
    ("GET", "/payments"): FINANCE,
    ("GET", "/payments/{payment_id}"): FINANCE,
    ("GET", "/payments/{payment_id}/proof"): FINANCE,
    ("POST", "/payments/{payment_id}/verify"): FINANCE,
    ("POST", "/payments/{payment_id}/reject"): FINANCE,
    ("GET", "/refunds"): FINANCE,
    ("POST", "/refunds/{payment_id}/done"): FINANCE,
    ("GET", "/instructions"): EVERYONE,
    ("GET", "/instructions/qris.png"): EVERYONE,
    ("GET", "/settings"): ADMIN,
    ("PUT", "/settings"): ADMIN,
    ("GET", "/dead-letters"): ADMIN,
    ("GET", "/dead-letters/{dead_letter_id}"): ADMIN,
    ("POST", "/dead-letters/{dead_letter_id}/replay"): ADMIN,
    ("DELETE", "/dead-letters/{dead_letter_id}"): ADMIN,
}

PREFIX = "/api/payment/v1"


def routes_of(office: Office) -> Iterator[tuple[str, str]]:
    for path, methods in office.app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path.removeprefix(PREFIX)


def callers(office: Office, registration: UUID) -> dict[str, Headers]:
    return {
        "nobody": {},
        "runner": office.issuer.runner(registration),
        "other_runner": office.issuer.runner(uuid4()),
        "device": office.issuer.device(uuid4()),
        **{role.value: office.issuer.staff(role) for role in Role},
    }


async def test_every_route_admits_exactly_those_it_is_for(office: Office) -> None:
    entry = await office.registered()
    assert set(routes_of(office)) == set(MAY)
    for (verb, path), allowed in MAY.items():
        concrete = path.format(registration_id=entry.id, payment_id=uuid4(), dead_letter_id=1)
        for name, headers in callers(office, entry.id).items():
            answer = await office.call(verb, concrete, headers=headers)
            admitted = answer.status not in {401, 403}
            assert admitted == (name in allowed), (verb, path, name, answer.status)
            assert name != "nobody" or admitted or answer.status == 401
            assert answer.status < 500


async def test_a_runner_sees_no_other_registration_even_with_a_good_token(office: Office) -> None:
    mine, theirs = await office.registered(), await office.registered()
    answer = await office.call("GET", f"/invoices/{theirs.id}", headers=office.issuer.runner(mine.id))
    assert answer.refused_with(403, "not_yours")


def test_every_error_code_belongs_to_one_error() -> None:
    kinds = [kind for kind in _all(StartlineError) if kind.__module__.startswith(("payment.", "chassis."))]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert sum(kind.__module__.startswith("payment.") for kind in kinds) >= 14


def _all(kind: type[StartlineError]) -> Iterator[type[StartlineError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _all(each)


async def test_every_error_of_ours_is_in_the_openapi_document(tmp_path: Path) -> None:
    unopened = Office("postgresql+asyncpg://nowhere.test/payment", clock=ManualClock(), folder=tmp_path)
    document = str(unopened.app.openapi())
    await unopened.close()
    for kind in _all(StartlineError):
        if kind.__module__.startswith("payment."):
            assert f"`{kind.code}`" in document, kind
