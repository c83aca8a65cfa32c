"""The canonical form of names, lines and texts, and how they are folded to be compared."""

import time
import unicodedata

import pytest
from chassis.canonical.folding import folded, folded_words, name_core
from chassis.canonical.names import clean_line, clean_name, clean_text, visible_line
from chassis.wording import Refused
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Budi Santoso", "Budi Santoso"),
        ("  Budi \u00a0 Santoso ", "Budi Santoso"),
        ("Budi\u200b Santo\u00adso\ufeff", "Budi Santoso"),
        ("Jose\u0301", "José"),
        ("Raj a/l Kumar", "Raj a/l Kumar"),
        ("M.Rizki, S.Kom.", "M.Rizki, S.Kom."),
        ("Drs. H. Ma\u2019ruf-Amin", "Drs. H. Ma\u2019ruf-Amin"),
        ("山田 太郎", "山田 太郎"),
    ],
)
def test_a_name_is_kept_as_it_is_seen(typed: str, stored: str) -> None:
    assert clean_name(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "12345",
        "\u200b\u200b",
        "\u202eidub",
        "\u202dBudi",
        "Budi\u2028Bcc: x",
        "Budi\nBcc: x",
        "Budi\x85x",
        "\u3164",
        "\u115f\u1160",
        "\u2800",
        "Budi\u2800",
        "Bu\x00di",
        "Budi\x1b[31m",
        "Budi\ue000",
        "Budi\ud800",
        "Budi\U000e0041",
        "Budi\u0378",
        "=?utf-8?Q?Budi=0D=0AX-Injected:_yes?=",
        "Budi http://evil.example",
        "Budi www.evil.example",
        "Budi evil.com",
        "Budi bit.ly/3xYz",
        "budi@example.com",
        "Budi \uff45vil\uff0ecom",
    ],
)
def test_a_name_with_what_cannot_be_seen_or_acts_on_its_reader_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        clean_name(typed)


_LINKS = """
    hadiah.win пример.рф пример。рф s.id t.me x.co x.com evil.cloud evil.xn--p1ai xn--e1afmkfd 日本.com evil\u00e9.com
    a_b.com evil\u3002com evil\uff61com evil\uff0ecom evil\u2024com evil\ufe52com 1.2.3.4/x 1.2.3.4 http://x
    HTTPS://X www.x WWW\u3002x a@b =?x evil.com\u2019s (evil.com) "evil.com" evil.com日本 evil.com, evil.com-
    evil.com. a.evil.zip evil.भारत EVIL.COM Evil.Com S.Evil.Com Dr.Evil.Com S.Id/x S.Id:80 Dr.Rio/x Dr.Rio.com T.me
    dr.win evil.zzz/x evil.ck evil.uk evil.com_x Evil.Id evil.ⓒom
"""


@pytest.mark.parametrize("link", _LINKS.split())
def test_what_a_chat_makes_a_link_of_is_refused_under_every_top_level_domain(link: str) -> None:
    for name in (f"Budi {link}", f"{link} Budi"):
        with pytest.raises(Refused):
            clean_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "M.Rizki",
            "St.Aminah",
            "Moh.Ali",
            "Dr.Ir. Soekarno",
            "Ir.H. Joko",
            "Drs.H.Ma\u2019ruf",
            "Hj.Ida",
            "Siti N.A.",
        ),
        *(
            "Ani, S.Ag",
            "Ani, M.Si",
            "Ani, A.Md",
            "Ani, S.Th",
            "Ani, S.ST",
            "Ani, M.Sc",
            "Ani, S.Kom., M.T.",
            "Ani M.SI",
        ),
        *(
            "Ani, S.Pd.SD",
            "Ani, S.Farm",
            "Ani, M.Com.",
            "Ani S.Kom.M.Sc",
            "Dr.Rio",
            "M.Win",
            "Prof.Dr.H.Rio",
            "Ani, Sp.PD",
        ),
        *("Raj a/l Kumar", "Ahmad.Ni\u00f1o", "Ph.D Ani", "Jr. Ani", "Siti... Ani", "R.M.Said", "Tb.Rio", "Ani 1.2.3"),
    ],
)
def test_titles_degrees_and_initials_are_no_links(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["a.b " + "a" * 200_000, "A.Si." * 50_000 + "x", "a." * 100_000 + "x", "a.b" + "b" * 200_000],
)
def test_a_long_name_is_looked_through_once(name: str) -> None:
    began = time.process_time()
    clean_name(name)
    assert time.process_time() - began < 2  # looked through from each of its letters, it takes minutes


# Default_Ignorable_Code_Point in DerivedCoreProperties.txt of Unicode 16, and four that show as nothing, too.
_SHOWN_AS_NOTHING = """
    00AD 034F 061C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFF8
    1BCA0-1BCA3 1D173-1D17A E0000-E0FFF FFFC FFFD 2800 1D159
"""


@pytest.mark.parametrize("codes", _SHOWN_AS_NOTHING.split())
def test_what_shows_as_nothing_is_removed_or_refused_everywhere(codes: str) -> None:
    first, _, last = codes.partition("-")
    for code in range(int(first, 16), int(last or first, 16) + 1):
        for read in (clean_name, clean_line, clean_text):
            for typed in (f"Bu{chr(code)}di", f"Budi{chr(code)}", f"Bu\u200d{chr(code)}di"):
                try:
                    assert read(typed) == "Budi"
                except Refused:
                    continue


@pytest.mark.parametrize(
    "emoji", ["\u2764\ufe0f", "\u2764\ufe0e", "5\ufe0f\u20e3", "\u2764\ufe0f\u200d\U0001f525", "\u00a9\ufe0f"]
)
def test_selectors_stay_where_they_make_an_emoji(emoji: str) -> None:
    for read in (clean_name, clean_line, clean_text):
        assert read(f"Budi {emoji}!") == f"Budi {emoji}!"


@pytest.mark.parametrize(
    "typed", ["5\ufe0f", "\u2764\ufe0f\ufe0f", "\ufe0f\u2764", "\u2764 \ufe0f", "\u845b\U000e0100", "\u2764\ufe01"]
)
def test_selectors_are_refused_elsewhere(typed: str) -> None:
    for read in (clean_name, clean_line, clean_text):
        with pytest.raises(Refused):
            read(f"Budi {typed}")


def test_text_keeps_its_lines_and_its_joined_emoji() -> None:
    assert clean_text(" Rute:\r\n\r\n5K\t mulai \u200b06.00 ") == "Rute:\n\n5K mulai 06.00"
    assert clean_text("Keluarga \U0001f468\u200d\U0001f469\u200d\U0001f467!") == (
        "Keluarga \U0001f468\u200d\U0001f469\u200d\U0001f467!"
    )


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Lo", "Mn", "Zs", "Pd", "Po", "Cf", "Cc"]), max_size=40))
def test_a_clean_line_holds_nothing_hidden(typed: str) -> None:
    try:
        line = clean_line(typed)
    except Refused:
        return
    hidden = [char for char in line if unicodedata.category(char) in {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}]
    assert [char for char in hidden if char != "\u200d"] == []
    assert unicodedata.is_normalized("NFC", line)


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Ma\u2019ruf Amin", "ma'ruf amin"),
        ("Ma\u2019ruf Amin", "Maruf Amin"),
        ("Siobh\u00e1n O'Brien", "brien"),
        ("José Ñandú", "jose nandu"),
        ("JOSE\u0301", "josé"),
        ("Đặng Łukasz Øre", "dang lukasz ore"),
        ("Siti Nur-Aini", "siti nur aini"),
        ("M.Rizki", "m rizki"),
        ("Straße", "strasse"),
    ],
)
def test_spelling_makes_no_difference_to_a_search(written: str, searched: str) -> None:
    assert set(folded_words(searched)) <= set(folded(written).split())


def test_a_person_is_the_same_with_other_spaces_and_punctuation() -> None:
    assert name_core("Siti Nur-Aini, S.Kom.") == name_core("siti nuraini skom") == "sitinurainiskom"
    assert name_core("Siti Nuraini") != name_core("Siti Nurani")


@given(st.text(max_size=40))
def test_folding_is_stable_and_plain(typed: str) -> None:
    found = folded(typed)

    assert folded(found) == found
    assert found == "" or all(word.isascii() and word.isalnum() for word in found.split(" "))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029"])
def test_a_line_may_end_in_any_way_where_there_may_be_several(end: str) -> None:
    assert clean_text(f"satu{end}dua") == "satu\ndua"
    with pytest.raises(Refused, match="one line"):
        clean_line(f"satu{end}dua")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Budi \u00a0 Santoso ", "Budi Santoso"),
        ("Ibu\nRT 5\r\n\u2028Blok\tC", "Ibu RT 5 Blok C"),
        ("Bu\x00di \x1b[31m", "Budi [31m"),
        ("Budi \U000cfffd\u0378\ue000\ud83e", "Budi"),
        ("\u202eidub \u3164\u2800\ufe0f", "idub"),
        ("keluarga \U0001f468\u200d\U0001f469\u200d\U0001f467", "keluarga \U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("x" * 19 + " yz", "x" * 19),
        ("x" * 18 + "\U0001f468\u200d\U0001f469", "x" * 18 + "\U0001f468"),
        ("\u3164\u0378\n", ""),
        ("", ""),
    ],
)
def test_of_a_text_that_is_never_refused_what_can_be_seen_is_kept(typed: str, kept: str) -> None:
    assert visible_line(typed, longest=20) == kept


@given(typed=st.text(st.characters()), longest=st.integers(1, 20))
def test_what_is_kept_of_any_text_is_a_clean_line(typed: str, longest: int) -> None:
    kept = visible_line(typed, longest=longest)
    assert clean_line(kept) == kept
    assert len(kept) <= longest
