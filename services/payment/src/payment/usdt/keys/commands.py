"""Entering and confirming receiving keys, and giving addresses from the active one."""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields
from chassis.secrets import SecretBox
from chassis.wording import Wording
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from payment.usdt.evm.hd import LAST_INDEX, AccountKey, KeyFault, NotAPublicKey
from payment.usdt.keys.errors import (
    AddressDiffers,
    KeyKnown,
    KeyRetired,
    KeyUnreadable,
    NoReceivingKey,
    PublicKeyRefused,
)
from payment.usdt.keys.queries import key_by_id, opened
from payment.usdt.keys.rules import KeyState, digest_of, is_first_address, path_of
from payment.usdt.keys.tables import ReceivingKey

# Two first confirmations would not meet on a row, and a statement that began before a confirmation was committed would
# find no active key.
_ONE_AT_A_TIME: Final = text("LOCK TABLE receiving_keys IN SHARE ROW EXCLUSIVE MODE")

_TAKE_INDEX: Final = (
    update(ReceivingKey)
    .where(ReceivingKey.state == KeyState.ACTIVE, ReceivingKey.next_index < LAST_INDEX)
    .values(next_index=ReceivingKey.next_index + 1)
    .returning(ReceivingKey)
    .execution_options(populate_existing=True, synchronize_session=False)
)


@dataclass(frozen=True)
class EnteredKey:
    """A key as it was entered, which is a public one of an account."""

    xpub: str = field(repr=False)
    path: str
    account: AccountKey = field(repr=False)


def read_key(xpub: str, path: str) -> EnteredKey:
    """Return the key in a text.

    Raises:
        PublicKeyRefused: it is none, or not that of an account.
        InvalidFields: `path` is that of another account.
    """
    try:
        account = AccountKey.parse(xpub.strip())
    except NotAPublicKey as refused:
        raise PublicKeyRefused.because(refused.why) from None
    own = path_of(account)
    if own is None:
        raise PublicKeyRefused.because(KeyFault.WRONG_DEPTH)
    if path != own:
        raise InvalidFields(("path", _other_path(own)))
    return EnteredKey(xpub.strip(), path, account)


def _other_path(own: str) -> Wording:
    return Wording(en=f"This key says that its path is {own}.", id=f"Kunci ini menyatakan bahwa path-nya {own}.")


async def propose(work: UnitOfWork, entered: EnteredKey, box: SecretBox, *, by: Staff) -> ReceivingKey:
    """Store a key, which is not used before its first address is confirmed. Return it, also if it was entered before.

    A key that no configured key decrypts is sealed again, whatever its state.

    Raises:
        KeyKnown: it is active or retired.
    """
    new = insert(ReceivingKey).values(_row(entered, box, work, by))
    once = new.on_conflict_do_nothing(index_elements=["xpub_digest"]).returning(ReceivingKey)
    stored = (await work.session.execute(once)).scalar_one_or_none()
    if stored is not None:
        await work.audit(by.actor, "receiving_key.propose", str(stored.id), path=stored.path)
        return stored
    return await _entered_again(work, entered, box, by)


def _row(entered: EnteredKey, box: SecretBox, work: UnitOfWork, by: Staff) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "xpub": box.seal(entered.xpub),
        "xpub_digest": digest_of(entered.account),
        "path": entered.path,
        "state": KeyState.PROPOSED,
        "created_at": work.now,
        "created_by": by.id,
    }


async def _entered_again(work: UnitOfWork, entered: EnteredKey, box: SecretBox, by: Staff) -> ReceivingKey:
    query = select(ReceivingKey).where(ReceivingKey.xpub_digest == digest_of(entered.account)).with_for_update()
    known = (await work.session.execute(query)).scalar_one()
    if opened(known, box) is None:
        known.xpub = box.seal(entered.xpub)
        await work.audit(by.actor, "receiving_key.seal", str(known.id))
    elif known.state != KeyState.PROPOSED:
        raise KeyKnown(key_state=known.state)
    return known


async def confirm(work: UnitOfWork, key_id: UUID, address: str, box: SecretBox, *, by: Staff) -> ReceivingKey:
    """Use a key for new invoices, and retire the one used before, whose addresses stay watched. Idempotent.

    Args:
        address: the first address that the wallet shows, in any letter case.

    Raises:
        UnknownKey, KeyRetired, KeyUnreadable.
        AddressDiffers: the key has another first address.
    """
    await work.session.execute(_ONE_AT_A_TIME)
    key = await key_by_id(work.session, key_id)
    _require_first_address(key, address, box)
    if key.state == KeyState.PROPOSED:
        await _activate(work, key, by)
    return key


def _require_first_address(key: ReceivingKey, address: str, box: SecretBox) -> None:
    if key.state == KeyState.RETIRED:
        raise KeyRetired
    account = opened(key, box)
    if account is None:
        raise KeyUnreadable
    if not is_first_address(address, account):
        raise AddressDiffers


async def _activate(work: UnitOfWork, key: ReceivingKey, by: Staff) -> None:
    former = update(ReceivingKey).where(ReceivingKey.state == KeyState.ACTIVE).returning(ReceivingKey.id)
    retired = (
        await work.session.execute(former.values(state=KeyState.RETIRED, retired_at=work.now))
    ).scalar_one_or_none()
    key.state, key.confirmed_at, key.confirmed_by = KeyState.ACTIVE, work.now, by.id
    await work.session.flush()
    replaced = None if retired is None else str(retired)
    await work.audit(by.actor, "receiving_key.confirm", str(key.id), path=key.path, retired=replaced)


async def next_address(work: UnitOfWork, box: SecretBox) -> tuple[UUID, int, bytes]:
    """Take an address of the active key, and return the key's id, the index and the address.

    One that is rolled back is given again, one that is committed never.

    Raises:
        NoReceivingKey: no key is active or readable, or its addresses are used up.
    """
    key = (await work.session.execute(_TAKE_INDEX)).scalar_one_or_none()
    account = None if key is None else opened(key, box)
    if key is None or account is None:
        raise NoReceivingKey
    index = key.next_index - 1
    return key.id, index, account.address(index)
