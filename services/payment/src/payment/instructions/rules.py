"""Whether payers are asked to transfer an amount of their own."""

from enum import StrEnum


class TransferCode(StrEnum):
    """What is done with the unique code of a transfer: it is taken off the price, or added to it."""

    OFF = "off"
    SUBTRACT = "subtract"
    ADD = "add"
