"""What the tests with a node are built on: compiled contracts that fit their sources, and a node that is locked."""

import json
from pathlib import Path

import pytest
from embedded.errors import NotInstalled

from .program import find_anvil
from .solidity import COMPILED, Contract, compile_all, digests, find_compiler, version_of

HERE = Path(__file__).parent


def test_the_compiled_contracts_are_of_these_sources() -> None:
    assert json.loads(COMPILED.read_text())["sources"] == digests(), "python -m tests.evm.solidity compiles them again"


def test_the_compiler_makes_the_same_of_the_sources() -> None:
    compiler, compiled = find_compiler(), json.loads(COMPILED.read_text())
    if compiler is None:
        pytest.skip("there is no solc or solcjs")
    if version_of(compiler) not in compiled["compiler"]:
        pytest.skip(f"this is not {compiled['compiler']}")
    assert compile_all(compiler) == compiled


def test_arguments_are_encoded_as_contracts_read_them() -> None:
    # The example of the Solidity documentation, "Contract ABI specification", with `uint256` for all numbers.
    called = Contract("", {"f(uint256,uint256[],uint256)": "8be65246"}).call("f", 0x123, [0x456, 0x789], 0x55)
    words = (0x123, 0x60, 0x55, 2, 0x456, 0x789)
    assert called == f"0x8be65246{''.join(f'{word:064x}' for word in words)}"
    assert Contract("60", {}).creation(b"\xaa" * 20) == f"0x60{'00' * 12}{'aa' * 20}"


def test_each_package_is_locked_by_version_and_hash() -> None:
    wanted = json.loads((HERE / "package.json").read_text())["optionalDependencies"]
    locked = json.loads((HERE / "package-lock.json").read_text())["packages"]
    packages = {name.removeprefix("node_modules/"): each for name, each in locked.items() if name}
    assert {name: each["version"] for name, each in packages.items()} == wanted
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert "ignore-scripts=true" in (HERE / ".npmrc").read_text().splitlines()


def test_a_missing_node_says_how_it_is_installed(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="make test-evm"):
        find_anvil({}, folder=tmp_path)
    with pytest.raises(NotInstalled, match="ANVIL_PATH names a program that cannot be run"):
        find_anvil({"ANVIL_PATH": str(tmp_path / "anvil")}, folder=tmp_path)


def test_a_node_of_another_lock_is_missing(tmp_path: Path) -> None:
    program = tmp_path / "node_modules" / ".bin" / "anvil"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    installed = tmp_path / "node_modules" / ".installed-lock"
    installed.write_text("{}")
    with pytest.raises(NotInstalled):
        find_anvil({}, folder=tmp_path)
    installed.write_bytes((HERE / "package-lock.json").read_bytes())
    assert find_anvil({}, folder=tmp_path) == program
    assert find_anvil({"ANVIL_PATH": str(program)}, folder=tmp_path / "none") == program
