"""Links and forms of a page, as a browser without JavaScript understands them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final, Self

_NO_VALUE: Final = frozenset({"submit", "button", "reset", "image", "file"})
_ONE_OF_MANY: Final = frozenset({"radio", "checkbox"})
_NOT_SHOWN: Final = frozenset({"script", "style", "title"})


@dataclass
class Form:
    """A form with what stands in it before anybody fills it in.

    Attributes:
        action: empty for the page's own address.
        values: by the name of the field.
        choices: values offered, by the name of radio buttons, checkboxes and selections.
        names: of all fields, also those without a value.
    """

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def filled_in(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        """Return what a browser sends after a person filled in `fields`.

        Raises:
            AssertionError: a field is not offered, or not with this value.
        """
        for name, value in fields.items():
            offered = self.choices.get(name)
            if name not in self.names or (offered is not None and value not in offered):
                raise AssertionError(f"the form does not offer {name} = {value}")
        return {**self.values, **fields}


@dataclass
class Page:
    """What stands on a page."""

    text: str
    links: Sequence[str]
    forms: Sequence[Form]

    @classmethod
    def of(cls, html: str) -> Self:
        """Read a page."""
        reader = _Reader()
        reader.feed(html)
        reader.close()
        return cls(" ".join(" ".join(reader.words).split()), reader.links, reader.forms)

    def form_with(self, names: set[str]) -> Form:
        """Return the first form that has these fields.

        Raises:
            AssertionError: there is none.
        """
        for form in self.forms:
            if names <= form.names:
                return form
        raise AssertionError(f"no form has the fields {sorted(names)}; the page says: {self.text[:500]}")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._unseen: str | None = None
        self._selection = ""
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        if tag in _NOT_SHOWN:
            self._unseen = tag
        elif tag == "a" and "href" in of:
            self.links.append(of["href"])
        elif tag == "form":
            self._form = Form(of.get("action", ""), of.get("method", "get").upper())
            self.forms.append(self._form)
        elif self._form is not None:
            self._field(self._form, tag, of)

    def _field(self, form: Form, tag: str, of: Mapping[str, str]) -> None:
        name = of.get("name", "")
        if tag == "option" and self._selection:
            self._option(form, of)
        elif not name or "disabled" in of:
            return
        elif tag == "input":
            form.names.add(name)
            self._input(form, name, of)
        elif tag == "select":
            form.names.add(name)
            self._selection = name
            form.choices[name] = []
        elif tag == "textarea":
            form.names.add(name)
            form.values[name] = ""
            self._area = name
        elif tag == "button" and of.get("type", "submit") == "submit" and "formnovalidate" not in of:
            form.values.setdefault(name, of.get("value", ""))

    def _input(self, form: Form, name: str, of: Mapping[str, str]) -> None:
        kind, value = of.get("type", "text"), of.get("value", "")
        if kind in _ONE_OF_MANY:
            form.choices.setdefault(name, []).append(value or "on")
            if "checked" in of:
                form.values[name] = value or "on"
        elif kind not in _NO_VALUE:
            form.values[name] = value

    def _option(self, form: Form, of: Mapping[str, str]) -> None:
        value = of.get("value", "")
        form.choices[self._selection].append(value)
        if "selected" in of or self._selection not in form.values:
            form.values[self._selection] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = None
        elif tag == "form":
            self._form = None
        elif tag == "select":
            self._selection = ""
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._form is not None:
            self._form.values[self._area] += data
        elif self._unseen is None:
            self.words.append(data)
