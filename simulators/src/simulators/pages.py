"""The page with both inboxes and Midtrans' orders. Untrusted text is escaped; HTML mail is shown in a sandbox."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from html import escape
from itertools import islice

from simulators.attachments import Attachment
from simulators.fonnte.inbox import WhatsAppInbox
from simulators.fonnte.messages import WhatsAppMessage
from simulators.mail.inbox import CaughtMail, MailInbox
from simulators.midtrans.account import MidtransAccount
from simulators.midtrans.page import orders_section

SHOWN = 100
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'"
MAIL_POLICY = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1b1f24; }
article { border: 1px solid #d0d7de; border-radius: 8px; margin: 1rem 0; padding: 0 1rem 1rem; }
h3 { margin-bottom: 0; }
.about { color: #59636e; font-size: 14px; margin: 0 0 .5rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f8fa; padding: .75rem; border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { border-bottom: 1px solid #d0d7de; padding: .35rem .5rem; text-align: left; overflow-wrap: anywhere; }
iframe { width: 100%; height: 26rem; border: 1px solid #d0d7de; border-radius: 6px; background: #fff; }
"""
_LINK = re.compile(r"""(https?://[^\s<>"']+)""")
_INLINE_IMAGE = re.compile(r"""cid:([^\s"'<>)]+)""", re.IGNORECASE)
_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def inbox_page(mail: MailInbox, whatsapp: WhatsAppInbox, midtrans: MidtransAccount, prefix: str) -> str:
    """Return inboxes and orders as HTML, newest first, at most `SHOWN` of each. `prefix` is the path of the routes."""
    chats = _articles(_whatsapp_article(each, prefix) for each in islice(whatsapp.newest(), SHOWN))
    mails = _articles(_mail_article(each, prefix) for each in islice(mail.newest(), SHOWN))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulated inboxes</title><link rel="stylesheet" href="{prefix}/style.css"></head><body>
<h1>Simulated inboxes</h1>
<p>Nothing here left this machine. <a href="#whatsapp">WhatsApp</a> · <a href="#mail">E-mail</a> ·
<a href="#midtrans">Midtrans</a> · <a href="{prefix}/chain/">Blockchain</a></p>
<h2 id="whatsapp">WhatsApp</h2><p class="about">Mode: {escape(whatsapp.mode)}</p>{chats}
<h2 id="mail">E-mail</h2><p class="about">Mode: {escape(mail.mode)}</p>{mails}
{orders_section(midtrans, prefix)}
</body></html>
"""


def with_inline_images(html: str, attachments: Iterable[Attachment]) -> str:
    """Return `html` with its `cid:` references replaced by the images."""
    images = {each.content_id: each for each in attachments if each.content_id and each.content_type in _IMAGES}

    def replace(reference: re.Match[str]) -> str:
        image = images.get(reference[1])
        if image is None:
            return reference[0]
        return f"data:{image.content_type};base64,{b64encode(image.content).decode()}"

    return _INLINE_IMAGE.sub(replace, html)


def _articles(articles: Iterator[str]) -> str:
    return "\n".join(articles) or "<p>Nothing yet.</p>"


def _whatsapp_article(message: WhatsAppMessage, prefix: str) -> str:
    link = f'<p class="about">Attached: {_linked(message.url)}</p>' if message.url else ""
    return f"""<article><h3>{escape(message.to)}</h3>
<p class="about">{message.received_at:%Y-%m-%d %H:%M:%S} UTC · {escape(message.status)}</p>
<pre>{_linked(message.text)}</pre>{link}{_files(message.attachments, f"{prefix}/whatsapp/{message.id}")}</article>"""


def _mail_article(mail: CaughtMail, prefix: str) -> str:
    place, content = f"{prefix}/mail/{mail.id}", mail.content
    body = f"<pre>{_linked(content.text)}</pre>"
    if content.html is not None:
        frame = f'<iframe sandbox="" loading="lazy" title="HTML of the mail" src="{place}/html"></iframe>'
        body = f"{frame}<details><summary>Plain text</summary>{body}</details>"
    return f"""<article><h3>{escape(content.subject) or "(no subject)"}</h3>
<p class="about">{mail.received_at:%Y-%m-%d %H:%M:%S} UTC · from {escape(mail.sender)} to {escape(mail.to)}
· <a href="{place}/raw">raw</a></p>{body}{_files(content.attachments, place)}</article>"""


def _files(attachments: Iterable[Attachment], place: str) -> str:
    links = [
        f'<a href="{place}/attachments/{number}">{escape(each.filename)}</a>'
        f" ({escape(each.content_type)}, {each.size} B)"
        for number, each in enumerate(attachments)
    ]
    return f"<p>Files: {' · '.join(links)}</p>" if links else ""


def _linked(text: str) -> str:
    return "".join(
        f'<a href="{escape(piece)}" rel="noopener noreferrer">{escape(piece)}</a>' if number % 2 else escape(piece)
        for number, piece in enumerate(_LINK.split(text))
    )
