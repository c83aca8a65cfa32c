"""All tables of the pages. Importing this module completes the metadata."""

from web.base import Base, service_tables
from web.console.views.tables import SavedView
from web.sessions.tables import WebSession

__all__ = ["Base", "SavedView", "WebSession", "service_tables"]
