"""The financial report: income and costs from the ledger, on the screen, on paper and as files."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response
from pydantic import model_validator

from web.console.access import Finance
from web.console.apis import Payment, Registration
from web.console.catalog import Race, all_races, race_for, races_and_one
from web.console.exports.downloads import passed_on
from web.console.exports.kinds import FileFormat, file_name
from web.console.pages import console_page
from web.console.reports.days import of_days
from web.console.reports.period import Period
from web.console.routing import ConsoleRouter
from web.console.usdt.models import shown_rate
from web.forms import Form
from web.languages import language_of_path
from web.networks import network_of
from web.upstream.client import Answer

router = ConsoleRouter()

PATH: Final = "/reports/financial"
GROUPS: Final = ("day", "channel", "category", "type", "phase")


class Money(Answer):
    """Money of a group, or of all."""

    currency: str
    payments: int
    gross: Decimal
    discounts: Decimal
    received: Decimal
    rounding: Decimal
    fees: Decimal
    refund_count: int
    refunds: Decimal
    net: Decimal

    @model_validator(mode="before")
    @classmethod
    def _of_the_release_before(cls, found: dict[str, Any]) -> dict[str, Any]:
        """Add what a payment service of the release before does not say: it calls gross what was received."""
        return {"received": found.get("gross"), "rounding": 0, **found}


class Row(Money):
    """Money of a group; its key is None for money of no registration, such as fees, and if it is not known."""

    key: str | None
    label: str | None

    @property
    def is_regular_price(self) -> bool:
        """Return whether it is, by price phase, the row of the regular price; a phase has its name as the label."""
        return self.key == "regular" and self.label is None


class UsdtSums(Answer):
    """USDT that came in, what they were `worth` in rupiah, and the average rate."""

    transfers: int
    amount: str
    worth: Decimal
    average_rate: Decimal

    @property
    def rate(self) -> str:
        """Return the average rate as it is shown."""
        return shown_rate(self.average_rate)


class UsdtOnNetwork(UsdtSums):
    """USDT that came in on a network."""

    network: str

    @property
    def name(self) -> str:
        """Return the name of the network."""
        return network_of(self.network).name


class Usdt(UsdtSums):
    """USDT that came in, in all and by network; a payment service of the release before names no networks."""

    networks: tuple[UsdtOnNetwork, ...] = ()


class Report(Answer):
    """The report. Days are days in `timezone`; `usdt` is None if none came in."""

    timezone: str
    items: tuple[Row, ...]
    totals: tuple[Money, ...]
    usdt: Usdt | None = None

    @property
    def has_discounts(self) -> bool:
        """Return whether a column of discounts says anything."""
        return any(each.discounts for each in self.totals)

    @property
    def has_rounding(self) -> bool:
        """Return whether a column of differences by unique amounts of transfers says anything."""
        return any(each.rounding for each in self.totals) or any(each.rounding for each in self.items)

    @property
    def has_fees(self) -> bool:
        """Return whether a column of fees says anything."""
        return any(each.fees for each in self.totals)

    @property
    def most(self) -> Decimal:
        """Return the largest amount of a row, which has the longest bar."""
        return max((each.received for each in self.items), default=Decimal(0))


@dataclass(frozen=True)
class _Asked(Period):
    """Days, race and groups in the address. No race means all."""

    race: Annotated[str, Query(max_length=255)] = ""
    by: Annotated[str, Query(max_length=20)] = ""

    @property
    def group_by(self) -> str:
        """Return what the report has a row for."""
        return self.by if self.by in GROUPS else GROUPS[0]

    @staticmethod
    def day_of(key: str) -> date:
        """Return the day of a row."""
        return date.fromisoformat(key)

    def query(self, race: Race | None) -> Mapping[str, Any]:
        """Return the query of the API."""
        event_id = race.id if race else None
        return {"event_id": event_id, "from": self.first, "to": self.last, "group_by": self.group_by}

    def address(self, **changes: str) -> str:
        """Return the query string of the report with changes."""
        return urlencode({name: value for name, value in {**asdict(self), **changes}.items() if value})


Asked = Annotated[_Asked, Depends()]


@router.page(PATH)
async def show_financial(
    request: Request, staff: Finance, registration: Registration, payment: Payment, asked: Asked
) -> Response:
    """Show money by day, channel, category, type or price phase, with totals; of one race only while races answer."""
    races, chosen, unapplied = await races_and_one(registration, asked.race)
    errors = asked.errors(language_of_path(request.url.path))
    report = None
    if not errors and not unapplied:
        report, errors = await of_days(payment.get(Report, PATH, **asked.query(chosen)))
    return console_page(
        request,
        staff,
        "reports/financial.html",
        status=422 if errors else 200,
        races=races,
        race=chosen,
        unapplied=unapplied,
        asked=asked,
        groups=GROUPS,
        form=Form({"first_day": asked.first_day, "last_day": asked.last_day}, errors),
        report=report,
        now=request.app.state.clock(),
    )


@router.page(f"{PATH}.{{file_format}}")
async def download_financial(
    request: Request,
    staff: Finance,  # noqa: ARG001  # the gate
    registration: Registration,
    payment: Payment,
    asked: Asked,
    file_format: FileFormat,
) -> Response:
    """Return the report as a file; of one race only while races answer."""
    race = race_for(await all_races(registration), asked.race) if asked.race else None
    name = file_name(request, file_format, "financial", asked.group_by, race.slug if race else "all")
    return await passed_on(payment, f"{PATH}.{file_format}", name, **asked.query(race))
