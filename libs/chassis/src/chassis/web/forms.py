"""Reading of forms, in UTF-8 only."""

from contextlib import AbstractAsyncContextManager
from typing import Final

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData

from chassis.errors import MalformedForm

_ENCODINGS: Final = (b"utf-8", b"utf8")


def form_of(request: Request, **limits: int) -> AbstractAsyncContextManager[FormData]:
    """Return the form of a request; its files are closed when the block ends.

    A caller that named another encoding could choose any of Python's, and so texts that no answer can contain, or an
    error while decoding. Browsers name none with the encoding of a page in UTF-8.

    Args:
        limits: of `Request.form`.

    Raises:
        MalformedForm: it is in another encoding.
    """
    _, options = parse_options_header(request.headers.get("content-type"))
    if options.get(b"charset", b"utf-8").lower() not in _ENCODINGS:
        raise MalformedForm
    return request.form(**limits)
