"""Refusals about charges."""

from chassis.errors import NotFound, StartlineError, Unavailable


class UnknownCharge(NotFound):
    """There is no such charge, or it is not yours to see."""

    code = "unknown_charge"
    indonesian = "Tagihan gerbang pembayaran ini tidak ada, atau bukan untuk Anda lihat."


class ChargeActive(StartlineError):
    """Another way to pay is open already; `charge_id` names it. Pay it, or cancel it first."""

    code = "charge_active"
    indonesian = "Cara bayar lain masih terbuka; `charge_id` menyebutnya. Bayar yang itu, atau batalkan dahulu."


class MethodNotOffered(StartlineError):
    """This way to pay is not offered; `GET …/methods` lists those that are."""

    code = "method_not_offered"
    indonesian = "Cara bayar ini tidak ditawarkan; `GET …/methods` menyebut yang ditawarkan."


class TooLateToCharge(StartlineError):
    """Too little time is left until the deadline for this way to pay. Pay by transfer and send the proof."""

    code = "too_late_to_charge"
    indonesian = "Sisa waktu terlalu singkat untuk cara bayar ini. Bayar lewat transfer dan kirim buktinya."


class ChargeNotOpen(StartlineError):
    """This charge is paid or over, so there is nothing to cancel; `charge_status` says which."""

    code = "charge_not_open"
    indonesian = "Tagihan ini sudah dibayar atau berakhir, jadi tidak ada yang dibatalkan; lihat `charge_status`."


class GatewayDown(Unavailable):
    """The payment gateway does not answer. Choose another way to pay, or try again shortly."""

    code = "gateway_unavailable"
    indonesian = "Gerbang pembayaran tidak menjawab. Pilih cara bayar lain, atau coba lagi sebentar lagi."


class WrongSignature(StartlineError):
    """The notification does not carry our signature."""

    code = "wrong_signature"
    status = 403
    indonesian = "Pemberitahuan ini tidak membawa tanda tangan kami."
