"""Errors of prices, their phases and promo codes."""

from chassis.errors import NotFound, StartlineError
from chassis.wording import Wording


class TypeNotOffered(StartlineError):
    """This category does not take registrations of this type."""

    indonesian = "Kategori ini tidak menerima jenis pendaftaran ini."
    code = "type_not_offered"


class PromoNotValid(StartlineError):
    """This promo code is not valid for this registration; check how it is written."""

    indonesian = "Kode promo ini tidak berlaku untuk pendaftaran ini; periksa penulisannya."
    code = "promo_not_valid"


class PromoUsedUp(StartlineError):
    """This promo code has no uses left for so many participants."""

    indonesian = "Sisa pemakaian kode promo ini tidak cukup untuk jumlah peserta ini."
    code = "promo_used_up"


class PromoCodeRequired(StartlineError):
    """Registration is open with an access code only; enter yours."""

    indonesian = "Pendaftaran saat ini hanya dengan kode akses; masukkan kode Anda."
    code = "promo_code_required"


class UnknownPromoCode(NotFound):
    """There is no such promo code."""

    indonesian = "Tidak ada kode promo seperti itu."
    code = "unknown_promo_code"


class PromoCodeTaken(StartlineError):
    """This race or category has a promo code with this text already."""

    indonesian = "Lomba atau kategori ini sudah punya kode promo dengan teks ini."
    code = "promo_code_taken"


class UnknownPricePhase(NotFound):
    """There is no such phase of prices."""

    indonesian = "Tidak ada fase harga seperti itu."
    code = "unknown_price_phase"


class LimitBelowUses(StartlineError):
    """The limit cannot be lower than the uses so far."""

    indonesian = "Batas tidak boleh lebih rendah daripada pemakaian sejauh ini."
    code = "limit_below_uses"


NOT_YET_VALID = Wording(
    en="This promo code is not valid yet.",
    id="Kode promo ini belum berlaku.",
)
NO_LONGER_VALID = Wording(
    en="This promo code is no longer valid.",
    id="Kode promo ini tidak berlaku lagi.",
)
OTHER_TYPE = Wording(
    en="This promo code is for other types of registration.",
    id="Kode promo ini untuk jenis pendaftaran lain.",
)
NO_ACCESS = Wording(
    en="This promo code does not give access; registration is open with an access code only.",
    id="Kode promo ini tidak memberi akses; pendaftaran saat ini hanya dengan kode akses.",
)
USED_BY_PERSON = Wording(
    en="This promo code has been used as often as one person may, by this e-mail address or WhatsApp number.",
    id="Kode promo ini sudah dipakai sebanyak yang boleh untuk satu orang, menurut email atau nomor WhatsApp ini.",
)


PERCENT_RANGE = Wording(en="Write a percentage above 0 and up to 100.", id="Tulis persentase di atas 0 sampai 100.")
AMOUNT_RANGE = Wording(
    en="Write the amount that each participant pays less, above 0.",
    id="Tulis potongan untuk tiap peserta, di atas 0.",
)
NO_VALUE = Wording(
    en="A code of the kind access has no value; leave it out.", id="Kode jenis access tidak punya nilai; kosongkan."
)
