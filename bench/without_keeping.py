"""The application of pages that keeps none: each is rendered and compressed for its visitor."""

from fastapi import FastAPI
from web.kept import KeptPages
from web.service import create_app as create_usual_app


class _NothingKept(KeptPages):
    def find(self, path: str) -> None:
        """Find nothing."""


def create_app() -> FastAPI:
    """Return the application of pages with this one difference."""
    app = create_usual_app()
    app.state.kept_pages = _NothingKept(app.state.clock)
    return app
