"""Every error that a service can tell, it can tell in both languages."""

from collections.abc import Iterator, Mapping

from chassis.errors import StartlineError
from fastapi import FastAPI

_OURS = ("chassis", "identity", "registration", "payment", "notification", "checkin")


def _kinds(kind: type[StartlineError] = StartlineError) -> Iterator[type[StartlineError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


def _of_the_product() -> list[type[StartlineError]]:
    return [kind for kind in _kinds() if kind.__module__.partition(".")[0] in _OURS]


def test_every_error_says_the_same_in_indonesian(apps: Mapping[str, FastAPI]) -> None:
    assert len(apps) == 5, "all errors are imported"
    silent = [f"{kind.__module__}.{kind.__name__}" for kind in _of_the_product() if "indonesian" not in vars(kind)]
    assert silent == [], 'each needs `indonesian = "…"` beside its English docstring'


def test_every_error_is_a_sentence_in_both_languages(apps: Mapping[str, FastAPI]) -> None:
    assert apps
    for kind in _of_the_product():
        wording = kind.default_wording()
        assert wording.en != wording.id
        for text in (wording.en, wording.id):
            assert text[0].isupper() or text[0] == "`", (kind, text)
            assert text.endswith((".", "!")), (kind, text)
