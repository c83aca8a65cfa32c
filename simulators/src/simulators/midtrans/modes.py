"""Ways in which the simulated Midtrans misbehaves."""

from enum import StrEnum


class Mode(StrEnum):
    """Behaviour of the API.

    `slow` answers late; `timeout_after_doing` does what a POST asks and holds the answer; `down` answers 503 in HTML;
    `429` refuses new charges; `errors_in_body` answers HTTP 200 with the error's code in the body only.
    """

    OK = "ok"
    SLOW = "slow"
    TIMEOUT_AFTER_DOING = "timeout_after_doing"
    DOWN = "down"
    LIMITED = "429"
    ERRORS_IN_BODY = "errors_in_body"


class NotificationMode(StrEnum):
    """Behaviour of notifications; a notification follows the mode at the time of the change it reports.

    `twice` posts each at the same time on two connections; `out_of_order` posts one that has a successor after it;
    `before_response` posts before the call that caused it is answered; `late` posts after the order's expiry time;
    `amount_off` reports, correctly signed, one rupiah too much.
    """

    OK = "ok"
    OFF = "off"
    TWICE = "twice"
    WRONG_SIGNATURE = "wrong_signature"
    OUT_OF_ORDER = "out_of_order"
    BEFORE_RESPONSE = "before_response"
    LATE = "late"
    AMOUNT_OFF = "amount_off"
