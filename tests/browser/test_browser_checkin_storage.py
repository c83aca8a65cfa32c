"""The check-in app on a phone that is full, or whose browser may delete what it stores: no scan is lost unseen."""

import json
from typing import Any, Final

import pytest
from playwright.async_api import expect
from testkit.axe import violations

from . import checkin_phone
from .checkin_phone import CheckinApi, OpenPhone, runner

app_pages, open_phone = checkin_phone.app_pages, checkin_phone.open_phone

_MEGABYTE: Final = 1024 * 1024
_BIB: Final = 1001
_MAY_DELETE: Final = "Peramban ini bisa menghapus pindaian sebelum terkirim."
_REFUSES: Final = "Ponsel ini tidak dapat menyimpan data baru."
_SAYS: Final = """said => {
    if (location.protocol !== "https:") return;
    globalThis.persistAsked = 0;
    const installed = () => localStorage.getItem("installed") !== null;
    StorageManager.prototype.persist = said.persists ? async () => ((persistAsked += 1), installed()) : undefined;
    StorageManager.prototype.estimate = said.estimate ? async () => said.estimate : undefined;
    if (said.isInstalled) localStorage.setItem("installed", "yes");
}"""
_IS_INSTALLED: Final = "() => localStorage.setItem('installed', 'yes')"


def _browser(*, persists: bool = True, is_installed: bool = True, estimate: tuple[int, int] | None = None) -> str:
    """Return a script by which the browser says how much it stores (quota and usage in MiB) and whether it keeps it."""
    sizes: Any = estimate and {"quota": estimate[0] * _MEGABYTE, "usage": estimate[1] * _MEGABYTE}
    said = {"persists": persists, "isInstalled": is_installed, "estimate": sizes}
    return f"({_SAYS})({json.dumps(said)})"


@pytest.mark.parametrize(
    ("prefix", "said"), [("", _MAY_DELETE), ("/en", "This browser may delete scans before they are sent.")]
)
async def test_a_browser_that_may_delete_scans_is_named_and_hands_out(
    open_phone: OpenPhone, prefix: str, said: str
) -> None:
    phone = await open_phone(_browser(is_installed=False))
    await phone.signs_in(prefix)
    await expect(phone.warnings).to_contain_text(said)
    assert await violations(phone.page) == []
    assert await phone.scans(_BIB) == "handed_out"


async def test_an_app_that_was_installed_warns_no_more(open_phone: OpenPhone) -> None:
    # given
    phone = await open_phone(_browser(is_installed=False))
    await phone.signs_in()
    await expect(phone.warnings).to_contain_text(_MAY_DELETE)

    # when it is installed, then the browser is asked once more
    await phone.page.evaluate(_IS_INSTALLED)
    await phone.page.evaluate("() => dispatchEvent(new Event('appinstalled'))")
    await expect(phone.warnings).to_be_empty()


async def test_the_browser_is_asked_whenever_the_app_is_opened(open_phone: OpenPhone) -> None:
    # given a phone that is signed in
    phone = await open_phone(_browser(is_installed=False))
    await phone.signs_in()

    # when the app is opened again, then the browser refuses again
    await phone.page.reload()
    await expect(phone.warnings).to_contain_text(_MAY_DELETE)

    # and when it is installed meanwhile, it keeps
    await phone.page.evaluate(_IS_INSTALLED)
    await phone.page.reload()
    await phone.is_at_work()
    await phone.page.wait_for_function("() => persistAsked === 1")
    await expect(phone.warnings).to_be_empty()


@pytest.mark.parametrize(
    ("estimate", "said"),
    [((200, 160), "sisa 40 MB"), ((2000, 1810), "sisa 190 MB"), ((0, 0), "sisa 0 MB")],
    ids=["little is left", "most is used", "no quota"],
)
async def test_a_phone_that_is_nearly_full_says_so(open_phone: OpenPhone, estimate: tuple[int, int], said: str) -> None:
    phone = await open_phone(_browser(estimate=estimate))
    await phone.signs_in()
    await expect(phone.warnings).to_contain_text(said)
    assert await phone.scans(_BIB) == "handed_out"


@pytest.mark.parametrize(
    "script",
    [_browser(estimate=(2000, 1790)), _browser(persists=False)],
    ids=["room is left", "a browser that says nothing"],
)
async def test_without_a_reason_nothing_is_said(open_phone: OpenPhone, script: str) -> None:
    phone = await open_phone(script)
    await phone.signs_in()
    assert await phone.scans(_BIB) == "handed_out"
    await expect(phone.shows("count-desk")).to_have_text("1")
    await expect(phone.warnings).to_be_empty()


async def test_a_scan_that_is_not_stored_is_red_and_not_counted(open_phone: OpenPhone) -> None:
    # given a phone that stores no scan
    phone = await open_phone(_browser())
    await phone.signs_in()
    await phone.refuses_writes("asked")

    # when
    assert await phone.scans(_BIB) == "not_stored"

    # then the screen is red, the app warns, and neither phone nor server counts the pack
    await expect(phone.verdict).to_have_attribute("data-colour", "bad")
    await expect(phone.shows("verdict-note")).to_contain_text("Jangan beri paket")
    await expect(phone.warnings).to_contain_text(_REFUSES)
    await expect(phone.shows("count-desk")).to_have_text("0")
    await expect(phone.shows("network")).not_to_contain_text("belum dikirim")
    assert phone.api.checked_in == []

    # and with room again the pack is handed out, and the warning is gone
    await phone.refuses_writes()
    assert await phone.scans(_BIB) == "handed_out"
    await expect(phone.warnings).to_be_empty()
    await expect(phone.shows("count-desk")).to_have_text("1")
    assert phone.api.checked_in == [_BIB]


async def test_a_phone_that_fills_up_between_question_and_answer_counts_nothing(open_phone: OpenPhone) -> None:
    # given a phone without a network that stores the question, and not what it decided
    phone = await open_phone(_browser())
    await phone.signs_in()
    phone.api.is_away = True
    await phone.refuses_writes("waiting")

    # when
    assert await phone.scans(_BIB) == "not_stored"

    # then nothing is to be sent, also when the app is opened again
    await expect(phone.state).to_have_attribute("data-state", "offline")
    await phone.page.reload()
    await expect(phone.view("scan")).to_be_visible()
    await expect(phone.state).to_have_attribute("data-state", "offline")
    await expect(phone.shows("count-desk")).to_have_text("0")

    # and with room again the pack is handed out once
    assert await phone.scans(_BIB) == "handed_out"
    await expect(phone.state).to_have_attribute("data-state", "waiting")
    phone.api.is_away = False
    await phone.synchronises()
    await expect(phone.state).to_have_attribute("data-state", "online")
    assert phone.api.checked_in == [_BIB]


async def test_a_group_of_which_nothing_is_stored_is_red(open_phone: OpenPhone) -> None:
    # given the list of a group on a phone that stores no scan
    bibs = (2001, 2002, 2003)
    phone = await open_phone(_browser(), api=CheckinApi([runner(each, captain=2001, group_size=3) for each in bibs]))
    await phone.signs_in()
    await phone.refuses_writes("asked")
    await phone.types_code(2001)

    # when all packs are handed out
    await phone.shows("group-hand-out").click()

    # then the screen is red, and names each of them
    await expect(phone.verdict).to_have_attribute("data-kind", "not_stored")
    await expect(phone.verdict).to_have_attribute("data-colour", "bad")
    for bib in bibs:
        await expect(phone.shows("verdict-name")).to_contain_text(f"{bib}: Tidak tersimpan")
    await expect(phone.shows("count-desk")).to_have_text("0")
    assert phone.api.checked_in == []


async def test_a_roster_that_is_not_stored_is_said(open_phone: OpenPhone) -> None:
    # given
    phone = await open_phone(_browser())
    await phone.signs_in()

    # when the next roster does not fit
    await phone.refuses_writes("roster")
    await phone.synchronises()
    await expect(phone.warnings).to_contain_text(_REFUSES)

    # then smaller entries do not end the warning, and the next one that fits does
    assert await phone.scans(_BIB) == "handed_out"
    await expect(phone.shows("count-desk")).to_have_text("1")
    await expect(phone.warnings).to_contain_text(_REFUSES)
    await phone.refuses_writes()
    await phone.synchronises()
    await expect(phone.warnings).to_be_empty()


async def test_a_session_that_is_not_stored_is_none(open_phone: OpenPhone) -> None:
    # given
    phone = await open_phone(_browser())
    await phone.opens()
    await phone.refuses_writes("session")

    # when the PIN is typed, then the app does not blame the network
    await phone.types_pin()
    await expect(phone.page.locator("[data-login-message]")).to_contain_text("Ponsel ini tidak dapat menyimpannya.")

    # and a scan hands nothing out, until the phone stores the session
    await phone.types_code(_BIB)
    await expect(phone.verdict).to_be_hidden()
    await phone.refuses_writes()
    await phone.types_pin()
    await phone.is_at_work()
    assert phone.api.checked_in == []


async def test_a_name_that_is_not_stored_is_shown_while_it_counts(open_phone: OpenPhone) -> None:
    # given
    phone = await open_phone(_browser())
    await phone.signs_in()
    await phone.refuses_writes("remarks")

    # when a name for all scans is typed
    await phone.page.locator("[data-open=proxy]").click()
    await phone.page.locator("#collected-by").fill("Pak Dedi")
    await phone.page.locator("[data-sheet=details] button[type=submit]").click()

    # then it is shown until it is ended
    await expect(phone.shows("proxy")).to_contain_text("Pak Dedi")
    await phone.page.locator("[data-proxy-end]").click()
    await expect(phone.page.locator("[data-proxy]")).to_be_hidden()
