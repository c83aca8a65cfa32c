"""Routes for receiving keys, for the owner. A key is entered here, and returned nowhere."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from chassis.auth.access import Owner
from chassis.database import Database
from chassis.errors import InvalidFields
from chassis.secrets import SecretBox
from chassis.web.dependencies import OwnDatabase, Read, Work, from_state
from chassis.web.downloads import Batches, CsvFile, DownloadRunning, Downloads, csv_file
from chassis.web.models import Body, Line, Matching, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Wording
from fastapi import Depends
from pydantic import ConfigDict, Field, SecretStr

from payment.usdt.evm.addresses import checksum
from payment.usdt.keys import commands, queries
from payment.usdt.keys.errors import AddressDiffers, KeyKnown, KeyRetired, KeyUnreadable, PublicKeyRefused, UnknownKey
from payment.usdt.keys.rules import PATH_PATTERN, KeyState, address_path, first_addresses
from payment.usdt.keys.tables import ReceivingKey

router = Router(prefix="/usdt/keys", tags=["usdt"])

OwnBox = Annotated[SecretBox, from_state("secret_box")]

_LONGEST_KEY: Final = 500
_COLUMNS: Final = ("index", "path", "address", "registration_number")
_NO_PATH: Final = Wording(
    en="Write the path of the account as the wallet shows it, like m/44'/60'/0'.",
    id="Tulis path akun seperti yang ditampilkan dompet, misalnya m/44'/60'/0'.",
)


class NewKey(Body):
    """The extended public key (`xpub…`) of an account, and the path of the account in its wallet.

    Fields that do not exist are ignored, as a refusal would quote their names.
    """

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    xpub: Annotated[SecretStr, Field(min_length=1, max_length=_LONGEST_KEY)]
    path: Annotated[str, Field(max_length=50), Matching(PATH_PATTERN, _NO_PATH)]


class Confirmation(Body):
    """The first address that the wallet shows, in any letter case."""

    address: Annotated[Line, Field(max_length=100)]


class KeyView(View):
    """A receiving key, without the key.

    `first_addresses` are to be compared with the wallet; there are none if the server cannot decrypt the key. `given`
    is the number of addresses that invoices took.
    """

    key_id: UUID
    path: str
    state: KeyState
    first_addresses: Sequence[str]
    given: int
    created_at: datetime
    created_by: UUID
    confirmed_at: datetime | None
    confirmed_by: UUID | None
    retired_at: datetime | None

    @classmethod
    def of(cls, row: ReceivingKey, box: SecretBox) -> Self:
        """Build the view of a stored key."""
        account = queries.opened(row, box)
        same = ("path", "state", "created_at", "created_by", "confirmed_at", "confirmed_by", "retired_at")
        return cls(
            key_id=row.id,
            first_addresses=[] if account is None else first_addresses(account),
            given=row.next_index,
            **{name: getattr(row, name) for name in same},
        )


class Keys(View):
    """All receiving keys, newest first."""

    items: Sequence[KeyView]


@router.get("")
async def list_keys(_: Owner, session: Read, box: OwnBox) -> Keys:
    """Return all receiving keys."""
    return Keys(items=[KeyView.of(row, box) for row in await queries.list_keys(session)])


@router.post("", status_code=201, responses=errors(PublicKeyRefused, KeyKnown, InvalidFields))
async def propose(body: NewKey, staff: Owner, work: Work, box: OwnBox) -> KeyView:
    """Enter a receiving key. It is used once its first address was confirmed."""
    entered = commands.read_key(body.xpub.get_secret_value(), body.path)
    return KeyView.of(await commands.propose(work, entered, box, by=staff), box)


@router.post("/{key_id}/confirm", responses=errors(UnknownKey, KeyRetired, KeyUnreadable, AddressDiffers))
async def confirm(key_id: UUID, body: Confirmation, staff: Owner, work: Work, box: OwnBox) -> KeyView:
    """Confirm the first address of a key, which is used from now on; the key before is retired."""
    return KeyView.of(await commands.confirm(work, key_id, body.address, box, by=staff), box)


async def _exported(
    key_id: UUID, staff: Owner, database: OwnDatabase, downloads: Annotated[Downloads, from_state("downloads")]
) -> AsyncIterator[Batches]:
    async with database.read() as session:
        key = await queries.key_by_id(session, key_id)
    with downloads.one_of(staff.id) as until_read:
        yield until_read(_rows(database, key))


async def _rows(database: Database, key: ReceivingKey) -> AsyncIterator[Sequence[Sequence[Any]]]:
    async for page in queries.every_address(database, key.id):
        yield [(index, address_path(key.path, index), checksum(address), number) for index, address, number in page]


Exported = Annotated[Batches, Depends(_exported, scope="request")]


@router.get("/{key_id}/addresses.csv", response_class=CsvFile, responses=errors(UnknownKey, DownloadRunning))
async def export_addresses(rows: Exported) -> CsvFile:
    """Return the addresses that invoices took from a key as CSV, in the order of their indices."""
    return csv_file("usdt-addresses", _COLUMNS, rows)
