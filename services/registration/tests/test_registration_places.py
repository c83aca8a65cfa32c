"""Only `places` writes `category_places` and only `prices` `promo_uses`, in SQL or through the mapped class."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import registration

_SOURCE = Path(registration.__file__).parent
_WRITING_SQL = re.compile(
    r"\b(UPDATE|INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE)\s+(TABLE\s+|ONLY\s+)*"
    r"(category_places|promo_uses)\b",
    re.IGNORECASE,
)
_READING_CALLS = {"join", "outerjoin", "select_from", "aliased"}
_TABLES = {"CategoryPlaces": "places", "PromoUses": "prices"}


def _writes(source: str) -> Iterator[str]:
    """Yield what writes one of the tables, or gets hold of a row that could be changed."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _WRITING_SQL.search(node.value):
            yield f"line {node.lineno}: {node.value.strip()[:60]}"
        if isinstance(node, ast.Call):
            yield from _writing_call(node)


def _writing_call(node: ast.Call) -> Iterator[str]:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    passed = [*node.args, *(keyword.value for keyword in node.keywords)]
    if called in _TABLES or (called not in _READING_CALLS and any(map(_is_a_table, passed))):
        yield f"line {node.lineno}: {ast.unparse(node)[:60]}"


def _is_a_table(node: ast.expr) -> bool:
    """Return whether the expression is a mapped class, or its table; columns of it are no way to write."""
    return ast.unparse(node).removesuffix(".__table__").rpartition(".")[2] in _TABLES


def _sources() -> list[Path]:
    return sorted(path for path in _SOURCE.rglob("*.py") if "migrations" not in path.parts)


def test_no_other_folder_writes_places_or_uses() -> None:
    others = [path for path in _sources() if path.parent.name not in _TABLES.values()]
    assert len(others) > 50
    found = [f"{path.relative_to(_SOURCE)}, {each}" for path in others for each in _writes(path.read_text())]
    assert found == []


@pytest.mark.parametrize(("file", "writes"), [("places/commands.py", 7), ("prices/uses.py", 5)])
def test_the_writes_of_places_and_uses_are_found(file: str, writes: int) -> None:
    """The negative control: each statement there that writes is seen by what looks for writes elsewhere."""
    assert len(list(_writes((_SOURCE / file).read_text()))) >= writes


@pytest.mark.parametrize(
    ("folder", "others"), [("places", "promo_uses|PromoUses"), ("prices", "category_places|CategoryP")]
)
def test_places_and_prices_leave_each_others_counters_alone(folder: str, others: str) -> None:
    own = [path for path in _sources() if path.parent.name == folder]
    found = [each for path in own for each in _writes(path.read_text()) if re.search(others, each)]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        'text("""\n  UPDATE category_places SET taken = 0""")',
        'text(f"WITH gone AS (DELETE FROM category_places WHERE {condition})")',
        '"insert into  category_places (quota) values (1)"',
        "update(CategoryPlaces).values(taken=0)",
        "tables.insert(tables.CategoryPlaces)",
        "upsert(CategoryPlaces.__table__)",
        "session.add(CategoryPlaces(quota=1))",
        "(await session.get(CategoryPlaces, category_id, with_for_update=True)).taken = 0",
        "select(CategoryPlaces).where(CategoryPlaces.quota > 1)",
        'text("UPDATE promo_uses AS counter SET used = 0")',
        "update(PromoUses).values(used=0)",
    ],
)
def test_every_way_to_write_is_found(source: str) -> None:
    assert list(_writes(source))


@pytest.mark.parametrize(
    "source",
    [
        "select(CategoryPlaces.quota).join(CategoryPlaces, CategoryPlaces.category_id == RaceCategory.id)",
        '"SELECT quota FROM category_places FOR UPDATE"',
    ],
)
def test_reading_is_no_write(source: str) -> None:
    assert list(_writes(source)) == []
