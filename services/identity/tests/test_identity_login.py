"""Logins and logouts, and what is stored of them."""

import asyncio
import hashlib
import time
from datetime import timedelta

import pytest
from chassis.auth.access import peek
from chassis.auth.principals import Role, TokenKind
from identity.accounts.passwords import Passwords, Verification

from .identity_driver import PASSWORD, WRONG_PASSWORD, IdentityDriver


async def test_a_login_returns_a_pair_of_tokens_and_the_member(driver: IdentityDriver) -> None:
    finance = await driver.add_member(Role.FINANCE)
    # when
    answer = await driver.try_log_in(" Finance@Example.COM ")
    # then
    assert answer.status == 200
    assert answer.body.keys() == {"access_token", "refresh_token", "expires_in", "staff"}
    assert answer.body["expires_in"] == 300
    assert answer.body["staff"] == {
        "id": str(finance.id),
        "name": "The finance",
        "email": "finance@example.com",
        "role": "finance",
    }
    assert answer.headers["cache-control"] == "no-store"
    header, claims = peek(answer.body["access_token"]), peek(answer.body["access_token"].partition(".")[2])
    assert header["alg"] == "Ed25519"
    assert header["typ"] == TokenKind.STAFF
    assert claims["iss"] == "startline.identity"
    assert claims["exp"] - claims["iat"] == 300
    assert (claims["sub"], claims["role"], claims["name"]) == (str(finance.id), "finance", "The finance")


async def test_an_unknown_address_a_wrong_password_and_a_disabled_account_get_the_same_answer(
    driver: IdentityDriver,
) -> None:
    boss, disabled = await driver.add_member(), await driver.add_member(Role.ADMIN)
    owner = await driver.log_in(boss)
    await driver.change_member(disabled, owner, is_active=False)
    # when
    answers = [
        await driver.try_log_in("nobody@example.com"),
        await driver.try_log_in("owner@example.com", WRONG_PASSWORD),
        await driver.try_log_in(disabled.email),
    ]
    # then
    for answer in answers:
        answer.body.pop("correlation_id")
        assert answer.status == 401
        assert answer.body == answers[0].body
        assert answer.code == "invalid_credentials"
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_unknown_address_takes_as_long_as_a_wrong_password(driver: IdentityDriver) -> None:
    await driver.add_member()
    known, unknown = [], []
    # when: taken in turns, so that a busy machine slows both alike; the best of each is what the code costs
    for attempt in range(12):
        known.append(await _seconds(driver, "owner@example.com", f"192.0.2.{attempt}"))
        unknown.append(await _seconds(driver, f"nobody{attempt}@example.com", f"192.0.2.{attempt}"))
        driver.clock.advance(timedelta(hours=1))
    # then
    assert min(unknown) == pytest.approx(min(known), rel=0.3)


async def _seconds(driver: IdentityDriver, email: str, source: str) -> float:
    started = time.perf_counter()
    answer = await driver.try_log_in(email, WRONG_PASSWORD, source=source)
    assert answer.status == 401
    return time.perf_counter() - started


async def test_a_password_without_an_account_is_never_right() -> None:
    passwords = Passwords(memory_kib=19456, passes=2)
    # given: even the password of the stand-in hash is not right
    passwords._decoy = await passwords.hash(PASSWORD)
    # then
    assert await passwords.verify(PASSWORD, None) == Verification(right=False)


async def test_a_member_disabled_while_their_password_is_verified_is_refused(driver: IdentityDriver) -> None:
    boss, admin = await driver.add_member(), await driver.add_member(Role.ADMIN)
    owner = await driver.log_in(boss)
    verify = driver.app.state.passwords.verify

    async def disable_meanwhile(password: str, stored: str | None) -> Verification:
        verification: Verification = await verify(password, stored)
        await driver.change_member(admin, owner, is_active=False)
        return verification

    driver.app.state.passwords.verify = disable_meanwhile
    # when
    answer = await driver.try_log_in(admin.email)
    # then
    assert answer.code == "invalid_credentials"
    assert not await driver.rows("SELECT 1 FROM sessions WHERE staff_id = :id AND ended_at IS NULL", id=admin.id)


async def test_stronger_parameters_are_used_from_the_next_login_on(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    stronger = driver.another_process(password_passes=3)
    # when
    assert (await stronger.try_log_in(boss.email, WRONG_PASSWORD)).status == 401
    [before] = await driver.rows("SELECT password_hash FROM staff")
    await asyncio.gather(*(stronger.try_log_in(boss.email) for _ in range(3)))
    await stronger.close()
    [after] = await driver.rows("SELECT password_hash FROM staff")
    # then
    assert before["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert after["password_hash"].startswith("$argon2id$v=19$m=19456,t=3,p=1$")
    await driver.log_in(boss)


async def test_a_login_succeeds_when_its_stronger_hash_cannot_be_stored(
    driver: IdentityDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = await driver.add_member()
    stronger = driver.another_process(password_passes=3)

    async def gone(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(stronger.app.state.sessions, "_replace_hash", gone)
    # when
    answer = await stronger.try_log_in(boss.email)
    await stronger.close()
    # then
    assert answer.status == 200, answer.body


async def test_logins_are_audited_without_names_or_addresses(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    # when
    await driver.log_in(boss)
    await driver.try_log_in(boss.email, WRONG_PASSWORD)
    await driver.try_log_in("Stranger@example.com", WRONG_PASSWORD)
    # then
    [good] = await driver.audit_log("session.login")
    wrong, unknown = await driver.audit_log("session.login_failed")
    [session] = await driver.rows("SELECT id FROM sessions")
    assert (good["actor"], good["subject"]) == (f"staff:{boss.id}", f"session:{session['id']}")
    assert (wrong["actor"], wrong["subject"]) == ("anonymous", f"staff:{boss.id}")
    assert unknown["subject"] == f"email:{hashlib.sha256(b'stranger@example.com').hexdigest()[:12]}"
    audit_log = str(await driver.rows("SELECT * FROM audit_log"))
    for secret in ("@example.com", "198.51.100.7", WRONG_PASSWORD, PASSWORD, "The owner"):
        assert secret not in audit_log


async def test_passwords_and_refresh_tokens_are_stored_as_hashes_only(driver: IdentityDriver) -> None:
    login = await driver.log_in(await driver.add_member())
    dump = ""
    for table in ("staff", "sessions", "refresh_tokens", "login_throttles", "audit_log", "signing_keys"):
        dump += str(await driver.rows(f"SELECT * FROM {table}"))
    assert PASSWORD not in dump
    assert login.refresh_token not in dump
    assert hashlib.sha256(login.refresh_token.encode()).hexdigest() in dump


async def test_a_logout_ends_its_session_and_no_other(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    phone, laptop = await driver.log_in(boss), await driver.log_in(boss)
    # when
    answer = await driver.call("POST", "/logout", by=phone.headers)
    # then
    assert (answer.status, answer.body) == (204, None)
    assert (await driver.try_refresh(phone.refresh_token)).code == "session_ended"
    assert (await driver.me(phone)).code == "session_ended"
    assert (await driver.call("POST", "/logout", by=phone.headers)).code == "session_ended"
    assert (await driver.me(laptop)).status == 200
    assert len(await driver.audit_log("session.logout")) == 1


async def test_me_returns_the_current_data_of_the_caller(driver: IdentityDriver) -> None:
    boss, viewer = await driver.add_member(), await driver.add_member(Role.VIEWER)
    owner, login = await driver.log_in(boss), await driver.log_in(viewer)
    # when
    await driver.change_member(viewer, owner, name="Sari")
    # then
    answer = await driver.me(login)
    assert answer.body.keys() == {"id", "name", "email", "role", "is_active", "created_at", "updated_at"}
    assert (answer.body["name"], answer.body["role"], answer.body["is_active"]) == ("Sari", "viewer", True)


async def test_more_logins_than_the_queue_holds_are_unavailable(driver: IdentityDriver) -> None:
    passwords = Passwords(memory_kib=19456, passes=2, at_once=1)

    async def check() -> Verification:
        async with passwords.queue_slot():
            return await passwords.verify(WRONG_PASSWORD, None)

    # when
    verdicts = await asyncio.gather(*(check() for _ in range(70)), return_exceptions=True)
    # then
    refused = [each for each in verdicts if isinstance(each, BaseException)]
    assert len(refused) == 6
    assert {type(each).__name__ for each in refused} == {"Unavailable"}
    assert await check() == Verification(right=False)
