"""What is typed in place of a public key may be a private one: it is refused, and kept and repeated nowhere."""

import json
import logging
import secrets
import unicodedata
from collections.abc import Callable, Mapping

import pytest
from chassis.auth.principals import Role
from testkit.driver import Answer

from .payment_driver import PaymentDriver
from .payment_usdt_keys import ABANDON, JUNK, PATH, activate, extended, keys, try_propose

_PRIVATE = extended("0488ade4", key=b"\0" + secrets.token_bytes(32))

_WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"
_JAPANESE = unicodedata.normalize("NFKD", "\u3000".join(["あいこくしん"] * 10 + ["がっこう", "でんき"]))
_SPANISH = unicodedata.normalize("NFKD", " ".join(["ábaco"] * 11 + ["abdomen"]))

REFUSED: Mapping[str, tuple[str, str]] = {
    "private": (_PRIVATE, "private"),
    "private and damaged": (_PRIVATE[:-3] + "xyz", "private"),
    "private of another kind": (extended("04b2430c", key=b"\0" + secrets.token_bytes(32)), "private"),
    "private in the version of a public key": (extended(key=b"\0" + secrets.token_bytes(32)), "private"),
    "public of another kind": (extended("049d7cb2"), "other_version"),
    "of a test network": (extended("043587cf"), "other_version"),
    "of the wallet": (extended(depth=0, number=0), "wrong_depth"),
    "of addresses": (extended(depth=4, number=0), "wrong_depth"),
    "mistyped": (JUNK[:-1] + "Q", "checksum"),
    "cut off": (JUNK[:-1], "unreadable"),
    "words of a wallet": (_WORDS, "private"),
    "words of a wallet, more of them and with commas": (f"{_WORDS} {_WORDS}".replace(" ", ", "), "private"),
    "words of a wallet in Japanese": (_JAPANESE, "private"),
    "words of a wallet in Spanish": (_SPANISH, "private"),
    "words, but not as many as a wallet has": (_WORDS.removeprefix("legal "), "unreadable"),
    "digits of a private key": (secrets.token_hex(32), "private"),
    "digits of a private key after 0x": (f"0x{secrets.token_hex(32).upper()}", "private"),
    "digits of something else": (secrets.token_hex(20), "unreadable"),
    "no point of the curve": (extended(key=b"\2" + b"\0" * 32), "unreadable"),
}


Logged = Callable[[], str]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Logged:
    """Return a function that returns all that was logged and printed."""
    caplog.set_level(logging.DEBUG)
    return lambda: caplog.text + "".join(capfd.readouterr())


async def entered(driver: PaymentDriver, content: str, language: str = "en") -> Answer:
    headers = {"Content-Type": "application/json", "Accept-Language": language}
    return await driver.call("POST", "/usdt/keys", by=driver.staff(Role.OWNER), headers=headers, content=content)


def repeats(answer: Answer, secret: str) -> bool:
    return secret in answer.content.decode() or secret in str(answer.headers)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("language", ["en", "id"])
async def test_what_is_no_public_key_of_an_account_is_refused_with_the_reason_and_repeated_nowhere(
    driver: PaymentDriver, logged: Logged, name: str, language: str
) -> None:
    # given
    text, why = REFUSED[name]
    # when
    answer = await entered(driver, json.dumps({"xpub": text, "path": PATH}), language)
    # then
    assert answer.is_problem(422, "not_a_public_key")
    assert answer.body["why"] == why
    assert answer.headers["content-language"] == language
    assert not repeats(answer, text)
    assert text not in logged()
    assert await driver.audit_log() == []
    assert await driver.rows("SELECT id FROM receiving_keys") == []


async def test_the_reason_is_said_in_both_languages(driver: PaymentDriver) -> None:
    said = {
        (why, language): (await entered(driver, json.dumps({"xpub": text, "path": PATH}), language)).body["detail"]
        for text, why in REFUSED.values()
        for language in ("en", "id")
    }
    assert len(set(said.values())) == len(said) == 10
    assert "must never leave the wallet" in said["private", "en"]
    assert "tidak boleh keluar dari dompet" in said["private", "id"]


MISSHAPED: Mapping[str, object] = {
    "list": {"xpub": [_PRIVATE], "path": PATH},
    "object": {"xpub": {_PRIVATE: _PRIVATE}, "path": PATH},
    "too long": {"xpub": _PRIVATE * 6, "path": PATH},
    "without a path": {"xpub": _PRIVATE},
    "also as the path": {"xpub": _PRIVATE, "path": _PRIVATE},
    "as a list of paths": {"xpub": JUNK, "path": [_PRIVATE]},
    "as the name of a field": {_PRIVATE: "", "path": PATH},
    "in another field": {"xprv": _PRIVATE, "path": PATH},
    "without fields": [_PRIVATE],
    "alone": _PRIVATE,
}


@pytest.mark.parametrize("name", MISSHAPED)
async def test_a_body_of_another_shape_is_refused_without_repeating_it(
    driver: PaymentDriver, logged: Logged, name: str
) -> None:
    answer = await entered(driver, json.dumps(MISSHAPED[name]))
    assert answer.is_problem(422, "invalid_fields")
    assert not repeats(answer, _PRIVATE)
    assert _PRIVATE not in logged()


async def test_a_body_that_is_no_json_is_refused_without_repeating_it(driver: PaymentDriver, logged: Logged) -> None:
    answer = await entered(driver, f'{{"xpub": "{_PRIVATE}')
    assert answer.is_problem(400, "malformed_json")
    assert not repeats(answer, _PRIVATE)
    assert _PRIVATE not in logged()


async def test_a_public_key_is_stored_sealed_and_never_returned(driver: PaymentDriver, logged: Logged) -> None:
    # given
    await activate(driver)
    # when
    answers = [await try_propose(driver), await try_propose(driver, ABANDON)]
    answers += [await driver.call("GET", "/usdt/keys", by=driver.staff(Role.OWNER))]
    # then
    everywhere = [str(await keys(driver)), str(await driver.audit_log()), logged()]
    everywhere += [str(await driver.rows("SELECT * FROM receiving_keys"))]
    for xpub in (JUNK, ABANDON):
        assert not any(repeats(answer, xpub) for answer in answers)
        assert not any(xpub in text for text in everywhere)
    sealed = await driver.rows("SELECT xpub FROM receiving_keys ORDER BY created_at")
    assert [driver.settings.secret_box().open(row["xpub"]) for row in sealed] == [JUNK, ABANDON]
