"""The log of tests."""

import structlog


def log_plainly() -> None:
    """Log tracebacks as Python does. With the values of all variables, one took over a minute."""
    structlog.reset_defaults()
    *others, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, renderer])
