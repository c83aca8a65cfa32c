"""Access: every route admits the callers in the table, and its errors are in its description."""

from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from testkit.driver import Headers

from .notification_driver import NotificationDriver

ADMIN, STAFF = {"owner", "admin"}, {role.value for role in Role}
EVERYBODY = [*Role, "device", "runner", "anonymous"]
A_TEMPLATE = "/templates/{event_type}/{channel}/{locale}"

ACCESS = {
    ("GET", "/notifications"): STAFF,
    ("GET", "/notifications/{notification_id}"): STAFF,
    ("POST", "/notifications/bulk/retry"): ADMIN,
    ("POST", "/notifications/{notification_id}/retry"): ADMIN,
    ("POST", "/notifications/{notification_id}/resend"): ADMIN,
    ("GET", "/notifications/retry-failed"): ADMIN,
    ("POST", "/notifications/retry-failed"): ADMIN,
    ("GET", "/templates"): ADMIN,
    ("GET", "/templates/variables"): ADMIN,
    ("GET", A_TEMPLATE): ADMIN,
    ("PUT", A_TEMPLATE): ADMIN,
    ("DELETE", A_TEMPLATE): ADMIN,
    ("POST", f"{A_TEMPLATE}/preview"): ADMIN,
    ("GET", "/settings"): ADMIN,
    ("PUT", "/settings"): ADMIN,
    ("POST", "/settings/test"): ADMIN,
    ("GET", "/senders"): STAFF,
    ("GET", "/stats"): STAFF,
    ("POST", "/webhooks/fonnte/{secret}"): {*EVERYBODY},
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


def routes(driver: NotificationDriver) -> set[tuple[str, str]]:
    described = driver.app.openapi()["paths"]
    prefix = driver.url("")
    return {(method.upper(), path.removeprefix(prefix)) for path, methods in described.items() for method in methods}


async def test_the_table_names_every_route(driver: NotificationDriver) -> None:
    assert routes(driver) == set(ACCESS)


@pytest.mark.parametrize("who", EVERYBODY)
async def test_every_route_admits_only_the_callers_in_the_table(driver: NotificationDriver, who: str) -> None:
    headers = _headers(driver, who)
    for (method, path), allowed in ACCESS.items():
        filled = path.format(
            notification_id=uuid4(),
            event_type="registration.created",
            channel="email",
            locale="id",
            secret="wrong",
            dead_letter_id=1,
        )
        # Only callers who are admitted get a 422 or a 404.
        answer = await driver.call(method, filled, by=headers, json={} if method == "PUT" else None)
        if who in allowed:
            assert answer.status in {200, 204, 404, 422}, (method, path, answer)
        elif who in STAFF:
            assert (answer.status, answer.code) == (403, "forbidden"), (method, path, answer)
        else:
            assert answer.status == 401, (method, path, answer)


def _headers(driver: NotificationDriver, who: str) -> Headers:
    match who:
        case "anonymous":
            return {}
        case "runner":
            return driver.runner(uuid4())
        case "device":
            return driver.issuer.device(uuid4())
    return driver.staff(Role(who))


async def test_every_error_a_route_raises_is_in_its_description(driver: NotificationDriver) -> None:
    described = driver.app.openapi()["paths"]
    for path, method, status, code in (
        ("/notifications/{notification_id}/retry", "post", "404", "unknown_notification"),
        ("/notifications/{notification_id}/retry", "post", "409", "message_superseded"),
        ("/notifications/{notification_id}/resend", "post", "404", "unknown_notification"),
        ("/notifications/{notification_id}/resend", "post", "409", "message_waiting"),
        (A_TEMPLATE, "put", "422", "invalid_template"),
        (f"{A_TEMPLATE}/preview", "post", "422", "invalid_template"),
        ("/webhooks/fonnte/{secret}", "post", "404", "unknown_webhook"),
    ):
        assert code in described[driver.url(path)][method]["responses"][status]["description"]
