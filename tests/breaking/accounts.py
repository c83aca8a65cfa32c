"""Hop by hop from a request to its last effect: at each, what had to arrive against what did."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts import (
    Event,
    PaymentUploaded,
    PaymentVerified,
    RegistrationConfirmed,
    RegistrationCreated,
    RegistrationExpired,
    WaitlistJoined,
    WaitlistOffered,
)
from contracts.topology import SUBSCRIPTIONS
from standalone.journey.client import Site
from standalone.journey.ledger import Comparison, compare

from .witness import Account, Witness

Events = Iterable[Event[Any]]

REGISTERED = Account(
    "registration",
    "SELECT concat_ws(' ', p.email, r.id) FROM participants p JOIN registrations r ON r.id = p.registration_id"
    " WHERE p.is_pic",
)
"""Address of the person in charge, and registration: who it was without the platform's own record of keys."""
PAYMENTS = Account("payment", "SELECT registration_id FROM payments")
VERIFIED = Account("payment", "SELECT id FROM payments WHERE status = 'verified'")

_CHANGES: Mapping[str, tuple[str, Account]] = {
    RegistrationCreated.TYPE: ("registered", Account("registration", "SELECT id FROM registrations")),
    RegistrationConfirmed.TYPE: (
        "confirmed",
        Account("registration", "SELECT id FROM registrations WHERE status = 'payment_verified'"),
    ),
    PaymentUploaded.TYPE: ("proof uploaded", PAYMENTS),
    PaymentVerified.TYPE: (
        "proof verified",
        Account("payment", "SELECT registration_id FROM payments WHERE status = 'verified'"),
    ),
}
"""The change that commits together with an event of the type, once for each registration."""

_EFFECTS: Mapping[str, Mapping[str, Account]] = {
    RegistrationCreated.TYPE: {
        "invoice": Account("payment", "SELECT registration_id FROM invoices"),
        "contact": Account("notification", "SELECT registration_id FROM contacts WHERE registration_number <> ''"),
    },
    RegistrationExpired.TYPE: {
        "invoice closed": Account("payment", "SELECT registration_id FROM invoices WHERE status = 'expired'"),
    },
    WaitlistOffered.TYPE: {
        "waiting contact": Account(
            "notification", "SELECT registration_id FROM contacts WHERE stage = 'waiting' AND revision >= 0"
        ),
    },
    PaymentUploaded.TYPE: {
        "clock stopped": Account(
            "registration",
            "SELECT id FROM registrations WHERE status IN ('payment_uploaded', 'payment_verified')",
        ),
    },
    PaymentVerified.TYPE: {
        "BIBs given": Account(
            "registration",
            "SELECT r.id FROM registrations r WHERE r.status = 'payment_verified' AND r.total_participants ="
            " (SELECT count(DISTINCT p.bib_number) FROM participants p WHERE p.registration_id = r.id)",
        ),
    },
}
"""Effects there are once for each registration."""

_PER_RUNNER = {
    "roster": Account("checkin", "SELECT participant_id FROM roster WHERE cancelled_at IS NULL"),
    "ticket": Account("notification", "SELECT participant_id FROM contact_participants WHERE ticket_code IS NOT NULL"),
}
"""Effects of a confirmation there are once for each runner."""

_MESSAGES = Account(
    "notification",
    "SELECT concat_ws(' ', event_type, channel, CASE event_type"
    " WHEN 'registration.confirmed' THEN participant_id ELSE registration_id END) FROM notifications",
)
_INBOXES = {service: Account(service, "SELECT event_id FROM processed_events") for service in SUBSCRIPTIONS}
_SENT = {
    channel: Account(
        "notification",
        f"SELECT concat_ws(' ', n.id, p.{channel}, n.status = 'unknown') FROM notifications n"  # our words
        " JOIN contact_participants p ON p.participant_id = n.participant_id"
        f" WHERE n.channel = '{channel}' AND n.status IN ('sent', 'delivered', 'unknown')",
    )
    for channel in ("email", "whatsapp")
}

ACCOUNTS = (
    REGISTERED,
    VERIFIED,
    *(account for _, account in _CHANGES.values()),
    *(account for effects in _EFFECTS.values() for account in effects.values()),
    *_PER_RUNNER.values(),
    _MESSAGES,
    *_INBOXES.values(),
    *_SENT.values(),
)
"""All there is to remember before a round."""


async def settle(witness: Witness) -> Mapping[str, Comparison]:
    """Every hop's comparison, by name. The platform must be quiet."""
    committed = await witness.committed()
    return {
        **await _changes(witness, committed),
        "committed -> broker": _broker(committed, await witness.confirmed()),
        **await _inboxes(witness, committed),
        **await _effects(witness, committed),
    }


def _broker(committed: Events, confirmed: Iterable[str]) -> Comparison:
    # The relay promises at least once: a second copy is no fault, the inbox is there for it.
    return compare(set(confirmed), sure=[str(event.message_id) for event in committed])


async def _changes(witness: Witness, committed: Events) -> dict[str, Comparison]:
    return {
        f"{name} -> committed {kind}": compare(_subjects(committed, kind), sure=await witness.held(change))
        for kind, (name, change) in _CHANGES.items()
    }


async def _inboxes(witness: Witness, committed: Events) -> dict[str, Comparison]:
    heard = {service: {each.TYPE for each in kinds} for service, kinds in SUBSCRIPTIONS.items()}
    return {
        f"broker -> inbox of {service}": compare(
            await witness.held(inbox),
            sure=[str(event.message_id) for event in committed if event.type in heard[service]],
        )
        for service, inbox in _INBOXES.items()
    }


async def _effects(witness: Witness, committed: Events) -> dict[str, Comparison]:
    compared = {
        f"{kind} -> {name}": compare(await witness.held(effect), sure=_subjects(committed, kind))
        for kind, effects in _EFFECTS.items()
        for name, effect in effects.items()
    }
    for name, effect in _PER_RUNNER.items():
        of_each = compare(await witness.held(effect), sure=_runners(committed))
        compared[f"{RegistrationConfirmed.TYPE} -> {name}"] = of_each
    compared["events -> messages"] = compare(await witness.held(_MESSAGES), sure=_messages(committed))
    return compared


def _subjects(events: Events, kind: str) -> list[str]:
    return [str(event.subject) for event in events if event.type == kind]


def _runners(events: Events) -> list[str]:
    confirmed = [event.payload for event in events if event.type == RegistrationConfirmed.TYPE]
    return [str(runner.participant_id) for payload in confirmed for runner in payload.participants]


def _messages(events: Events) -> Iterator[str]:
    """The person in charge hears of every step; the tickets go to everybody. Each on every channel."""
    in_charge = (
        RegistrationCreated.TYPE,
        PaymentUploaded.TYPE,
        RegistrationExpired.TYPE,
        WaitlistJoined.TYPE,
        WaitlistOffered.TYPE,
    )
    about = [(kind, whom) for kind in in_charge for whom in _subjects(events, kind)]
    about += [(RegistrationConfirmed.TYPE, whom) for whom in _runners(events)]
    for kind, whom in about:
        for channel in _SENT:
            yield f"{kind} {channel} {whom}"


async def mailboxes(witness: Witness, site: Site) -> dict[str, Comparison]:
    """What was sent against what arrived, person by person. A message of unknown fate may have arrived or not."""
    arrived = {"email": await site.mails(), "whatsapp": await site.whatsapps()}
    compared = {}
    for channel, messages in arrived.items():
        sent, unsure = Counter[str](), Counter[str]()
        for row in await witness.held(_SENT[channel]):
            _, address, unknown = row.split()
            (unsure if unknown == "t" else sent)[_national(address)] += 1
        compared[f"messages -> {channel}"] = compare(
            _numbered(Counter(_national(message["to"]) for message in messages)),
            sure=_numbered(sent),
            possible=list(_numbered(sent + unsure)),
        )
    return compared


def _numbered(counts: Mapping[str, int]) -> Iterator[str]:
    """The first, second, … message to somebody: so that sets can be compared where only numbers are known."""
    for address, count in counts.items():
        yield from (f"{address} #{number}" for number in range(1, count + 1))


def _national(address: str) -> str:
    return address if "@" in address else address.removeprefix("62").removeprefix("0")
