"""The screen of a phone stays on while the check-in app is signed in and visible, with a camera or without one."""

from typing import Final

from playwright.async_api import expect
from testkit.polling import eventually

from . import checkin_phone
from .checkin_phone import OpenPhone, Phone

app_pages, open_phone = checkin_phone.app_pages, checkin_phone.open_phone

_BIB: Final = 1001
_LOCKS: Final = """(() => {
    globalThis.locks = [];
    globalThis.lockRefused = false;
    globalThis.lockComes = Promise.resolve();
    const request = async () => {
        if (lockRefused) throw new DOMException("refused", "NotAllowedError");
        const lock = { released: false, release: async () => { lock.released = true; } };
        locks.push(lock);
        await lockComes;
        return lock;
    };
    Object.defineProperty(Navigator.prototype, "wakeLock", { configurable: true, get: () => ({ request }) });
})()"""
_LATE: Final = "globalThis.lockComes = new Promise((come) => { globalThis.letLockCome = come; });"
_NO_LOCKS: Final = "delete Navigator.prototype.wakeLock"
_HELD: Final = "() => locks.filter((each) => !each.released).length"


async def _holds(phone: Phone, locks: int) -> None:
    """Wait until so many locks keep the screen on."""

    async def held() -> None:
        assert await phone.page.evaluate(_HELD) == locks

    await eventually(held)


async def test_the_screen_stays_on_while_a_station_is_signed_in_and_the_app_is_visible(open_phone: OpenPhone) -> None:
    # given a phone without a camera, before it is signed in
    phone = await open_phone(_LOCKS)
    await phone.opens()
    await _holds(phone, 0)

    # when it is signed in
    await phone.types_pin()
    await phone.is_at_work()

    # then one lock is held, and scans ask for no other
    await _holds(phone, 1)
    assert await phone.scans(_BIB) == "handed_out"
    assert await phone.page.evaluate("() => locks.length") == 1

    # and none while the app is hidden or signed out
    await phone.turns(hidden=True)
    await _holds(phone, 0)
    await phone.turns(hidden=False)
    await _holds(phone, 1)
    await phone.goes_on()
    await phone.signs_out()
    await _holds(phone, 0)
    await phone.turns(hidden=True)
    await phone.turns(hidden=False)
    assert await phone.page.evaluate("() => locks.length") == 2


async def test_an_app_that_is_opened_signed_in_keeps_the_screen_on(open_phone: OpenPhone) -> None:
    phone = await open_phone(_LOCKS)
    await phone.signs_in()
    await phone.page.reload()
    await phone.is_at_work()
    await _holds(phone, 1)


async def test_a_lock_that_the_browser_refused_is_asked_for_at_the_next_tap_or_key(open_phone: OpenPhone) -> None:
    # given a browser that refuses, as Safari does before the first tap
    phone = await open_phone(f"{_LOCKS};\nglobalThis.lockRefused = true;")
    await phone.signs_in()
    await phone.page.evaluate("() => { globalThis.lockRefused = false; }")
    assert await phone.page.evaluate("() => locks.length") == 0

    # when something is tapped
    await phone.page.locator("#find").click()
    await _holds(phone, 1)

    # and when the browser takes the lock back, as with an empty battery, and a scanner types
    await phone.page.evaluate("() => { locks.at(-1).released = true; }")
    assert await phone.scans(_BIB) == "handed_out"
    await _holds(phone, 1)


async def test_a_lock_that_comes_when_the_app_is_hidden_is_given_back(open_phone: OpenPhone) -> None:
    # given a lock that was asked for and has not come
    phone = await open_phone(f"{_LOCKS};\n{_LATE}")
    await phone.signs_in()
    await _holds(phone, 1)

    # when it comes while the app is hidden
    await phone.turns(hidden=True)
    await phone.page.evaluate("() => letLockCome()")

    # then it is given back, and one is held when the app is visible again
    await _holds(phone, 0)
    await phone.page.evaluate("() => { globalThis.lockComes = Promise.resolve(); }")
    await phone.turns(hidden=False)
    await _holds(phone, 1)


async def test_a_browser_without_locks_hands_out(open_phone: OpenPhone) -> None:
    phone = await open_phone(_NO_LOCKS)
    await phone.signs_in()
    assert await phone.page.evaluate("() => navigator.wakeLock === undefined")
    await phone.turns(hidden=True)
    await phone.turns(hidden=False)
    assert await phone.scans(_BIB) == "handed_out"
    await phone.goes_on()
    await phone.signs_out()
    await expect(phone.view("login")).to_be_visible()
