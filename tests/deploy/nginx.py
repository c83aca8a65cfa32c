"""Reading the gateway's configuration as far as the tests need it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

DEPLOY = Path(__file__).parents[2] / "deploy"

_LOCATION = re.compile(r"^location\s+(?:(?P<how>[=~])\s+)?(?P<path>\S+)\s*\{(?P<body>.*?)^\}", re.MULTILINE | re.DOTALL)
_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}


@dataclass(frozen=True)
class Location:
    """A location block: `how` is `=`, `~` or nothing for a prefix."""

    how: str
    path: str
    directives: Mapping[str, str]

    @property
    def upstream(self) -> str | None:
        """Host and port that it passes requests to."""
        return self.directives.get("set", "").removeprefix("$service ") or None

    @property
    def largest_body(self) -> int:
        """In bytes."""
        return size(self.directives.get("client_max_body_size", "64k"))


def size(text: str) -> int:
    """Bytes of nginx's way to write a size."""
    number, unit = re.fullmatch(r"(\d+)([km]?)", text).groups()  # type: ignore[union-attr]  # or the test fails
    return int(number) * _UNITS[unit]


def _read(name: str) -> str:
    """A file without its comments, and with what it includes inside a location."""
    text = re.sub(r"^\s*#.*$", "", (DEPLOY / "gateway" / name).read_text(), flags=re.MULTILINE)
    included = r"^ +include /etc/nginx/startline/(\S+);$"
    return re.sub(included, lambda found: indent(_read(found[1]), "    "), text, flags=re.MULTILINE)


def locations() -> Sequence[Location]:
    """All of routes.conf."""
    text = _read("routes.conf")
    return [
        Location(
            found["how"] or "",
            found["path"].strip('"'),
            dict(re.findall(r"^\s+(\w+)\s+(.+);$", found["body"], re.MULTILINE)),
        )
        for found in _LOCATION.finditer(text)
    ]


def chosen(path: str) -> Location:
    """The location that nginx takes: an exact one, else the first pattern that fits, else the longest prefix."""
    known = [each for each in locations() if not each.path.startswith("@")]
    exact = [each for each in known if each.how == "=" and each.path == path]
    fitting = [each for each in known if each.how == "~" and re.search(each.path, path)]
    prefixes = sorted(
        (each for each in known if not each.how and path.startswith(each.path)), key=lambda e: len(e.path)
    )
    return [*exact, *fitting, *reversed(prefixes)][0]
