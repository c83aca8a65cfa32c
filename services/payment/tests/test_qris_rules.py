"""The text of QRIS codes, compared with an independent implementation (qriskit)."""

import string
from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest
import qriskit
from payment.qris.rules import (
    LONGEST,
    AlreadyDynamic,
    CodeRefused,
    MalformedCode,
    OtherCountry,
    OtherCurrency,
    SeveralCodes,
    WrongAmount,
    WrongChecksum,
    checksum,
    parse,
    the_code,
    with_amount,
)
from qriskit.crc import crc16

from .payment_qris import NMID, STATIC, WITH_150123, changed, damaged

_ALPHABET = string.digits + string.ascii_uppercase + "./-é"
_CORRUPTIONS = 2000


def is_accepted(text: str) -> bool:
    try:
        return parse(text).problem is None
    except MalformedCode:
        return False


def sealed(text: str) -> str:
    """The text with the checksum of the other implementation."""
    return f"{text}6304{crc16(f'{text}6304')}"


@pytest.mark.parametrize("text", [STATIC, WITH_150123])
def test_a_code_is_read_as_the_other_implementation_reads_it(text: str) -> None:
    ours, theirs = parse(text), qriskit.parse(text, strict=True)
    assert ours.problem is None
    assert (ours.merchant, ours.city, ours.nmid) == (theirs.merchant_name, theirs.merchant_city, theirs.nmid)
    assert (ours.merchant, ours.city, ours.nmid) == ("LARI CONTOH", "BANDUNG", NMID)
    assert ours.is_dynamic == theirs.is_dynamic
    assert "".join(f"{tag}{len(value):02d}{value}" for tag, value in ours.fields.items()) == text


def test_the_checksum_has_the_published_check_value() -> None:
    assert checksum("123456789") == "29B1"
    assert checksum("KEDAI KOPI CAFÉ") == crc16("KEDAI KOPI CAFÉ")


def _replaced(text: str, random: Random) -> str:
    place = random.randrange(len(text))
    other = random.choice(_ALPHABET.replace(text[place], ""))
    return text[:place] + other + text[place + 1 :]


def _deleted(text: str, random: Random) -> str:
    place = random.randrange(len(text))
    return text[:place] + text[place + 1 :]


def _inserted(text: str, random: Random) -> str:
    place = random.randrange(len(text) + 1)
    return text[:place] + random.choice(_ALPHABET) + text[place:]


@pytest.mark.parametrize("corrupt", [_replaced, _deleted, _inserted])
@pytest.mark.parametrize("text", [STATIC, WITH_150123])
def test_two_thousand_corruptions_of_a_character_are_refused_by_both(
    text: str, corrupt: Callable[[str, Random], str]
) -> None:
    assert is_accepted(text)
    assert qriskit.is_valid(text)
    random = Random(f"{text}{corrupt.__name__}")
    corrupted = [each for each in (corrupt(text, random) for _ in range(_CORRUPTIONS)) if each != text]
    assert len(corrupted) > _CORRUPTIONS * 0.9
    assert [each for each in corrupted if is_accepted(each)] == []
    assert [each for each in corrupted if qriskit.is_valid(each)] == []


def test_check_digits_in_lower_case_are_the_same_number() -> None:
    text = STATIC[:-4] + STATIC[-4:].lower()
    assert is_accepted(text)
    assert qriskit.is_valid(text)
    assert with_amount(parse(text), Decimal(150123), "FR5K-00042") == WITH_150123


def test_a_static_code_with_an_amount_is_what_the_other_implementation_makes() -> None:
    theirs = qriskit.parse(STATIC).to_dynamic(150123).with_tag("62.01", "FR5K-00042").dumps()
    assert with_amount(parse(STATIC), Decimal("150123.00"), "FR5K-00042") == theirs == WITH_150123


def _random_code(random: Random) -> qriskit.QRIS:
    def text(longest: int) -> str:
        return "".join(random.choices(string.ascii_uppercase + " é&.", k=random.randint(1, longest - 1))) + "X"

    nmid = f"ID{random.randrange(10**13):013d}"
    tips = [None, qriskit.Tip.prompt(), qriskit.Tip.fixed(1000), qriskit.Tip.percent("2.5")]
    return qriskit.build(
        merchant_name=text(25).strip(),
        merchant_city=text(15).strip(),
        mcc="7941",
        accounts=[
            qriskit.MerchantAccount.create(tag="26", guid="COM.CONTOH.WWW", merchant_id=text(15).strip()),
            qriskit.MerchantAccount.national(nmid=nmid, criteria="UMI"),
        ],
        postal_code=random.choice([None, "40111"]),
        tip=random.choice(tips),
        additional_data=random.choice([None, {"07": "A01"}]),
    )


def test_codes_of_two_hundred_merchants_get_the_same_text_from_both() -> None:
    random = Random(54)
    for _ in range(200):
        source = _random_code(random).to_static() if random.random() < 0.5 else _random_code(random)
        amount = Decimal(random.randrange(1, 10**9)) / random.choice([1, 100])
        assert with_amount(parse(source.dumps()), amount) == source.to_dynamic(amount).dumps()


def test_the_payer_is_asked_for_no_tip_and_an_older_amount_is_replaced() -> None:
    tips = {"t55": "02", "t56": "1000", "t57": "5", "t54": "5"}
    code = parse(changed(**tips))
    assert {"54", "55", "56", "57"} <= set(code.fields)
    made = qriskit.parse(with_amount(code, Decimal(150_000)), strict=True)
    assert (made.amount, made.tip, made.is_dynamic) == (Decimal(150_000), None, True)


def test_a_code_that_does_not_say_whether_it_is_static_can_be_converted() -> None:
    silent = qriskit.parse(STATIC).without_tag("01").dumps()
    assert qriskit.parse(with_amount(parse(silent), Decimal(5))).is_dynamic


_UNFIT: list[tuple[str, type[CodeRefused]]] = [
    (damaged(), WrongChecksum),
    (STATIC[:-4] + "0000", WrongChecksum),
    (changed(t58="SG"), OtherCountry),
    (changed(t53="702"), OtherCurrency),
    (qriskit.parse(STATIC).without_tag("53").dumps(), OtherCurrency),
    (WITH_150123, AlreadyDynamic),
]


@pytest.mark.parametrize(("text", "refusal"), _UNFIT)
def test_a_code_that_is_wrong_or_for_one_payment_gets_no_amount(text: str, refusal: type[CodeRefused]) -> None:
    code = parse(text)
    assert isinstance(code.obstacle, refusal)
    with pytest.raises(refusal):
        with_amount(code, Decimal(150_000))


_NO_CODES = {
    "empty": "",
    "words": "hello",
    "address": "https://example.com/000201",
    "cut off": STATIC[:-5],
    "checksum missing": STATIC[:-8],
    "checksum not last": sealed(STATIC[:-8]) + "64020A",
    "no hexadecimal checksum": STATIC[:-4] + "GHIJ",
    "format not first": sealed("010211" + "000201" + STATIC[12:-8]),
    "other format": sealed("000202" + STATIC[6:-8]),
    "name missing": qriskit.parse(STATIC).without_tag("59").dumps(),
    "city blank": changed(t60="  "),
    "no account": qriskit.parse(STATIC).without_tag("26").without_tag("51").dumps(),
    "neither static nor dynamic": changed(t01="13"),
    "a field twice": sealed(STATIC[:-8] + "5909LARI LAIN"),
    "a control character": changed(t59="LARI\nCONTOH"),
    "a zero byte": changed(t59="LARI\0CONTOH"),
    "a text that runs backwards": changed(t59="LARI \u202eHOTNOC"),
    "digits of another script": "٠٠٠٢٠١" + STATIC[6:],
    "too long": sealed(STATIC[:-8] + "".join(f"{tag}99{'X' * 99}" for tag in range(80, 84))),
}


@pytest.mark.parametrize("text", _NO_CODES.values(), ids=_NO_CODES.keys())
def test_what_is_no_qris_code_is_refused(text: str) -> None:
    with pytest.raises(MalformedCode) as refused:
        parse(text)
    assert refused.value.wording.en != refused.value.wording.id


def test_the_longest_code_is_read() -> None:
    text = sealed(STATIC[:-8] + f"8099{'X' * 99}8199{'X' * 99}" + "82" + "00")
    assert len(text) <= LONGEST
    assert parse(text).merchant == "LARI CONTOH"


def test_a_code_without_a_national_entry_has_no_nmid() -> None:
    assert parse(qriskit.parse(STATIC).without_tag("51").dumps()).nmid is None
    assert parse(changed(t51_00="COM.OTHER.WWW")).nmid is None
    assert parse(changed(t51="no fields")).nmid is None


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "150000.005", "10000000000000", "NaN", "Infinity", "1e20"])
def test_an_amount_that_no_payment_has_is_refused(amount: str) -> None:
    with pytest.raises(WrongAmount):
        with_amount(parse(STATIC), Decimal(amount))


def test_an_amount_is_written_without_decimals_unless_it_has_some() -> None:
    def written(amount: str) -> str:
        return parse(with_amount(parse(STATIC), Decimal(amount))).fields["54"]

    assert [written(each) for each in ("150000", "150000.00", "1.5E5", "9999999999999")] == [
        *["150000"] * 3,
        "9999999999999",
    ]
    assert [written(each) for each in ("150000.5", "0.01")] == ["150000.50", "0.01"]


@pytest.mark.parametrize("reference", [None, "", "R" * 26, "FR5K-é", "FR5K\n"])
def test_a_reference_that_does_not_fit_is_left_out(reference: str | None) -> None:
    made = with_amount(parse(STATIC), Decimal(150_000), reference)
    assert made == qriskit.parse(STATIC).to_dynamic(150_000).dumps()


def test_a_reference_for_which_no_space_is_left_is_left_out() -> None:
    full = changed(t62=f"0795{'T' * 95}")
    assert with_amount(parse(full), Decimal(5), "FR5K-00042") == qriskit.parse(full).to_dynamic(5).dumps()
    unread = changed(t62="no fields")
    assert parse(with_amount(parse(unread), Decimal(5), "FR5K-00042")).fields["62"] == "no fields"


def test_a_bill_number_that_was_there_is_replaced() -> None:
    made = with_amount(parse(changed(t62_01="OLD")), Decimal(5), "FR5K-00042")
    assert qriskit.parse(made).get("62.01") == "FR5K-00042"


def test_of_several_codes_the_one_that_is_right_is_taken() -> None:
    thief = changed(t59="TOKO LAIN", t51_02="ID1020000000002")
    chosen = the_code(["https://example.com", damaged(), changed(t58="SG"), STATIC, STATIC])
    assert chosen is not None
    assert chosen.payload == STATIC
    assert the_code(["https://example.com", ""]) is None
    only = the_code([damaged()])
    assert only is not None
    assert isinstance(only.problem, WrongChecksum)
    for texts in ([STATIC, thief], [damaged(), changed(t58="SG")]):
        with pytest.raises(SeveralCodes):
            the_code(texts)
