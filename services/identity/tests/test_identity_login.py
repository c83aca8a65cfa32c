"""Logging in, out, and what is remembered of it."""

import asyncio
import hashlib
import time
from datetime import timedelta

import pytest
from chassis.auth.access import peek
from chassis.auth.principals import Role, TokenKind
from identity.accounts.passwords import Passwords, Verification

from .identity_world import PASSWORD, WRONG, Office


async def test_a_login_gives_a_pair_of_tokens_and_says_who_it_is(office: Office) -> None:
    finance = await office.hire(Role.FINANCE)
    # when
    reply = await office.try_login(" Finance@Example.COM ")
    # then
    assert reply.status == 200
    assert reply.body.keys() == {"access_token", "refresh_token", "expires_in", "staff"}
    assert reply.body["expires_in"] == 300
    assert reply.body["staff"] == {
        "id": str(finance.id),
        "name": "The finance",
        "email": "finance@example.com",
        "role": "finance",
    }
    assert reply.headers["cache-control"] == "no-store"
    header, claims = peek(reply.body["access_token"]), peek(reply.body["access_token"].partition(".")[2])
    assert header["alg"] == "Ed25519"
    assert header["typ"] == TokenKind.STAFF
    assert claims["iss"] == "startline.identity"
    assert claims["exp"] - claims["iat"] == 300
    assert (claims["sub"], claims["role"], claims["name"]) == (str(finance.id), "finance", "The finance")


async def test_a_stranger_a_wrong_password_and_a_disabled_account_get_the_same_answer(office: Office) -> None:
    boss, disabled = await office.hire(), await office.hire(Role.ADMIN)
    owner = await office.login(boss)
    assert (await office.change(disabled, owner, is_active=False)).status == 200
    # when
    replies = [
        await office.try_login("nobody@example.com"),
        await office.try_login("owner@example.com", WRONG),
        await office.try_login(disabled.email),
    ]
    # then
    for reply in replies:
        reply.body.pop("correlation_id")
        assert reply.status == 401
        assert reply.body == replies[0].body
        assert reply.code == "invalid_credentials"
        assert reply.headers["www-authenticate"] == "Bearer"


async def test_an_unknown_address_takes_as_long_as_a_wrong_password(office: Office) -> None:
    await office.hire()
    known, unknown = [], []
    # when: taken in turns, so that a busy machine slows both alike; the best of each is what the code costs
    for attempt in range(12):
        known.append(await _seconds(office, "owner@example.com", f"192.0.2.{attempt}"))
        unknown.append(await _seconds(office, f"nobody{attempt}@example.com", f"192.0.2.{attempt}"))
        office.clock.advance(timedelta(hours=1))
    # then
    assert min(unknown) == pytest.approx(min(known), rel=0.3)


async def _seconds(office: Office, email: str, source: str) -> float:
    started = time.perf_counter()
    reply = await office.try_login(email, WRONG, source=source)
    assert reply.status == 401
    return time.perf_counter() - started


async def test_nobodys_password_is_verified_against_a_real_hash() -> None:
    passwords = Passwords(memory_kib=19456, passes=2)
    # given: even the password behind the stand-in hash is no way in
    passwords._decoy = await passwords.hash(PASSWORD)
    # then
    assert await passwords.verify(PASSWORD, None) == Verification(right=False)


async def test_a_member_disabled_while_their_password_is_verified_does_not_get_in(office: Office) -> None:
    boss, admin = await office.hire(), await office.hire(Role.ADMIN)
    owner = await office.login(boss)
    verify = office.app.state.passwords.verify

    async def disable_meanwhile(password: str, stored: str | None) -> Verification:
        verification: Verification = await verify(password, stored)
        assert (await office.change(admin, owner, is_active=False)).status == 200
        return verification

    office.app.state.passwords.verify = disable_meanwhile
    # when
    reply = await office.try_login(admin.email)
    # then
    assert reply.code == "invalid_credentials"
    assert not await office.rows("SELECT 1 FROM sessions WHERE staff_id = :id AND ended_at IS NULL", id=admin.id)


async def test_stronger_parameters_are_taken_over_at_the_next_login(office: Office) -> None:
    boss = await office.hire()
    stronger = office.another_process(password_passes=3)
    # when
    assert (await stronger.try_login(boss.email, WRONG)).status == 401
    [before] = await office.rows("SELECT password_hash FROM staff")
    await asyncio.gather(*(stronger.try_login(boss.email) for _ in range(3)))
    await stronger.close()
    [after] = await office.rows("SELECT password_hash FROM staff")
    # then
    assert before.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert after.password_hash.startswith("$argon2id$v=19$m=19456,t=3,p=1$")
    await office.login(boss)


async def test_a_login_does_not_fail_when_only_its_stronger_hash_cannot_be_stored(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = await office.hire()
    stronger = office.another_process(password_passes=3)

    async def gone(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(stronger.app.state.sessions, "_replace_hash", gone)
    # when
    reply = await stronger.try_login(boss.email)
    await stronger.close()
    # then
    assert reply.status == 200, reply.body


async def test_a_login_is_remembered_without_names_or_addresses(office: Office) -> None:
    boss = await office.hire()
    # when
    await office.login(boss)
    await office.try_login(boss.email, WRONG)
    await office.try_login("Stranger@example.com", WRONG)
    # then
    [good] = await office.audited("session.login")
    wrong, unknown = await office.audited("session.login_failed")
    [session] = await office.rows("SELECT id FROM sessions")
    assert (good.actor, good.subject) == (f"staff:{boss.id}", f"session:{session.id}")
    assert (wrong.actor, wrong.subject) == ("anonymous", f"staff:{boss.id}")
    assert unknown.subject == f"email:{hashlib.sha256(b'stranger@example.com').hexdigest()[:12]}"
    everything = str(await office.rows("SELECT * FROM audit_log"))
    for secret in ("@example.com", "198.51.100.7", WRONG, PASSWORD, "The owner"):
        assert secret not in everything


async def test_passwords_and_refresh_tokens_are_nowhere_in_the_database(office: Office) -> None:
    login = await office.login(await office.hire())
    dump = ""
    for table in ("staff", "sessions", "refresh_tokens", "login_throttles", "audit_log", "signing_keys"):
        dump += str(await office.rows(f"SELECT * FROM {table}"))
    assert PASSWORD not in dump
    assert login.refresh_token not in dump
    assert hashlib.sha256(login.refresh_token.encode()).hexdigest() in dump


async def test_logging_out_ends_the_session_and_only_this_one(office: Office) -> None:
    boss = await office.hire()
    phone, desk = await office.login(boss), await office.login(boss)
    # when
    reply = await office.call("POST", "/logout", by=phone)
    # then
    assert (reply.status, reply.body) == (204, None)
    assert (await office.refresh(phone.refresh_token)).code == "session_ended"
    assert (await office.me(phone)).code == "session_ended"
    assert (await office.call("POST", "/logout", by=phone)).code == "session_ended"
    assert (await office.me(desk)).status == 200
    assert len(await office.audited("session.logout")) == 1


async def test_me_says_who_i_am_now(office: Office) -> None:
    boss, viewer = await office.hire(), await office.hire(Role.VIEWER)
    owner, login = await office.login(boss), await office.login(viewer)
    # when
    await office.change(viewer, owner, name="Sari")
    # then
    reply = await office.me(login)
    assert reply.body.keys() == {"id", "name", "email", "role", "is_active", "created_at", "updated_at"}
    assert (reply.body["name"], reply.body["role"], reply.body["is_active"]) == ("Sari", "viewer", True)


async def test_more_logins_than_can_wait_are_told_to_come_back(office: Office) -> None:
    passwords = Passwords(memory_kib=19456, passes=2, at_once=1)

    async def check() -> Verification:
        async with passwords.queue_slot():
            return await passwords.verify(WRONG, None)

    # when
    verdicts = await asyncio.gather(*(check() for _ in range(70)), return_exceptions=True)
    # then
    refused = [each for each in verdicts if isinstance(each, BaseException)]
    assert len(refused) == 6
    assert {type(each).__name__ for each in refused} == {"Unavailable"}
    assert await check() == Verification(right=False)
