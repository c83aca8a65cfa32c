"""The default templates in English."""

from collections.abc import Mapping

from notification.messages.rules import EventType
from notification.templates.rules import Template

TEXTS: Mapping[EventType, Template] = {
    EventType.REGISTRATION_CREATED: Template(
        subject="Registration {registration_number}: please pay before {payment_deadline}",
        body="""Hello {name},

We are holding your place in {event_name} ({category_name}).

Registration number: {registration_number}
Amount due: {amount}
Deadline: {payment_deadline}

Pay exactly that amount; by bank transfer, exactly the amount that your registration page shows, which may differ a \
little. The ways to pay, and whether to upload a proof of payment, are on that page: {status_url}

The link holds your personal token. Keep this message and do not share the link.

Without a payment or its proof by the deadline, the place goes to another runner.""",
    ),
    EventType.PAYMENT_UPLOADED: Template(
        subject="We received your proof of payment for {registration_number}",
        body="""Hello {name},

Thank you. We received your proof of payment of {amount} for {registration_number} ({event_name}, {category_name}), \
and the organiser is checking it.

Your e-ticket with the BIB number follows as soon as the payment is approved. Your place stays safe meanwhile.

See the status at any time: {status_url}""",
    ),
    EventType.PAYMENT_REJECTED: Template(
        subject="Your proof of payment for {registration_number} could not be accepted",
        body="""Hello {name},

We could not accept the proof of payment for {registration_number} ({event_name}, {category_name}).

Reason: {reason}

Please upload a correct proof of {amount} before {payment_deadline} on your registration page: {status_url}""",
    ),
    EventType.REGISTRATION_CONFIRMED: Template(
        subject="Your e-ticket for {event_name}: BIB {bib_number}",
        body="""Hello {name},

Congratulations, your place in {event_name} is confirmed!

Category: {category_name}
BIB number: {bib_number}
Ticket number: {ticket_number}
Registration number: {registration_number}
Date: {event_date}
Location: {event_location}

Show this QR code when you collect your race pack: {ticket_url}
The code is yours alone; whoever holds it can collect your race pack.

About your registration: {status_url}

See you at the start line!""",
    ),
    EventType.REGISTRATION_EXPIRED: Template(
        subject="Registration {registration_number} has expired",
        body="""Hello {name},

We received no payment for {registration_number} ({event_name}, {category_name}) by {payment_deadline}, so the place \
was released.

Did you pay? Contact the organiser and mention your registration number. To try again, visit {site_url}

Your registration page: {status_url}""",
    ),
    EventType.REGISTRATION_CANCELLED: Template(
        subject="Registration {registration_number} was cancelled",
        body="""Hello {name},

Registration {registration_number} for {event_name} ({category_name}) was cancelled.

Reason: {reason}

If we had received your payment, word about the refund follows.

Your registration page: {status_url}""",
    ),
    EventType.REGISTRATION_REOPENED: Template(
        subject="Registration {registration_number} stays valid",
        body="""Hello {name},

We wrote that registration {registration_number} for {event_name} ({category_name}) has expired. Your proof of payment \
turned out to be in time: the registration stays valid, and we are holding your place.

Ignore the earlier message. See the status and what to do next on your registration page: {status_url}""",
    ),
    EventType.PAYMENT_REFUND_DUE: Template(
        subject="Your payment for {registration_number} will be refunded",
        body="""Hello {name},

Of your payment for {registration_number} ({event_name}, {category_name}), you get {amount} back.

Reason: {reason}

We write again once it is on its way; if we need to know the account, the organiser will \
contact you.

Your registration page: {status_url}""",
    ),
    EventType.PAYMENT_REFUND_DONE: Template(
        subject="The refund for {registration_number} is on its way",
        body="""Hello {name},

We sent the refund of {amount} for {registration_number} ({event_name}, {category_name}).

Reference: {reference}

Not there after a few working days? Contact the organiser and mention the reference.

Your registration page: {status_url}""",
    ),
    EventType.USDT_UNDERPAID: Template(
        subject="{usdt_missing} still missing for {registration_number}",
        body="""Hello {name},

{usdt_amount} have arrived for {registration_number} ({event_name}, {category_name}). {usdt_missing} are still missing.

Please send the rest before {payment_deadline}, in one or several transfers, to the same address:

Network: {usdt_network}
Address: {usdt_address}

The rate changes, and the missing amount with it. Before you send, see the amount that holds now on your registration \
page: {status_url}

If you pay in another way, or the rest does not arrive in time, we keep what has arrived for you, and it goes back.""",
    ),
    EventType.USDT_KEPT: Template(
        subject="We keep {usdt_amount} of yours ({registration_number})",
        body="""Hello {name},

We received {usdt_amount} for {registration_number} ({event_name}, {category_name}) that this registration does not \
need.

Reason: {reason}

The organiser sees this money and sends it back; you need not ask for it. It does not go to the address it came from, \
as that is often an exchange's. Name the network and the address that should receive it on your registration page: \
{status_url}""",
    ),
    EventType.USDT_TAKEN_BACK: Template(
        subject="A USDT transfer for {registration_number} was undone by the network",
        body="""Hello {name},

Your transfer of {usdt_amount} on {usdt_network} for {registration_number} ({event_name}, {category_name}) was undone \
by the network: the block that held it was replaced. It does not count for now.

As a rule such a transfer gets into another block by itself and then counts; you need not do anything. If your wallet \
or exchange shows that it failed or does not show it any more, pay again. Amount, address and deadline are on your \
registration page: {status_url}

Do you have your e-ticket already? Then do not pay again: the organiser looks at it and contacts you.

Transaction: {usdt_transaction}""",
    ),
    EventType.WAITLIST_JOINED: Template(
        subject="You are on the waiting list of {event_name}",
        body="""Hello {name},

You are on the waiting list of {event_name} ({category_name}). Your place in line on joining: {position}.

Places that come back are offered in the order of the line. As soon as it is your turn we write to you by WhatsApp and \
e-mail, and hold the place for you until the time that the message says. There is nothing to pay now.

See at any time how far the line is, or leave it, on your waiting list page: {status_url}

The link holds your personal token. Keep this message and do not share the link.""",
    ),
    EventType.WAITLIST_OFFERED: Template(
        subject="A place for you in {event_name}: accept before {offer_deadline}",
        body="""Hello {name},

Good news from the waiting list: there is a place for you in {event_name} ({category_name}), and we are holding it \
until {offer_deadline}.

Accept the offer on your waiting list page: {status_url}

You then get a registration number and how to pay ({amount}).

If it is not accepted in time, it is offered to the next runner.""",
    ),
    EventType.WAITLIST_ENDED: Template(
        subject="The offer of a place in {event_name} is over",
        body="""Hello {name},

The offer of a place from the waiting list of {event_name} ({category_name}) is over and can no longer be accepted.

Reason: {reason}

Your waiting list page: {status_url}

Other races and categories: {site_url}""",
    ),
    EventType.RACE_CHANGED: Template(
        subject="{event_name} has changed: {event_date}, {event_location}",
        body="""Hello {name},

The race you registered for has changed. This is what holds now:

Race: {event_name}
Date: {event_date}
Location: {event_location}
Category: {category_name}
BIB number: {bib_number}

Your registration {registration_number} and your e-ticket stay valid. About your registration: {status_url}""",
    ),
    EventType.ACCESS_LINKS: Template(
        subject="The links to your registrations",
        body="""Hello,

Somebody asked for the links to all registrations with this contact:

{links}

The links are yours alone; anyone who has them can open your registrations. If you did not ask for them, ignore this \
message: the links were sent to this contact only.

{site_url}""",
    ),
}

REOPENED_UNPAID = Template(
    subject="Registration {registration_number} stays valid",
    body="""Hello {name},

We wrote that registration {registration_number} for {event_name} ({category_name}) has expired. Its deadline has been \
extended: the registration stays valid, and we are holding your place. Please pay {amount}, or by bank \
transfer exactly the amount that your registration page shows, by {payment_deadline}.

Ignore the earlier message. How to pay and the status are on your registration page: {status_url}""",
)
"""For a registration that was reopened without a proof and waits for payment."""

REFUND_CORRECTED = Template(
    subject="Correction: the reference of the refund for {registration_number}",
    body="""Hello {name},

We sent the refund of {amount} for {registration_number} ({event_name}, {category_name}), but noted a wrong reference.

Correct reference: {reference}

Ignore the reference in an earlier message. The amount stays the same, and you need not do anything.

Not there after a few working days? Contact the organiser and mention the reference.

Your registration page: {status_url}""",
)
"""For a refund whose reference was corrected."""
