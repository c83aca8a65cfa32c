"""Links that open a chat in WhatsApp: https://faq.whatsapp.com/5913398998672934."""

from urllib.parse import quote


def chat(number: str, text: str) -> str:
    """Return the link of a chat with a number, given as digits with country code, and a text to send."""
    return f"https://wa.me/{number}?text={quote(text, safe='')}"
