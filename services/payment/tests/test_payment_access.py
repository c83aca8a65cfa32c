"""Who may call what: every route against every kind of caller, from the OpenAPI document."""

from collections.abc import Iterator
from uuid import UUID, uuid4

from chassis.auth.principals import Role
from testkit.driver import Headers

from .payment_driver import PaymentDriver

EVERYONE = frozenset({"anonymous", "runner", "other_runner", "device", *(role.value for role in Role)})
STAFF = frozenset(role.value for role in Role)
FINANCE = frozenset({"owner", "admin", "finance"})
ADMIN = frozenset({"owner", "admin"})

MAY = {
    ("GET", "/invoices"): FINANCE,
    ("GET", "/invoices/{registration_id}"): STAFF | {"runner"},
    ("POST", "/invoices/{registration_id}/proofs"): FINANCE | {"runner"},
    ("GET", "/invoices/{registration_id}/qris.png"): FINANCE | {"runner"},
    ("GET", "/invoices/{registration_id}/qris.svg"): FINANCE | {"runner"},
    ("GET", "/invoices/{registration_id}/qris"): FINANCE | {"runner"},
    ("GET", "/payments"): FINANCE,
    ("GET", "/payments/{payment_id}"): FINANCE,
    ("GET", "/payments/{payment_id}/proof"): FINANCE,
    ("POST", "/payments/{payment_id}/verify"): FINANCE,
    ("POST", "/payments/{payment_id}/reject"): FINANCE,
    ("POST", "/payments/{payment_id}/undo"): FINANCE,
    ("POST", "/payments/bulk/verify"): FINANCE,
    ("POST", "/review/next"): FINANCE,
    ("POST", "/review/{payment_id}/release"): FINANCE,
    ("GET", "/review/reasons"): FINANCE,
    ("GET", "/reports/financial"): FINANCE,
    ("GET", "/reports/financial.csv"): FINANCE,
    ("GET", "/reports/financial.xlsx"): FINANCE,
    ("GET", "/stats"): STAFF,
    ("GET", "/invoices/{registration_id}/methods"): FINANCE | {"runner"},
    ("GET", "/invoices/{registration_id}/charges"): FINANCE | {"runner"},
    ("POST", "/invoices/{registration_id}/charges"): {"runner"},
    ("GET", "/charges"): FINANCE,
    ("GET", "/charges/{charge_id}"): FINANCE | {"runner", "other_runner"},
    ("POST", "/charges/{charge_id}/cancel"): FINANCE | {"runner", "other_runner"},
    ("POST", "/webhooks/midtrans"): EVERYONE,
    ("GET", "/settings/midtrans"): ADMIN,
    ("PUT", "/settings/midtrans"): ADMIN,
    ("GET", "/surplus"): FINANCE,
    ("GET", "/surplus/{money_id}"): FINANCE,
    ("POST", "/surplus/{money_id}/assign"): FINANCE,
    ("POST", "/surplus/{money_id}/refund"): FINANCE,
    ("POST", "/surplus/{money_id}/refunded"): FINANCE,
    ("POST", "/statements"): FINANCE,
    ("GET", "/statements"): FINANCE,
    ("GET", "/statements/{statement_id}/lines"): FINANCE,
    ("POST", "/statement-lines/{line_id}/accept"): FINANCE,
    ("POST", "/statement-lines/{line_id}/ignore"): FINANCE,
    ("POST", "/statement-lines/{line_id}/keep"): FINANCE,
    ("GET", "/ledger/movements"): FINANCE,
    ("GET", "/ledger/balances"): FINANCE,
    ("GET", "/refunds"): FINANCE,
    ("GET", "/refunds/{payment_id}"): FINANCE,
    ("POST", "/refunds/{payment_id}/done"): FINANCE,
    ("GET", "/instructions"): EVERYONE,
    ("GET", "/instructions/qris.png"): EVERYONE,
    ("GET", "/settings"): ADMIN,
    ("PUT", "/settings"): ADMIN,
    ("POST", "/settings/qris/confirm"): ADMIN,
    ("GET", "/audit"): ADMIN,
    ("GET", "/audit.csv"): ADMIN,
    ("GET", "/queues"): ADMIN,
    ("GET", "/dead-letters"): ADMIN,
    ("POST", "/dead-letters/bulk/replay"): ADMIN,
    ("POST", "/dead-letters/bulk/drop"): ADMIN,
    ("GET", "/dead-letters/{dead_letter_id}"): ADMIN,
    ("POST", "/dead-letters/{dead_letter_id}/replay"): ADMIN,
    ("DELETE", "/dead-letters/{dead_letter_id}"): ADMIN,
}


def routes_of(driver: PaymentDriver) -> Iterator[tuple[str, str]]:
    for path, methods in driver.app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path.removeprefix(driver.url(""))


def callers(driver: PaymentDriver, registration: UUID) -> dict[str, Headers]:
    return {
        "anonymous": {},
        "runner": driver.runner(registration),
        "other_runner": driver.runner(uuid4()),
        "device": driver.issuer.device(uuid4()),
        **{role.value: driver.staff(role) for role in Role},
    }


async def test_every_route_admits_exactly_those_it_is_for(driver: PaymentDriver) -> None:
    entry = await driver.register()
    assert set(routes_of(driver)) == set(MAY)
    for (method, path), allowed in MAY.items():
        concrete = path.format(
            registration_id=entry.id,
            payment_id=uuid4(),
            dead_letter_id=1,
            charge_id=uuid4(),
            money_id=uuid4(),
            statement_id=uuid4(),
            line_id=uuid4(),
        )
        for name, headers in callers(driver, entry.id).items():
            answer = await driver.call(method, concrete, by=headers)
            admitted = answer.status not in {401, 403}
            assert admitted == (name in allowed), (method, path, name, answer.status)
            assert name != "anonymous" or admitted or answer.status == 401
            assert answer.status < 500


async def test_a_runner_with_a_valid_token_sees_no_other_registration(driver: PaymentDriver) -> None:
    mine, theirs = await driver.register(), await driver.register()
    answer = await driver.call("GET", f"/invoices/{theirs.id}", by=driver.runner(mine.id))
    assert answer.is_problem(403, "not_yours")
