"""Routes of reconciliations, for finance."""

from chassis.auth.access import Finance
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.models import Day, Limit
from chassis.web.problems import errors
from chassis.web.routing import Router

from payment.dependencies import Zone
from payment.reconciliation import queries, runs
from payment.reconciliation.errors import UnknownReconciliation
from payment.reconciliation.models import ReconciliationView, Run, Runs

router = Router(prefix="/reconciliation", tags=["reconciliation"])


@router.get("", responses=errors(UnknownReconciliation))
async def show_reconciliation(
    _: Finance, database: OwnDatabase, zone: Zone, date: Day | None = None
) -> ReconciliationView:
    """Return what differs now, or what differed at the end of a day that is over."""
    if date is None or date == database.clock().astimezone(zone).date():
        return await runs.reconcile(database, zone)
    async with database.read() as session:
        return ReconciliationView.stored(await queries.of_day(session, date))


@router.post("", status_code=201)
async def run_reconciliation(_: Finance, database: OwnDatabase, zone: Zone) -> ReconciliationView:
    """Reconcile now, and store it as that of today."""
    return await runs.run(database, zone)


@router.get("/runs")
async def list_runs(_: Finance, session: Read, limit: Limit = 50) -> Runs:
    """Return the days that are stored, the newest first."""
    return Runs(items=[Run.model_validate(row) for row in await queries.newest(session, limit=limit)])
