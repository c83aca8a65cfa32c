"""The contracts of these tests: their sources, what a compiler made of them, and calls to them.

`python -m tests.evm.solidity` compiles them again, by a `solc` or `solcjs` of the version that compiled.json names.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "contracts"
COMPILED: Final = FOLDER / "compiled.json"

_SETTINGS: Final[Mapping[str, Any]] = {
    "evmVersion": "paris",
    "optimizer": {"enabled": True, "runs": 200},
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
}
_WANTED: Final = ("evm.bytecode.object", "evm.methodIdentifiers")
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+\+commit\.[0-9a-f]+")
_WORD: Final = 32

Value = int | bytes | Sequence[int] | Sequence[bytes]
"""A number, an address, or several of one of them."""


@dataclass(frozen=True)
class Contract:
    """A compiled contract. `functions`: selectors by signature, in hexadecimal."""

    bytecode: str
    functions: Mapping[str, str]

    def creation(self, *values: Value) -> str:
        """Return the data of the transaction that deploys the contract."""
        return f"0x{self.bytecode}{_encoded(values).hex()}"

    def call(self, function: str, *values: Value) -> str:
        """Return the data of a call to a function, which is given by its name."""
        [selector] = [
            selector for signature, selector in self.functions.items() if signature.startswith(f"{function}(")
        ]
        return f"0x{selector}{_encoded(values).hex()}"


@cache
def contract(name: str) -> Contract:
    """Return a contract as it was compiled."""
    return Contract(**json.loads(COMPILED.read_text())["contracts"][name])


def _encoded(values: Sequence[Value]) -> bytes:
    """Return arguments as contracts read them: a word for each, which says where it is if it is a sequence."""
    head, tail = b"", b""
    for value in values:
        if isinstance(value, int | bytes):
            head += _word(value)
        else:
            head += _word(_WORD * len(values) + len(tail))
            tail += _word(len(value)) + b"".join(_word(each) for each in value)
    return head + tail


def _word(value: int | bytes) -> bytes:
    return value.to_bytes(_WORD, "big") if isinstance(value, int) else value.rjust(_WORD, b"\0")


def find_compiler() -> str | None:
    """Return the compiler of the PATH, native or in JavaScript; None if there is none."""
    return shutil.which("solc") or shutil.which("solcjs")


def version_of(compiler: str) -> str:
    """Return the version of a compiler, with its commit."""
    said = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    return str(_VERSION.findall(said)[0])


def digests() -> Mapping[str, str]:
    """Return the SHA-256 of each source."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _sources()}


def compile_all(compiler: str) -> Mapping[str, Any]:
    """Return what compiled.json is to contain."""
    output = _output(compiler)
    made = {name: each["evm"] for file in output["contracts"].values() for name, each in file.items()}
    return {
        "compiler": f"solc {version_of(compiler)}",
        "settings": _SETTINGS,
        "sources": digests(),
        "contracts": {
            name: {"bytecode": each["bytecode"]["object"], "functions": each["methodIdentifiers"]}
            for name, each in sorted(made.items())
            if each["bytecode"]["object"]  # an interface has none
        },
    }


def _output(compiler: str) -> Mapping[str, Any]:
    request = {
        "language": "Solidity",
        "sources": {path.name: {"content": path.read_text()} for path in _sources()},
        "settings": {**_SETTINGS, "outputSelection": {"*": {"*": _WANTED}}},
    }
    command = [compiler, "--standard-json"]
    said = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=True).stdout
    output: dict[str, Any] = json.loads(said[said.index("{") :])  # solcjs says something else first
    if output.get("errors"):
        raise ValueError("\n".join(each["formattedMessage"] for each in output["errors"]))
    return output


def _sources() -> Sequence[Path]:
    return sorted(FOLDER.glob("*.sol"))


def main() -> None:
    """Compile the contracts and store the result."""
    compiler = find_compiler()
    if compiler is None:
        sys.exit("There is no solc or solcjs on the PATH; npm has the latter in its package solc.")
    COMPILED.write_text(f"{json.dumps(compile_all(compiler), indent=2)}\n")


if __name__ == "__main__":
    main()
