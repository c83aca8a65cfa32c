"""What a page complains about: broken policies, errors of scripts, files that are missing."""

from collections.abc import Sequence

from playwright.async_api import ConsoleMessage, Page, Request, Response

_LOADING = "Failed to load resource"
_ERROR = 400


class Watch:
    """Collects the complaints of pages. The status of the page itself is none: error pages are wanted, too."""

    def __init__(self) -> None:
        self._complaints: list[tuple[str, str]] = []
        self._documents: set[str] = set()
        self._allowed: list[str] = []

    def over(self, page: Page) -> None:
        """Listen to a page from now on."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._complaints.append((page.url, f"script: {error}")))
        page.on("request", self._requested)
        page.on("response", self._answered)

    def allow(self, text: str) -> None:
        """Expect complaints with this text, such as those of a phone without a network."""
        self._allowed.append(text)

    @property
    def complaints(self) -> Sequence[str]:
        """Return what was not expected."""
        lines = [f"{address}: {text}" for address, text in self._complaints]
        return [line for line in lines if not any(text in line for text in self._allowed)]

    def _requested(self, request: Request) -> None:
        if request.is_navigation_request():
            self._documents.add(request.url)

    def _answered(self, response: Response) -> None:
        if response.status >= _ERROR and not response.request.is_navigation_request():
            self._complaints.append((response.url, f"status {response.status}"))

    def _said(self, message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        of_the_page = message.text.startswith(_LOADING) and address in self._documents
        if message.type == "error" and not of_the_page:
            self._complaints.append((address, message.text))
