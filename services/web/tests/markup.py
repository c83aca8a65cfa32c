"""Reading of HTML in tests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Element:
    """An element with its attributes; a text is an element without a tag."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    parent: "Element | None" = None
    children: list["Element"] = field(default_factory=list)
    content: str = ""

    def walk(self) -> list["Element"]:
        """Return this element and all inside it, in the order of the page; of a page that was read whole."""
        return self._walked

    @cached_property
    def _walked(self) -> list["Element"]:
        return [self, *(each for child in self.children for each in child.walk())]

    def all(self, *tags: str) -> list["Element"]:
        """Return the elements with one of these tags, in the order of the page."""
        return [each for each in self.walk() if each.tag in tags]

    def one(self, tag: str, **attributes: str) -> "Element":
        """Return the only element with this tag and these attributes."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        [found] = [each for each in self.all(tag) if wanted.items() <= each.attributes.items()]
        return found

    def get(self, name: str) -> str | None:
        """Return the value of an attribute; None if it has none."""
        return self.attributes.get(name)

    @property
    def text(self) -> str:
        """Return the words of the element with single spaces."""
        return " ".join(" ".join(each.content for each in self.walk()).split())

    @cached_property
    def language(self) -> str | None:
        """The language of its texts, which the closest element around it says; None if none says it."""
        return self.attributes.get("lang", self.parent.language if self.parent else None)

    def within(self) -> Iterator["Element"]:
        """Return this element and those around it, from the inside."""
        around: Element | None = self
        while around is not None:
            yield around
            around = around.parent


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self._open = Element("")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = Element(tag, {name: value or "" for name, value in attrs}, self._open)
        assert len(found.attributes) == len(attrs), f"an attribute is there twice: {tag} {attrs}"
        self._open.children.append(found)
        if tag not in _VOID:
            self._open = found

    def handle_endtag(self, tag: str) -> None:
        assert self._open.tag == tag, f"</{tag}> ends <{self._open.tag}>"
        assert self._open.parent is not None
        self._open = self._open.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(Element("", {}, self._open, content=data))


def parsed(html: str) -> Element:
    """Return a page whose tags are closed as they were opened."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.root is reader._open, f"<{reader._open.tag}> is not closed"
    return reader.root
