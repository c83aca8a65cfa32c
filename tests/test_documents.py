"""Documents that are made from the code, or speak of it, agree with it."""

import json
import re
from pathlib import Path

import pytest
from chassis.asyncapi import document
from chassis.service import DatabaseOwner
from chassis.tables import ServiceTables, new_metadata
from standalone.cli import main
from standalone.services import DATABASE_OWNERS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_PATH = re.compile(r"`((?:libs|services|standalone|simulators|deploy|tests|scripts|bench|docs)/[\w./-]+)`")
_MADE_UP = {"services/results", "libs/contracts/tests/golden/registration.moved.v1.json"}
"""Paths that the how-tos create."""

_CHALLENGE = "https://challenges.cloudflare.com/turnstile/v0/api.js"


def test_the_asyncapi_document_is_what_the_code_says() -> None:
    written = json.loads((ROOT / "docs" / "asyncapi.json").read_text())
    assert written == json.loads(json.dumps(document())), "run `make asyncapi`"


def test_no_page_loads_scripts_from_elsewhere() -> None:
    pages = [*ROOT.glob("services/**/*.html"), *ROOT.glob("simulators/**/*.html"), *ROOT.glob("docs/**/*.html")]
    found = [each for page in pages for each in re.findall(r"<(?:script|link)[^>]+https?://[^\"]*", page.read_text())]
    assert found == [f'<script src="{_CHALLENGE}'], "but the widget of the challenge, where the organiser asks for it"


def test_decisions_are_numbered_without_gaps_and_linked_by_what_they_say() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text()
        assert text.startswith(f"# {int(record.name[:4])}. "), record.name
        for part in ("\n- Status: ", "\n- Date: 20", "\n## Context\n", "\n## Decision\n", "\n## Consequences\n"):
            assert part in text, f"{record.name} has no {part.strip()}"


def test_the_index_of_decisions_shows_title_and_status_of_each() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text()
    for record in sorted(folder.glob("[0-9]*.md")):
        title, _, status, *_ = record.read_text().splitlines()
        number, _, name = title.removeprefix("# ").partition(". ")
        row = f"| {number} | [{name}]({record.name}) | {status.removeprefix('- Status: ')} |"
        assert row in index, f"the index lacks {row}"


@pytest.mark.parametrize("owner", DATABASE_OWNERS, ids=lambda owner: owner.name)
def test_the_architecture_names_the_tables_of_a_service(owner: DatabaseOwner) -> None:
    [row] = re.findall(rf"^\| {owner.name} \| (.*?) \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    shared = set(ServiceTables(new_metadata()).metadata.tables)
    assert set(re.findall(r"`(\w+)`", row)) == set(owner.tables.metadata.tables) - shared


def test_the_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"make ([a-z-]+)", readme)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_readme_names_each_command_of_the_operator(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = re.findall(r"^ {4}([a-z-]+)\b", capsys.readouterr().out, re.MULTILINE)

    rows = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \| ", (ROOT / "README.md").read_text(), re.MULTILINE)
    named = {command for row in rows for command in re.findall(r"`([a-z-]+)`", row)}
    assert commands
    assert set(commands) - named == set()


@pytest.mark.parametrize("page", DOCUMENTS, ids=[str(page.relative_to(ROOT)) for page in DOCUMENTS])
def test_a_document_links_and_names_only_what_exists(page: Path) -> None:
    text = page.read_text()
    named = [ROOT / path for path in _PATH.findall(text) if path not in _MADE_UP]
    linked = [((page.parent / path).resolve() if path else page, heading) for path, heading in _LINK.findall(text)]

    missing = [str(path.relative_to(ROOT)) for path in (*named, *(path for path, _ in linked)) if not path.exists()]
    assert missing == []
    assert [f"{path}#{heading}" for path, heading in linked if heading and heading not in _headings(path)] == []


def _headings(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
