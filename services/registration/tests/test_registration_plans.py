"""The queries that staff and the sweep run all day use their indexes, however many have registered."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from registration.admission import admit_batch, insert
from registration.catalog import queries as catalog
from registration.entries import listing
from registration.entries.expiry import Patience, due
from registration.entries.queries import Filter
from registration.entries.rules import Status
from registration.streams.queries import differing
from sqlalchemy import event, text

from .registration_driver import RegistrationDriver

Run = Callable[[], Awaitable[None]]

_MANY = 20_000
_A_PAGE_OF_EACH_STREAM = 51 * 15  # statuses and types
_WATCHED = re.compile(r"\b(registrations|participants|events)\b")


class Plans:
    """Run a function and explain each statement that it executes."""

    def __init__(self, driver: RegistrationDriver, *, settings: Sequence[str] = ()) -> None:
        self._driver = driver
        self._settings = settings

    async def of(self, run: Run) -> list[dict[str, Any]]:
        """Return every node of the plans of the statements about `_WATCHED` tables that `run` executes."""
        statements = await self._statements_of(run)
        return [node for statement, parameters in statements for node in await self._explain(statement, parameters)]

    async def kept_for(self, run: Run) -> list[dict[str, Any]]:
        """Return the same of the plans that would be made now and kept for all parameters."""
        return [node for statement, _ in await self._statements_of(run) for node in await self._explain_kept(statement)]

    async def _statements_of(self, run: Run) -> list[tuple[str, Any]]:
        statements: list[tuple[str, Any]] = []

        def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")) and _WATCHED.search(statement):
                statements.append((statement, parameters))

        database = self._driver.database.engine.sync_engine
        event.listen(database, "before_cursor_execute", listen)
        try:
            await run()
        finally:
            event.remove(database, "before_cursor_execute", listen)
        assert statements
        return statements

    async def _explain(self, statement: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
        async with self._driver.database.engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            async with raw.transaction():
                for setting in self._settings:
                    await raw.execute(f"SET LOCAL {setting}")
                [row] = await raw.fetch(f"EXPLAIN (FORMAT JSON) {statement}", *parameters)
        return list(_nodes(row[0][0]["Plan"]))

    async def _explain_kept(self, statement: str) -> list[dict[str, Any]]:
        nulls = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", statement))))
        async with self._driver.database.engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            await raw.execute("SET plan_cache_mode = force_generic_plan")
            await raw.execute(f"PREPARE kept AS {statement}")
            [row] = await raw.fetch(f"EXPLAIN (FORMAT JSON) EXECUTE kept({nulls})")
            await raw.execute("DEALLOCATE kept; RESET plan_cache_mode")
        return list(_nodes(row[0][0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in _nodes(child))]


def _whole_tables(nodes: Sequence[dict[str, Any]]) -> set[str]:
    read = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    return read & {"registrations", "participants", "idempotency_keys", "events", "promo_codes", "promo_uses"}


def _indexes(nodes: Sequence[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in nodes if "Index Name" in node}


@pytest.fixture
async def crowded(driver: RegistrationDriver) -> RegistrationDriver:
    """Store many registrations, and analyze the tables."""
    await driver.open_category(quota=100)
    await driver.seed(_MANY)
    await driver.execute("ANALYZE")
    return driver


def _page(driver: RegistrationDriver, wanted: Filter, after: tuple[datetime, UUID] | None = None) -> Run:
    async def run() -> None:
        async with driver.database.read() as session:
            await listing.page(session, wanted, limit=50, after=after)

    return run


_SEARCHES = {
    "ix_participants_words": "nama77 kel",
    "ix_participants_email": "runner777@example.com",
    "ix_participants_whatsapp": "0899 0000 0777",
    "uq_participants_bib": "1000777",
    "uq_registrations_registration_number": "seed-777",
}


async def test_every_search_uses_its_index(crowded: RegistrationDriver) -> None:
    plans = Plans(crowded)
    everywhere = {index: await plans.of(_page(crowded, Filter(q=q))) for index, q in _SEARCHES.items()}
    event_id = UUID(crowded.event["id"])
    in_event = {index: await plans.of(_page(crowded, Filter(event_id, q=q))) for index, q in _SEARCHES.items()}
    for index in _SEARCHES:
        for nodes in (everywhere[index], in_event[index]):
            assert _whole_tables(nodes) == set(), index
            assert index in _indexes(nodes)


async def test_a_common_name_is_searched_among_the_newest(crowded: RegistrationDriver) -> None:
    plans = Plans(crowded)
    for wanted in (Filter(q="nama"), Filter(UUID(crowded.event["id"]), q="nama")):
        nodes = await plans.of(_page(crowded, wanted))
        assert _whole_tables(nodes) == set()
        assert "Sort" not in {node["Node Type"] for node in nodes}, "all who have it were gathered first"


async def test_a_bib_is_found_without_reading_its_whole_index(crowded: RegistrationDriver) -> None:
    nodes = await Plans(crowded).of(_page(crowded, Filter(q="1000777")))
    [cost] = [node["Total Cost"] for node in nodes if node.get("Index Name") == "uq_participants_bib"]
    assert cost < 20  # pages, more or less; the index has hundreds


async def test_a_page_reads_no_more_than_a_page(crowded: RegistrationDriver) -> None:
    plans = Plans(crowded)
    event_id, category_id = UUID(crowded.event["id"]), UUID(crowded.category["id"])
    filters = {
        "all": Filter(),
        "event": Filter(event_id),
        "category and status": Filter(category_id=category_id, status=Status.EXPIRED),
        "status": Filter(status=Status.PENDING_PAYMENT),
    }
    position = (datetime.now(UTC) - timedelta(hours=2), uuid4())
    for name, wanted in filters.items():
        for after in (None, position):
            nodes = await plans.of(_page(crowded, wanted, after))
            assert _whole_tables(nodes) == set(), name
            sorted_rows = [node["Plan Rows"] for node in nodes if node["Node Type"] == "Sort"]
            assert all(rows <= _A_PAGE_OF_EACH_STREAM for rows in sorted_rows), name


async def test_the_sweep_reads_only_what_may_be_due(crowded: RegistrationDriver) -> None:
    async def sweep() -> None:
        async with crowded.database.work() as work:
            patience = Patience(timedelta(minutes=10))
            await due(work.session, patience, now=work.now)

    nodes = await Plans(crowded).of(sweep)
    assert _whole_tables(nodes) == set()
    assert _indexes(nodes) == {"ix_registrations_due"}


def _find_existing(driver: RegistrationDriver) -> Run:
    async def run() -> None:
        async with driver.database.work() as work:
            values = {"keys": ["some"], "people": ["somebody"], "event_id": UUID(driver.event["id"])}
            await work.session.execute(admit_batch._FIND_EXISTING, values)

    return run


def _watch(driver: RegistrationDriver, count: int) -> Run:
    async def run() -> None:
        async with driver.database.read() as session:
            await differing(session, {uuid4(): 1 for _ in range(count)})

    return run


@pytest.mark.parametrize("count", [1, 1000])
async def test_watched_registrations_are_found_by_their_key(crowded: RegistrationDriver, count: int) -> None:
    plans = Plans(crowded)
    for nodes in (await plans.of(_watch(crowded, count)), await plans.kept_for(_watch(crowded, count))):
        assert _whole_tables(nodes) == set()
        assert _indexes(nodes) == {"pk_registrations"}


async def test_watched_registrations_are_found_by_their_key_with_a_plan_made_for_empty_tables(
    driver: RegistrationDriver,
) -> None:
    nodes = await Plans(driver).kept_for(_watch(driver, 1000))
    assert _whole_tables(nodes) == set()
    assert _indexes(nodes) == {"pk_registrations"}


async def test_a_plan_made_for_empty_tables_uses_the_indexes(driver: RegistrationDriver) -> None:
    await driver.open_category()
    nodes = await Plans(driver).kept_for(_find_existing(driver))
    assert _whole_tables(nodes) == set()
    assert {"pk_idempotency_keys", "uq_participants_live_person"} <= _indexes(nodes)


def _find_existing_and_pricing(driver: RegistrationDriver) -> Run:
    async def run() -> None:
        async with driver.database.work() as work:
            values = {"keys": ["some"], "people": ["somebody"], "event_id": UUID(driver.event["id"])}
            values |= {"codes": ["LARI20"], "phases": [uuid4()], "category_id": UUID(driver.category["id"])}
            await work.session.execute(admit_batch._FIND_EXISTING_AND_PRICING, values)

    return run


async def test_promo_codes_and_phases_are_found_by_their_indexes_with_a_plan_made_for_empty_tables(
    driver: RegistrationDriver,
) -> None:
    await driver.open_category()
    nodes = await Plans(driver).kept_for(_find_existing_and_pricing(driver))
    assert _whole_tables(nodes) == set()
    expected = {"pk_idempotency_keys", "uq_participants_live_person", "uq_promo_codes_code", "pk_promo_uses"}
    assert expected <= _indexes(nodes)


def test_without_phases_and_promo_codes_the_statements_know_nothing_of_them() -> None:
    usual = (admit_batch._FIND_EXISTING, insert._INSERT)
    priced = (admit_batch._FIND_EXISTING_AND_PRICING, insert._INSERT_WITH_PRICES)
    assert not [each for each in usual if re.search("promo|phase|list_amount", str(each))]
    assert all("promo_uses" in str(each) for each in priced)


async def test_searching_all_keys_at_once_would_keep_a_bad_plan(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the plan that a list of keys gets while its table is empty."""
    await driver.open_category()
    listed = "SELECT key FROM idempotency_keys, participants WHERE key = ANY(CAST(:keys AS text[]))"
    monkeypatch.setattr(admit_batch, "_FIND_EXISTING", text(f"{listed} AND person_key = ANY(CAST(:people AS text[]))"))
    assert _whole_tables(await Plans(driver).kept_for(_find_existing(driver)))


async def test_without_its_index_the_search_reads_the_whole_table(crowded: RegistrationDriver) -> None:
    """The negative control: the check sees a plan that went bad."""
    await crowded.execute("DROP INDEX ix_participants_email")
    nodes = await Plans(crowded).of(_page(crowded, Filter(q="runner777@example.com")))
    assert "participants" in _whole_tables(nodes)


_MANY_RACES = """
    INSERT INTO events (id, name, slug, event_date, location, timezone, is_active, created_at, updated_at)
    SELECT gen_random_uuid(), 'Lari ' || md5(number::text), 'race-' || number, DATE '2030-01-01' + number / 10,
           'Kota' || number % 50, 'Asia/Jakarta', true, now(), now()
      FROM generate_series(1, 5000) AS number
"""


def _races(driver: RegistrationDriver, wanted: catalog.Search, after: catalog.Position | None = None) -> Run:
    async def run() -> None:
        async with driver.database.read() as session:
            await catalog.search(session, wanted, limit=50, after=after, now=driver.clock())

    return run


@pytest.fixture
async def many_races(driver: RegistrationDriver) -> RegistrationDriver:
    """Store many races, and analyze the tables."""
    await driver.execute(_MANY_RACES)
    await driver.execute("ANALYZE")
    return driver


async def test_words_of_a_race_are_found_by_their_index(many_races: RegistrationDriver) -> None:
    plans = Plans(many_races)
    for q in ("lari c4ca4238a0", "c4ca4238a0b923820dcc509a6f75849b"):
        for wanted in (catalog.Search(q), catalog.Search(q, date(2030, 1, 1), date(2030, 12, 31))):
            nodes = await plans.of(_races(many_races, wanted))
            assert _whole_tables(nodes) == set()
            assert "ix_events_search_words" in _indexes(nodes)


async def test_pages_of_races_are_read_in_the_order_of_their_index(many_races: RegistrationDriver) -> None:
    plans = Plans(many_races)
    after = (date(2030, 3, 1), uuid4())
    for wanted in (
        catalog.Search(),
        catalog.Search("lari"),
        catalog.Search(None, date(2030, 1, 5), date(2030, 12, 31)),
    ):
        for position in (None, after):
            nodes = await plans.of(_races(many_races, wanted, position))
            assert _whole_tables(nodes) == set()
            assert "ix_events_is_active_event_date" in _indexes(nodes)


async def test_without_their_index_words_are_looked_for_in_every_race(many_races: RegistrationDriver) -> None:
    """The negative control."""
    await many_races.execute("DROP INDEX ix_events_search_words")
    nodes = await Plans(many_races).of(_races(many_races, catalog.Search("c4ca4238a0")))
    assert "events" in _whole_tables(nodes) or "ix_events_is_active_event_date" in _indexes(nodes)
