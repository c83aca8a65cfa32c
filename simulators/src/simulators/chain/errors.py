"""Errors of JSON-RPC.

Source: https://www.jsonrpc.org/specification#error_object
"""

from http import HTTPStatus

_SERVER_ERROR = -32000
_INVALID_REQUEST = -32600
_METHOD_NOT_FOUND = -32601
_INVALID_PARAMS = -32602


class Refused(Exception):
    """A call is answered by an error.

    Args:
        status: of the HTTP response, if the call is not part of a batch.
    """

    def __init__(self, code: int, message: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class InvalidRequest(Refused):
    def __init__(self) -> None:
        super().__init__(_INVALID_REQUEST, "invalid request")


class UnknownMethod(Refused):
    def __init__(self, method: str) -> None:
        super().__init__(_METHOD_NOT_FOUND, f"the method {method} does not exist/is not available")


class InvalidParams(Refused):
    def __init__(self, message: str) -> None:
        super().__init__(_INVALID_PARAMS, message)


class NotFound(Refused):
    """A block that a call is about is not known here."""

    def __init__(self, message: str) -> None:
        super().__init__(_SERVER_ERROR, message)
