"""Rules of this repository that no other tool checks. Prints each violation and exits with 1 if there is one."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FUNCTION = 50
LONGEST_FILE = 350
LONGEST_TEST_FILE = 400
_CODE = re.compile(r"`[^`]*`")
_VAGUE = re.compile(r"\b(whoever|nobody|anew|is told|are told)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """What must not stand in a file's syntax tree, and where it may nevertheless."""

    text: str
    violates: Callable[[ast.AST], bool]
    allowed: tuple[str, ...]


def _calls_commit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"


def _reads_environment(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}


def _imports_broker(node: ast.AST) -> bool:
    modules = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    return any(module.split(".")[0] in {"aio_pika", "faststream", "faststream_outbox"} for module in modules)


def _asks_the_clock(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today"}
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date"}
    )


def _forgets_all_at_once(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith(("forget", "purge"))
        and any(isinstance(each, ast.Name) and each.id == "delete" for each in ast.walk(node))
    )


def _explains_vaguely(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and _VAGUE.search(_CODE.sub("", node.value.value)) is not None
    )


RULES = (
    Rule("only the unit of work commits", _calls_commit, ("libs/chassis/", "libs/testkit/")),
    Rule(
        "the environment is read by settings only",
        _reads_environment,
        (
            "libs/chassis/src/chassis/settings.py",
            "libs/testkit/",
            "libs/embedded/",
            "standalone/src/standalone/journey/process.py",
            "bench/",
        ),
    ),
    Rule("only the chassis speaks to a broker", _imports_broker, ("libs/chassis/", "libs/testkit/")),
    Rule(
        "time is passed in, not looked up",
        _asks_the_clock,
        ("libs/chassis/src/chassis/clock.py", "libs/testkit/", "simulators/", "standalone/src/standalone/journey/"),
    ),
    Rule(
        "what piles up is deleted in portions (chassis.portions)",
        _forgets_all_at_once,
        ("libs/testkit/", "services/registration/src/registration/canonical/commands.py"),
    ),
    Rule("a docstring names who does what (no whoever, nobody, anew, is told)", _explains_vaguely, ()),
)


def _is_test(name: str) -> bool:
    return "/tests/" in f"/{name}"


def _is_ours(path: Path) -> bool:
    return "node_modules" not in path.parts


def violations(path: Path) -> Iterator[str]:
    """What is wrong in one file."""
    name = path.relative_to(ROOT).as_posix()
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    longest = LONGEST_TEST_FILE if _is_test(name) or "/migrations/" in name else LONGEST_FILE
    if source.count("\n") > longest:
        yield f"{name}: longer than {longest} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "/migrations/" not in name:
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > LONGEST_FUNCTION:
                yield f"{name}:{node.lineno}: {node.name} is longer than {LONGEST_FUNCTION} lines"
        for rule in RULES:
            if not _is_test(name) and not name.startswith(rule.allowed) and rule.violates(node):
                yield f"{name}:{getattr(node, 'lineno', 0)}: {rule.text}"


def main() -> None:
    """Check every Python file of the packages."""
    folders = ("libs", "services", "standalone", "simulators", "tests", "bench")
    files = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py") if _is_ours(path))
    found = [violation for path in files for violation in violations(path)]
    print("\n".join(found) if found else f"House rules hold in {len(files)} files.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
