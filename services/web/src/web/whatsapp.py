"""Links that open a chat in WhatsApp: https://faq.whatsapp.com/5913398998672934."""

from urllib.parse import quote

from chassis.wording import Language, Wording

_QUESTION = Wording(en="Hello, I have a question about {about}.", id="Halo, saya ingin bertanya tentang {about}.")


def chat(number: str, text: str) -> str:
    """Return the link of a chat with a text to send.

    Args:
        number: digits with country code; empty to let the sender choose.
    """
    return f"https://wa.me/{number}?text={quote(text, safe='')}"


def ask(number: str, race: str, about: str | None, language: Language) -> str:
    """Return the link of a chat with the organisers of a race that begins with what it is about."""
    return chat(number, _QUESTION.said(language, about=f"{race}, {about}" if about else race))
