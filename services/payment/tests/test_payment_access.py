"""Who may call what: every route against every kind of caller, from the OpenAPI document."""

from collections.abc import Iterator
from uuid import UUID, uuid4

from chassis.auth.principals import Role
from testkit.driver import Headers

from .payment_driver import PaymentDriver

EVERYONE = frozenset({"anonymous", "runner", "other_runner", "device", *(role.value for role in Role)})
OWNER = frozenset({"owner"})
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
    ("POST", "/invoices/{registration_id}/transfer"): FINANCE | {"runner"},
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
    ("POST", "/surplus/{money_id}/send"): FINANCE,
    ("PUT", "/surplus/{money_id}/refund-address"): FINANCE,
    ("POST", "/surplus/{money_id}/correct"): FINANCE,
    ("POST", "/statements"): FINANCE,
    ("GET", "/statements"): FINANCE,
    ("GET", "/statements/{statement_id}"): FINANCE,
    ("GET", "/statements/{statement_id}/lines"): FINANCE,
    ("GET", "/statement-lines/{line_id}"): FINANCE,
    ("GET", "/statement-mappings"): FINANCE,
    ("POST", "/statement-mappings"): FINANCE,
    ("DELETE", "/statement-mappings/{mapping_id}"): FINANCE,
    ("GET", "/payments/{payment_id}/lines"): FINANCE,
    ("POST", "/payments/{payment_id}/lines/{line_id}/confirm"): FINANCE,
    ("POST", "/statement-lines/{line_id}/accept"): FINANCE,
    ("POST", "/statement-lines/{line_id}/ignore"): FINANCE,
    ("POST", "/statement-lines/{line_id}/keep"): FINANCE,
    ("POST", "/statement-lines/{line_id}/payout"): FINANCE,
    ("POST", "/statement-lines/{line_id}/undo"): FINANCE,
    ("POST", "/gateway/reports"): FINANCE,
    ("GET", "/gateway/reports"): FINANCE,
    ("GET", "/gateway/reports/{report_id}"): FINANCE,
    ("POST", "/statement-lines/{line_id}/refund"): FINANCE,
    ("GET", "/reconciliation"): FINANCE,
    ("POST", "/reconciliation"): FINANCE,
    ("GET", "/reconciliation/runs"): FINANCE,
    ("GET", "/ledger/movements"): FINANCE,
    ("GET", "/ledger.csv"): FINANCE,
    ("GET", "/ledger/balances"): FINANCE,
    ("GET", "/refunds"): FINANCE,
    ("POST", "/refunds"): FINANCE,
    ("GET", "/refunds/{refund_id}"): FINANCE,
    ("POST", "/refunds/{refund_id}/done"): FINANCE,
    ("POST", "/refunds/{refund_id}/send"): FINANCE,
    ("PUT", "/refunds/{refund_id}/refund-address"): FINANCE,
    ("POST", "/refunds/{refund_id}/correct"): FINANCE,
    ("POST", "/refunds/{refund_id}/approve"): FINANCE,
    ("POST", "/refunds/{refund_id}/cancel"): FINANCE,
    ("POST", "/refunds/{refund_id}/evidence"): FINANCE,
    ("GET", "/refunds/{refund_id}/evidence"): FINANCE,
    ("GET", "/instructions"): EVERYONE,
    ("GET", "/instructions/qris.png"): EVERYONE,
    ("GET", "/settings"): ADMIN,
    ("PUT", "/settings"): ADMIN,
    ("POST", "/settings/qris/confirm"): ADMIN,
    ("POST", "/invoices/{registration_id}/usdt"): {"runner"},
    ("GET", "/invoices/{registration_id}/usdt"): FINANCE | {"runner"},
    ("PUT", "/invoices/{registration_id}/usdt/refund-address"): {"runner"},
    ("GET", "/usdt/networks"): EVERYONE,
    ("GET", "/usdt/networks/settings"): OWNER,
    ("PUT", "/usdt/networks/{network}/settings"): OWNER,
    ("GET", "/usdt/chains"): FINANCE,
    ("POST", "/usdt/chains/{network}/resume"): OWNER,
    ("GET", "/usdt/keys"): OWNER,
    ("POST", "/usdt/keys"): OWNER,
    ("POST", "/usdt/keys/{key_id}/confirm"): OWNER,
    ("GET", "/usdt/keys/{key_id}/addresses.csv"): OWNER,
    ("GET", "/usdt/rates"): FINANCE,
    ("POST", "/usdt/rates"): FINANCE,
    ("POST", "/usdt/rates/{rate_id}/withdraw"): FINANCE,
    ("GET", "/usdt/transfers"): FINANCE,
    ("GET", "/usdt/transfers/{transfer_id}"): FINANCE,
    ("POST", "/usdt/transfers/{transfer_id}/assign"): FINANCE,
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
            refund_id=uuid4(),
            dead_letter_id=1,
            charge_id=uuid4(),
            money_id=uuid4(),
            statement_id=uuid4(),
            line_id=uuid4(),
            mapping_id=uuid4(),
            report_id=uuid4(),
            network="polygon",
            key_id=uuid4(),
            transfer_id=uuid4(),
            rate_id=1,
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
