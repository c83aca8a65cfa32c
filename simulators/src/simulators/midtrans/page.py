"""Midtrans' part of the page for people."""

from collections.abc import Iterator
from html import escape
from itertools import islice

from simulators.midtrans.account import MidtransAccount
from simulators.midtrans.bodies import rupiah
from simulators.midtrans.clock import jakarta
from simulators.midtrans.orders import Order, Status

SHOWN = 100


def orders_section(account: MidtransAccount, prefix: str) -> str:
    """Return the newest orders as HTML, at most `SHOWN`, with a button that pays. `prefix` is that of the routes."""
    rows = "\n".join(_row(order, prefix) for order in islice(account.newest(), SHOWN))
    table = (
        "<table><thead><tr><th>Order</th><th>Way to pay</th><th>Amount</th><th>Status</th><th>Expires (WIB)</th>"
        f"<th>Next</th></tr></thead><tbody>{rows}</tbody></table>"
    )
    return f"""<h2 id="midtrans">Midtrans</h2>
<p class="about">Mode: {escape(account.mode)} · Notifications: {escape(account.notices.mode)}</p>
{table if rows else "<p>Nothing yet.</p>"}"""


def _row(order: Order, prefix: str) -> str:
    cells = (
        escape(order.order_id),
        " ".join(_way(order)),
        f"Rp {rupiah(order.amount)}",
        escape(order.status),
        jakarta(order.expires_at) if order.expires_at else "never",
        _next(order, f"{prefix}/midtrans"),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _way(order: Order) -> Iterator[str]:
    yield escape(order.channel.payment_type)
    for number in order.fields.get("va_numbers", ()):
        yield f"{escape(number['bank'])} {escape(number['va_number'])}"
    for name in ("permata_va_number", "biller_code", "bill_key"):
        if name in order.fields:
            yield f"{name} {escape(order.fields[name])}"


def _next(order: Order, prefix: str) -> str:
    if order.status is not Status.PENDING:
        return ""
    picture = f"{prefix}/api/v2/{order.channel.payment_type}/{order.transaction_id}/qr-code"
    code = f'<a href="{picture}">QR code</a>' if order.qr_string else ""
    return f'<form method="post" action="{prefix}/orders/{order.transaction_id}/pay"><button>Pay</button></form>{code}'
