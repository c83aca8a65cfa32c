"""What can go wrong when a private server is started."""


class CannotStart(Exception):
    """The server did not start; the text says why and quotes the end of its log."""


class FolderInUse(CannotStart):
    """Another process, or another object of this one, already runs a server from this folder."""


class NotInstalled(CannotStart):
    """A program is missing; the text holds the one command that installs it."""
