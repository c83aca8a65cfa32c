"""Third-party code for browsers: where it comes from, how it is served, and that its licences are shown."""

import gzip
import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from web import third_party

WEB = Path(__file__).parents[1]
ROOT = WEB.parents[1]
LOCK: dict[str, Any] = json.loads((WEB / "package-lock.json").read_text())["packages"]
OWN_FOLDERS = ("libs", "services", "standalone", "simulators", "tests", "bench", "docs", "deploy", "scripts")


def test_the_lock_names_hashes_and_no_addresses() -> None:
    packages = {path: each for path, each in LOCK.items() if path}
    assert packages.keys() >= {f"node_modules/{name}" for name in ("htmx.org", "idb", "zxing-wasm", "axe-core")}
    for path, package in packages.items():
        assert package["integrity"].startswith("sha512-"), path
        assert "resolved" not in package, path
    assert "omit-lockfile-registry-resolved=true" in (WEB / ".npmrc").read_text(), "or npm writes them again"


def test_what_is_chosen_is_one_version_and_what_the_lock_has() -> None:
    chosen = json.loads((WEB / "package.json").read_text())
    for name, version in {**chosen["dependencies"], **chosen["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert LOCK[f"node_modules/{name}"]["version"] == version
    assert {each.name for each in third_party.packages()} <= chosen["dependencies"].keys(), "nothing of tests is served"


def test_no_file_of_a_package_is_in_the_repository() -> None:
    installed = {_digest(path) for path in _files(WEB / "node_modules") if not path.name.startswith(".")}
    ours = [path for folder in OWN_FOLDERS for path in _files(ROOT / folder) if _is_ours(path)]
    assert len(installed) > 100
    assert len(ours) > 500
    assert [path for path in ours if _digest(path) in installed] == []
    assert [path for path in ours if path.name.endswith((".min.js", ".min.css", ".wasm", ".woff2"))] == []


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _is_ours(path: Path) -> bool:
    return not {"node_modules", "__pycache__"}.intersection(path.parts)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("htmx.org.htmx.min.js", "text/javascript; charset=utf-8"),
        ("idb.index.js", "text/javascript; charset=utf-8"),
        ("zxing-wasm.index.js", "text/javascript; charset=utf-8"),
        ("zxing-wasm.zxing_reader.wasm", "application/wasm"),
    ],
)
async def test_a_file_is_served_compressed_under_an_address_of_its_content(
    site: httpx.AsyncClient, name: str, media_type: str
) -> None:
    file = third_party.load()[name]
    answer = await site.get(file.address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert (answer.content, gzip.decompress(file.compressed)) == (file.content, file.content)
    assert _digest_of(file.content)[:10] in file.address


def _digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


def test_only_what_is_listed_is_served() -> None:
    assert len(third_party.load()) == 4
    assert [each for each in third_party.LISTED if Path(each).is_absolute() or ".." in each] == []


def test_without_the_packages_the_process_says_what_brings_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(third_party, "_IN_CHECKOUT", tmp_path)
    with pytest.raises(third_party.PackagesMissing, match="make setup"):
        third_party.load.__wrapped__()


def test_an_image_has_them_beside_the_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for each in third_party.LISTED:
        copy = tmp_path / each
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((WEB / "node_modules" / each).read_bytes())
    monkeypatch.setattr(third_party, "_IN_CHECKOUT", tmp_path / "nowhere")
    monkeypatch.setattr(third_party, "_IN_IMAGE", tmp_path)
    assert third_party.load.__wrapped__() == third_party.load()
    assert third_party.packages.__wrapped__() == third_party.packages()


@pytest.mark.parametrize(("path", "title"), [("/licences", "Lisensi"), ("/en/licences", "Licences")])
async def test_every_package_is_shown_with_version_and_licence(site: httpx.AsyncClient, path: str, title: str) -> None:
    answer = await site.get(path)
    assert f'<h1 class="section-title">{title}</h1>' in answer.text
    for package in third_party.packages():
        described = json.loads((WEB / "node_modules" / package.name / "package.json").read_text())
        assert (package.version, package.licence) == (described["version"], described["license"])
        assert f'{package.name}</span> <span class="num">{package.version}</span>' in answer.text
        assert f": {package.licence}</p>" in answer.text
    assert ("Text of the licence" in answer.text) is path.startswith("/en")
    assert "Permission to use, copy, modify" in answer.text
    front = await site.get(path.removesuffix("licences"))
    assert f'href="{path}"' in front.text
