"""What holds for the HTML of every page. Each rule returns what is wrong, so that a page is judged at once."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from .markup import Element

Rule = Callable[[Element], Iterable[str]]

_FIELDS = ("input", "select", "textarea")
_UNLABELLED = {"hidden", "submit", "button"}
_REFERENCES = ("aria-describedby", "aria-labelledby", "aria-controls", "for", "list")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LANDMARKS = {"section": "region", "nav": "navigation", "form": "form", "aside": "complementary"}
_REPLACED = re.compile(r"\{\w+\}")
_MARKUP = re.compile(r"<|&\w+;")
_INLINE_HANDLER = re.compile(r"on[a-z]+")


def has_a_frame(page: Element) -> Iterable[str]:
    """One `h1` inside one `main`, a language, a title and a link that skips to the content."""
    [html] = page.all("html")
    if html.get("lang") not in {"id", "en"}:
        yield "no language"
    titles = [each for each in page.all("title") if not any(other.tag == "svg" for other in each.within())]
    if len(titles) != 1 or not titles[0].text:
        yield "no title, or several"
    if any(_MARKUP.search(each.text) or any(other.tag for other in each.children) for each in titles):
        yield f"markup in the title {[each.text for each in titles]}"
    mains = page.all("main")
    if len(mains) != 1 or len(page.all("h1")) != 1 or not mains[0].all("h1"):
        yield f"{len(mains)} main, {len(page.all('h1'))} h1"
    skips = [each.get("href") for each in page.all("a") if each.get("class") == "skip"]
    if skips != [f"#{each.get('id')}" for each in mains]:
        yield f"skips to {skips}"
    if not any(each.get("name") == "viewport" for each in page.all("meta")):
        yield "no viewport"


def has_nothing_inline(page: Element) -> Iterable[str]:
    """No style, script or handler in the HTML, as the content security policy demands."""
    for each in page.walk():
        if each.tag == "style" or "style" in each.attributes:
            yield f"style in {each.tag}"
        is_code = each.tag == "script" and each.get("type") != "application/ld+json"  # data that nothing runs
        if is_code and (not each.get("src") or each.text):
            yield "script without src"
        if (each.get("href") or "").startswith("javascript:"):
            yield "link to a script"
        yield from (f"{name} in {each.tag}" for name in each.attributes if _INLINE_HANDLER.fullmatch(name))


def has_unique_ids(page: Element) -> Iterable[str]:
    """No id is there twice."""
    counted = Counter(each.attributes["id"] for each in page.walk() if "id" in each.attributes)
    return [f"id {name} is there {count} times" for name, count in counted.items() if count > 1]


def has_targets(page: Element) -> Iterable[str]:
    """What refers to an id on the page finds it."""
    ids = {each.get("id") for each in page.walk()}
    for each in (each for each in page.walk() if each.attributes):
        named = [name for attribute in _REFERENCES for name in (each.get(attribute) or "").split()]
        href = each.get("href") or ""
        named += [href[1:]] if href.startswith("#") else []
        yield from (f"{each.tag} refers to {name}" for name in named if name not in ids)


def has_labels(page: Element) -> Iterable[str]:
    """Every field has a label, and every link, button and picture a text for those who do not see it."""
    labelled = {each.attributes["for"] for each in page.all("label") if each.text and each.get("for")}
    for each in page.all(*_FIELDS):
        around = any(other.tag == "label" and other.text for other in each.within())
        named = each.get("id") in labelled or each.get("aria-label") or each.get("aria-labelledby")
        if each.get("type") not in _UNLABELLED and not (around or named):
            yield f"{each.tag} {each.get('name')} without label"
    for each in page.all("a", "button", "summary"):
        pictures = "".join(picture.get("alt") or "" for picture in each.all("img"))
        is_hidden = each.get("aria-hidden") == "true" and each.get("tabindex") == "-1"
        if not (is_hidden or each.text or each.get("aria-label") or pictures):
            yield f"{each.tag} {each.get('href')} without text"
    yield from (f"img {each.get('src')} without alt" for each in page.all("img") if each.get("alt") is None)
    yield from ("fieldset without legend" for each in page.all("fieldset") if not each.all("legend"))


def has_headings_in_order(page: Element) -> Iterable[str]:
    """No level of headings is left out; a summary of errors stands before the first."""
    levels = [
        int(each.tag[1])
        for each in page.all(*_HEADINGS)
        if not any("data-errors" in other.attributes for other in each.within())
    ]
    pairs = zip([0, *levels], levels, strict=False)
    return [f"h{level} after h{before}" for before, level in pairs if level > before + 1]


def has_landmarks_of_their_own(page: Element) -> Iterable[str]:
    """No two landmarks of a kind have the same name: a list of landmarks tells them apart."""
    ids = {each.get("id"): each.text for each in page.walk()}
    names = Counter(
        (role, each.get("aria-label") or ids.get(each.get("aria-labelledby"), ""))
        for each in page.walk()
        for role in [each.get("role") or _LANDMARKS.get(each.tag)]
        if role in _LANDMARKS.values() and ("aria-label" in each.attributes or "aria-labelledby" in each.attributes)
    )
    return [f"{count} landmarks {role} {name}" for (role, name), count in names.items() if count > 1]


RULES: Sequence[Rule] = (
    has_a_frame,
    has_nothing_inline,
    has_unique_ids,
    has_targets,
    has_labels,
    has_headings_in_order,
    has_landmarks_of_their_own,
)

ENGLISH = re.compile(
    r"\b(the|and|of|is|are|was|were|races?|places?|left|closed|sold|individual|search|from|your|you|we|this|that"
    r"|with|what|when|have|has|not|please|registration|registered|send|accept|decline|back|our|out|for|in|to)\b"
)
INDONESIAN = re.compile(
    r"\b(yang|dan|di|ke|untuk|dari|tidak|sudah|belum|atau|dengan|anda|kami|pada|ini|itu|jika|lomba|pendaftaran"
    r"|panitia|peserta|tempat|urutan|tautan|pesan|semua|kirim|coba|lagi|mohon|silakan|dibuka|ditutup|penuh|sampai)\b"
)
_LOAN_WORDS = re.compile(r"\brace pack\b|\be-tiket\b", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_SILENT = {"script", "style"}
_SAID = ("alt", "aria-label", "placeholder", "title")


def texts(page: Element, language: str) -> list[str]:
    """Return the texts of a page in its language, those for screen readers, too; not what it quotes from another.

    The names in braces, which scripts replace, are left out.
    """
    said = [text for each in page.walk() if each.language in (None, language) for text in _said(each)]
    return [" ".join(text.split()) for text in said if text.strip()]


def _said(each: Element) -> Iterable[str]:
    if each.content and (each.parent is None or each.parent.tag not in _SILENT):
        yield _REPLACED.sub("", each.content)
    if each.attributes:
        attributes = [*_SAID, *(["content"] if each.get("name") == "description" else [])]
        yield from (_REPLACED.sub("", each.attributes[name]) for name in attributes if name in each.attributes)


def words_of(other: str, found: Iterable[str], data: Sequence[str]) -> list[str]:
    """Return the words of the language `other` in texts, without those of the data."""
    shown = _without(data, " \n ".join(found).replace("Startline", "")).lower()
    return (ENGLISH if other == "en" else INDONESIAN).findall(_LOAN_WORDS.sub("", shown))


def untranslated(found: Iterable[str], other: Iterable[str], data: Sequence[str]) -> list[str]:
    """Return the texts with words that are the same in the other language and are no data."""
    both = set(found) & set(other)
    return sorted(each for each in both if _LETTERS.search(_without(data, each.replace("Startline", ""))))


def _without(data: Sequence[str], shown: str) -> str:
    """Return a text without the data; a single letter is left out only where it stands alone."""
    longest_first, letters = _in_order(tuple(data))
    for each in longest_first:
        shown = shown.replace(each, "")
    return letters.sub("", shown)


@cache
def _in_order(data: tuple[str, ...]) -> tuple[Sequence[str], re.Pattern[str]]:
    letters = "|".join(re.escape(each) for each in data if len(each) == 1)
    return sorted((each for each in data if len(each) > 1), key=len, reverse=True), re.compile(rf"\b(?:{letters})\b")
