"""Privileges on a service's tables in a database with separate roles, granted again after each migration.

The roles are named after the database, as created by `startline provision`: `…registration` runs the service,
`…registration_owner` owns and migrates the tables, `…doctor` compares. A database without such roles (standalone,
tests) is left unchanged.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

OWNER_SUFFIX = "_owner"

COMMON_READS = ("outbox", "event_retries", "dead_letters")
"""Tables that the doctor reads in every service to measure its lateness."""

_APPENDED_ONLY = "audit_log"
_READ_ONLY = "alembic_version, sent_events"
_PARTITIONS = "make_sent_events_partitions(), drop_sent_events_partitions(integer)"


def settle_rights(connection: Connection, service: str, doctor_reads: Sequence[str]) -> None:
    """Grant the service's role reading and writing of its tables, and the doctor reading of the tables it compares.

    The service's role cannot change the tables' structure, rewrite the audit log or change Alembic's version. The
    outbox's trigger writes sent events, and functions make and drop their partitions, with the owner's rights.

    Args:
        connection: as the owner; the caller commits.
        doctor_reads: tables, in addition to those that the doctor reads in every service.
    """
    database = connection.scalar(text("SELECT current_database()"))
    runs, doctor = str(database), f"{str(database).removesuffix(service)}doctor"
    if connection.scalar(text("SELECT current_user")) != f"{runs}{OWNER_SUFFIX}":
        return
    tables, sequences = _own(connection, "r", "p"), _own(connection, "S")
    _grant(connection, f"SELECT, INSERT, UPDATE, DELETE ON {tables} TO %I", runs)
    _grant(connection, f"USAGE, SELECT ON SEQUENCE {sequences} TO %I", runs)
    _revoke(connection, f"UPDATE, DELETE ON {_APPENDED_ONLY} FROM %I", runs)
    _revoke(connection, f"INSERT, UPDATE, DELETE ON {_READ_ONLY} FROM %I", runs)
    _grant(connection, f"EXECUTE ON FUNCTION {_PARTITIONS} TO %I", runs)
    if connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": doctor}):
        _revoke(connection, f"ALL ON {tables} FROM %I", doctor)
        _grant(connection, f"SELECT ON {', '.join((*COMMON_READS, *doctor_reads))} TO %I", doctor)


_OWN = text("""
    SELECT string_agg(format('%I', relname), ', ') FROM pg_class
     WHERE CAST(relkind AS text) = ANY(CAST(:kinds AS text[])) AND relnamespace = 'public'::regnamespace
       AND pg_get_userbyid(relowner) = current_user AND NOT relispartition
""")


def _own(connection: Connection, *kinds: str) -> str:
    """Return the names of the objects that the owner owns. Those that an administrator owns are not granted.

    Partitions are read and written by their table's rights.
    """
    return str(connection.scalar(_OWN, {"kinds": list(kinds)}))


def _grant(connection: Connection, what: str, role: str) -> None:
    _execute(connection, f"GRANT {what}", role)


def _revoke(connection: Connection, what: str, role: str) -> None:
    _execute(connection, f"REVOKE {what}", role)


def _execute(connection: Connection, template: str, role: str) -> None:
    """Execute a statement with the role's name quoted by the server."""
    filled_in = text("SELECT format(:template, CAST(:role AS text))")
    connection.execute(text(str(connection.scalar(filled_in, {"template": template, "role": role}))))
