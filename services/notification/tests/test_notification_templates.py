"""Texts: checked when saved, filled in without surprises, staff's own before the defaults."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from notification.messages.rules import Channel, EventType, Locale
from notification.templates.commands import check_template
from notification.templates.defaults import default_template
from notification.templates.formatting import day, moment, money
from notification.templates.rendering import Facts, Renderer
from notification.templates.rules import Template, fill_in, problems_of, variables_of
from notification.templates.samples import SAMPLE_LINKS, sample_facts
from simulators.testing import Stage

from .notification_driver import NotificationDriver
from .notification_events import runner

CONFIRMED_MAIL = "/templates/registration.confirmed/email/id"
CREATED_CHAT = "/templates/registration.created/whatsapp/id"
EVERY_DEFAULT = [(event, channel, locale) for event in EventType for channel in Channel for locale in Locale]

RENDERER = Renderer(public_url="https://lari.example", zone=ZoneInfo("Asia/Jakarta"))
DEADLINE = datetime(2027, 1, 31, 8, 30, tzinfo=UTC)
FACTS = Facts(
    name="Budi",
    registration_number="FR5K-00042",
    event_name="Lari Pagi",
    event_date=date(2027, 3, 7),
    event_location="Monas",
    category_name="5K",
    amount=Decimal("150000.00"),
    currency="IDR",
    payment_deadline=DEADLINE,
)


@pytest.mark.parametrize(("event", "channel", "locale"), EVERY_DEFAULT)
def test_every_default_is_a_good_template_and_leaves_no_variable(
    event: EventType, channel: Channel, locale: Locale
) -> None:
    template = default_template(event, channel, locale)
    check_template(template, (event, channel, locale))
    facts = SAMPLE_LINKS if event is EventType.ACCESS_LINKS else FACTS
    text = RENDERER.text(template, facts, locale)
    assert "{" not in text.subject + text.body
    assert "Budi" in text.body


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "written"),
    [
        ("150000.00", "IDR", Locale.INDONESIAN, "Rp150.000"),
        ("150000.00", "IDR", Locale.ENGLISH, "IDR 150,000"),
        ("1250000.50", "IDR", Locale.INDONESIAN, "Rp1.250.000,50"),
        ("12.50", "USD", Locale.ENGLISH, "USD 12.50"),
        ("12.50", "USD", Locale.INDONESIAN, "USD 12,50"),
        ("0.00", "IDR", Locale.INDONESIAN, "Rp0"),
    ],
)
def test_money_is_written_as_people_write_it(amount: str, currency: str, locale: Locale, written: str) -> None:
    assert money(Decimal(amount), currency, locale) == written


@pytest.mark.parametrize(
    ("zone", "locale", "written"),
    [
        ("Asia/Jakarta", Locale.INDONESIAN, "31 Januari 2027 pukul 15.30 WIB"),
        ("Asia/Makassar", Locale.INDONESIAN, "31 Januari 2027 pukul 16.30 WITA"),
        ("Asia/Jayapura", Locale.ENGLISH, "31 January 2027, 17:30 WIT"),
    ],
)
def test_times_are_written_with_their_zone(zone: str, locale: Locale, written: str) -> None:
    assert moment(DEADLINE, ZoneInfo(zone), locale) == written


def test_days_are_written_out() -> None:
    assert day(date(2027, 3, 7), Locale.INDONESIAN) == "Minggu, 7 Maret 2027"
    assert day(date(2027, 3, 7), Locale.ENGLISH) == "Sunday, 7 March 2027"


def test_before_the_confirmation_there_is_no_ticket_number() -> None:
    template = Template("{ticket_number}", "{ticket_number}")
    unpaid = RENDERER.text(template, FACTS, Locale.ENGLISH)
    paid = RENDERER.text(template, replace(FACTS, ticket_number="TIX-FR5K00042-01"), Locale.ENGLISH)
    assert (unpaid.body, unpaid.subject) == ("-", "-")
    assert (paid.body, paid.subject) == ("TIX-FR5K00042-01", "TIX-FR5K00042-01")


def test_a_value_that_looks_like_a_variable_stays_as_it_is() -> None:
    assert fill_in("{name} {amount}", {"name": "{amount}", "amount": "Rp1"}) == "{amount} Rp1"


def test_a_value_is_one_line_and_a_missing_one_a_dash() -> None:
    assert fill_in("{name}, {reason}", {"name": "Budi\r\n\r\nsecond\u2028line"}) == "Budi second line, -"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("Halo {name}", []),
        ("Halo {nama}, {nomor}", ["There is no variable {nama}.", "There is no variable {nomor}."]),
        ("Halo {Name}", ["There is no variable {Name}."]),
        ("Halo {}", ["There is no variable {}."]),
        ("Halo {name.__class__}", ["There is no variable {name.__class__}."]),
        ("Halo {{name}}", ["A brace is not part of a variable."]),
        ("Halo {name", ["A brace is not part of a variable."]),
        ("{% for x in y %}", ["There is no variable {% for x in y %}."]),
    ],
)
def test_templates_are_checked(text: str, problems: list[str]) -> None:
    found = problems_of(text, variables_of(EventType.REGISTRATION_CREATED))
    assert [each.en for each in found] == problems


def test_markup_in_any_value_is_only_text_on_the_page() -> None:
    nasty = Facts(**{**vars(FACTS), "name": "<script>alert(1)</script>", "reason": '"><img src=x>'})
    text = RENDERER.text(Template("{name}\n\n{reason} <i>ours</i>", "{name}"), nasty, Locale.ENGLISH)
    page = RENDERER.page(text, nasty, Locale.ENGLISH, qr_source="cid:x")
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "<i>" not in page


def test_a_reason_in_two_languages_stands_on_two_lines_and_adds_no_paragraph() -> None:
    facts = Facts(**{**vars(FACTS), "reason": "Gambar terpotong.\n\n \r\nThe picture is cut off."})
    text = RENDERER.text(Template("Alasan: {reason}", "{reason}"), facts, Locale.INDONESIAN)
    assert text.body.startswith("Alasan: Gambar terpotong.\nThe picture is cut off.")
    assert text.subject == "Gambar terpotong. The picture is cut off."


@pytest.mark.parametrize("locale", list(Locale))
def test_the_first_message_leaves_the_ways_to_pay_to_the_page(locale: Locale) -> None:
    text = default_template(EventType.REGISTRATION_CREATED, Channel.EMAIL, locale)
    assert "QRIS" not in text.body
    assert "{status_url}" in text.body


def test_only_our_own_addresses_become_links() -> None:
    facts = Facts(**{**vars(FACTS), "name": "https://evil.example", "ticket_code": "ab12"})
    text = RENDERER.text(Template("{name} {site_url} {ticket_url}", "x"), facts, Locale.ENGLISH)
    page = RENDERER.page(text, facts, Locale.ENGLISH, qr_source=None)
    assert page.count("<a href=") == 2
    assert 'href="https://lari.example"' in page
    assert 'href="https://lari.example/api/registration/v1/tickets/ab12.png"' in page


async def test_the_list_shows_every_text_with_its_variables(driver: NotificationDriver) -> None:
    answer = await driver.call("GET", "/templates", by=driver.staff())
    items = answer.body["items"]
    assert len(items) == len(EVERY_DEFAULT)
    assert all(each["is_default"] for each in items)
    assert {each["state"] for each in items} == {"default"}
    for each in items:
        described = variables_of(EventType(each["event_type"]))
        assert each["variables"] == {name: wording.en for name, wording in described.items()}


async def test_every_variable_is_described_in_both_languages_with_an_example(driver: NotificationDriver) -> None:
    items = (await driver.call("GET", "/templates/variables", by=driver.staff())).require(200)["items"]
    for event_type in EventType:
        named = {each["name"] for each in items if event_type in each["event_types"]}
        assert named == set(variables_of(event_type)), event_type
    for each in items:
        texts = [*each["description"].values(), *each["example"].values()]
        assert all(text and text != "-" for text in texts), each["name"]
        assert each["description"]["en"] != each["description"]["id"], each["name"]
    assert {each["name"] for each in items if not each["in_subject"]} == {"links", "status_url", "ticket_url"}


@pytest.mark.parametrize("locale", Locale)
def test_a_preview_has_a_value_for_every_variable(locale: Locale) -> None:
    for event_type in EventType:
        values = RENDERER.values(sample_facts(event_type, locale, now=DEADLINE), locale)
        assert set(values) == set(variables_of(event_type))
        assert "-" not in values.values()


async def test_a_text_of_staffs_own_is_used_from_the_next_message_on(
    connected: NotificationDriver, stage: Stage
) -> None:
    # given
    answer = await connected.call(
        "PUT", CREATED_CHAT, by=connected.staff(), json={"body": "Hai {name}, bayar {amount} ya!"}
    )
    assert (answer.status, answer.body["is_default"], answer.body["state"]) == (200, False, "changed")
    assert timedelta() <= connected.clock() - datetime.fromisoformat(answer.body["changed_at"]) < timedelta(minutes=1)
    assert (await connected.call("GET", CREATED_CHAT, by=connected.staff())).body == answer.body
    # when
    await connected.register(runner("Ani"))
    await connected.send_due(Channel.WHATSAPP)
    # then
    assert [item["text"] for item in await stage.items("whatsapp")] == ["Hai Ani, bayar Rp150.000 ya!"]

    # when it is taken back
    answer = await connected.call("DELETE", CREATED_CHAT, by=connected.staff())
    # then
    assert (answer.body["is_default"], answer.body["body"].startswith("Halo {name}")) == (True, True)
    assert (answer.body["state"], answer.body["changed_at"]) == ("default", None)
    changed, reset = await connected.audit_log()
    assert (changed["action"], reset["action"]) == ("template.change", "template.reset")
    assert (changed["details"]["before"]["is_default"], changed["details"]["after"]["is_default"]) == (True, False)
    assert reset["details"]["before"]["body"] == changed["details"]["after"]["body"]


async def test_the_same_text_is_saved_twice_as_one(driver: NotificationDriver) -> None:
    for body in ("Satu {name}", "Dua {name}"):
        assert (await driver.call("PUT", CREATED_CHAT, by=driver.staff(), json={"body": body})).status == 200
    assert await driver.rows("SELECT body FROM templates") == [{"body": "Dua {name}"}]


async def test_messages_are_in_english_when_english_is_chosen(connected: NotificationDriver, stage: Stage) -> None:
    await connected.change_settings(default_locale="en")
    await connected.register_confirmed(runner("Ani"))
    await connected.send_due()
    (chat,), (mail,) = await stage.items("whatsapp"), await stage.items("mail")
    assert chat["text"].startswith("Hello Ani,")
    assert mail["subject"].startswith("Your e-ticket for")


MAIL = {"subject": "Halo {name}", "body": "Halo {name}"}
BAD_TEXTS: list[tuple[str, Any, str]] = [
    (CONFIRMED_MAIL, {**MAIL, "body": "Halo {nama}"}, "body"),
    (CONFIRMED_MAIL, {**MAIL, "subject": "Halo {nama}"}, "subject"),
    (CONFIRMED_MAIL, {"body": "Halo"}, "subject"),
    (CONFIRMED_MAIL, {**MAIL, "subject": ""}, "subject"),
    (CONFIRMED_MAIL, {**MAIL, "subject": "Halo\r\nBcc: all@example.com"}, "subject"),
    (CONFIRMED_MAIL, {**MAIL, "subject": "Ha\x00lo"}, "subject"),
    (CONFIRMED_MAIL, {**MAIL, "subject": "x" * 256}, "subject"),
    (CONFIRMED_MAIL, {**MAIL, "subject": 7}, "subject"),
    (CONFIRMED_MAIL, {**MAIL, "body": "x" * 5001}, "body"),
    (CONFIRMED_MAIL, {**MAIL, "body": "   "}, "body"),
    (CONFIRMED_MAIL, {**MAIL, "body": "Ha\x00lo"}, "body"),
    (CONFIRMED_MAIL, {**MAIL, "body": None}, "body"),
    (CONFIRMED_MAIL, {"subject": "Halo"}, "body"),
    (CONFIRMED_MAIL, {**MAIL, "html": "<p>"}, "html"),
    (CREATED_CHAT, MAIL, "subject"),
    ("/templates/payment.unheard_of/email/id", MAIL, "event_type"),
    ("/templates/registration.created/pigeon/id", MAIL, "channel"),
    ("/templates/registration.created/email/jv", MAIL, "locale"),
]


async def test_a_bad_text_is_refused_naming_the_field(driver: NotificationDriver) -> None:
    for path, body, field in BAD_TEXTS:
        for method, address in (("PUT", path), ("POST", f"{path}/preview")):
            answer = await driver.call(method, address, by=driver.staff(), json=body)
            assert (answer.status, field in answer.wrong_fields) == (422, True), (method, path, body, answer)
    assert await driver.rows("SELECT 1 FROM templates") == []


async def test_unknown_variables_are_named(driver: NotificationDriver) -> None:
    answer = await driver.call("PUT", CREATED_CHAT, by=driver.staff(), json={"body": "{nama} {name} {nomor}"})
    assert answer.code == "invalid_template"
    assert [each["message"] for each in answer.body["errors"]] == [
        "There is no variable {nama}.",
        "There is no variable {nomor}.",
    ]


async def test_a_preview_shows_a_text_before_it_is_saved(driver: NotificationDriver) -> None:
    answer = await driver.call("POST", f"{CONFIRMED_MAIL}/preview", by=driver.staff(), json=MAIL)
    assert (answer.body["subject"], *answer.body["body"].splitlines()[:1]) == ("Halo Budi Santoso",) * 2
    assert "data:image/png;base64," in answer.body["html"]
    assert await driver.rows("SELECT 1 FROM templates") == []


async def test_a_preview_without_a_body_shows_the_text_that_holds(driver: NotificationDriver) -> None:
    await driver.call("PUT", CREATED_CHAT, by=driver.staff(), json={"body": "Hai {name}"})
    answer = await driver.call("POST", f"{CREATED_CHAT}/preview", by=driver.staff())
    own_text, nothing, link = answer.body["body"].splitlines()
    assert (answer.body["subject"], own_text, nothing, answer.body["html"]) == (None, "Hai Budi Santoso", "", None)
    assert link.startswith("https://lari.example/r/"), "a text without the link gets it"


async def test_a_ticket_preview_is_only_a_ticket_where_there_is_one(driver: NotificationDriver) -> None:
    answer = await driver.call("POST", "/templates/registration.created/email/en/preview", by=driver.staff())
    assert "data:image" not in answer.body["html"]


@pytest.mark.parametrize("secret", ["ticket_url", "status_url"])
def test_a_subject_that_an_older_release_saved_shows_no_address_with_a_code(secret: str) -> None:
    facts = replace(FACTS, ticket_code="0123456789abcdef", status_path="/r/A-1/0123456789abcdef")
    text = RENDERER.text(Template(f"{{{secret}}}", f"{{name}} {{{secret}}}"), facts, Locale.ENGLISH)
    assert "0123456789abcdef" in text.body
    assert text.subject == f"{facts.name} -"


@pytest.mark.parametrize(("path", "added"), [("/r/A-1/code", "\n\nhttps://lari.example/r/A-1/code"), (None, "")])
def test_a_text_of_staffs_own_gets_the_link_of_those_who_have_one(path: str | None, added: str) -> None:
    facts = replace(FACTS, status_path=path)
    assert RENDERER.text(Template("Halo {name}"), facts, Locale.INDONESIAN).body == f"Halo {facts.name}{added}"


@pytest.mark.parametrize("body", ["Tautan Anda:", "Tautan Anda: {site_url}"])
def test_a_text_of_staffs_own_without_the_links_gets_them(body: str) -> None:
    links = [f"https://lari.example{link.path}" for link in SAMPLE_LINKS.links]
    text = RENDERER.text(Template(body, "Tautan"), SAMPLE_LINKS, Locale.INDONESIAN)
    own, added = text.body.split("\n\n", 1)
    assert own.startswith("Tautan Anda:")
    assert [line for line in added.splitlines() if line in links] == links
    page = RENDERER.page(text, SAMPLE_LINKS, Locale.INDONESIAN, qr_source=None)
    assert all(f'<a href="{link}">' in page for link in links)


def test_links_that_a_text_of_staffs_own_names_are_there_once() -> None:
    text = RENDERER.text(Template("{links}\n\nSalam", "Tautan"), SAMPLE_LINKS, Locale.INDONESIAN)
    assert [text.body.count(link.path) for link in SAMPLE_LINKS.links] == [1, 1]


@pytest.mark.parametrize("kind", [EventType.REGISTRATION_CONFIRMED, EventType.RACE_CHANGED])
@pytest.mark.parametrize("locale", list(Locale))
def test_a_text_for_runners_without_a_page_has_no_link_to_one(kind: EventType, locale: Locale) -> None:
    facts = replace(FACTS, ticket_code="0123456789abcdef", status_path=None, has_page=False)
    template = default_template(kind, Channel.EMAIL, locale)
    text = RENDERER.text(template, facts, locale).body
    assert "{status_url}" in template.body
    assert "https://lari.example\n" not in f"{text}\n"
    assert "Informasi pendaftaran" not in text
    assert "About your registration" not in text
    assert "\n\n\n" not in text
    assert FACTS.registration_number in text


def test_an_address_within_a_sentence_stays_in_a_text_of_staffs_own() -> None:
    facts = replace(FACTS, status_path=None, has_page=False)
    text = RENDERER.text(Template("Buka {status_url} untuk info."), facts, Locale.INDONESIAN).body
    assert text == "Buka https://lari.example untuk info."
