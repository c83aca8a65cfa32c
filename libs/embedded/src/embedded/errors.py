"""Errors of starting a private server."""


class CannotStart(Exception):
    """The server did not start; the text has the reason and the end of its log."""


class FolderInUse(CannotStart):
    """Another process, or another object of this one, already runs a server from this folder."""


class NotInstalled(CannotStart):
    """A program is missing; the text contains the command that installs it."""
