"""Messages of the form: the server and the script of the page take them from here, or from the API."""

from collections.abc import Mapping
from typing import Final

from chassis.canonical.emails import INVALID_EMAIL
from chassis.canonical.names import NO_LETTER
from chassis.canonical.phones import INVALID_PHONE, INVALID_WHATSAPP
from chassis.wording import Language, Wording

NO_NAME: Final = Wording(en="Write the full name.", id="Tulis nama lengkap.")
NO_EMERGENCY_NAME: Final = Wording(en="Write the name of the emergency contact.", id="Tulis nama kontak darurat.")
NO_GENDER: Final = Wording(en="Choose female or male.", id="Pilih perempuan atau laki-laki.")
NO_JERSEY: Final = Wording(en="Choose a jersey size.", id="Pilih ukuran jersey.")
NO_BIRTH: Final = Wording(en="Enter the date of birth.", id="Isi tanggal lahir.")
INCOMPLETE_BIRTH: Final = Wording(
    en="The date of birth needs day, month and year.", id="Tanggal lahir harus berisi tanggal, bulan, dan tahun."
)
SHORT_YEAR: Final = Wording(
    en="The year of birth needs four digits, like 1990.", id="Tahun lahir harus empat angka, seperti 1990."
)
NO_SUCH_DAY: Final = Wording(
    en="This date does not exist; check day and month.", id="Tanggal ini tidak ada; periksa tanggal dan bulannya."
)
REGISTERED_ALREADY: Final = Wording(
    en="This person is registered for this race already.", id="Orang ini sudah terdaftar di lomba ini."
)
WAITING_ALREADY: Final = Wording(
    en="This person is on this waiting list already.", id="Orang ini sudah ada di daftar tunggu ini."
)
PLACES_LEFT: Final = Wording(en="Places left: {left}.", id="Tempat tersisa: {left}.")
RUNNER: Final = Wording(en="Runner {number}", id="Peserta {number}")
RUNNER_FIELD: Final = Wording(en="Runner {number}: {count} field", id="Peserta {number}: {count} isian")
RUNNER_FIELDS: Final = Wording(en="Runner {number}: {count} fields", id="Peserta {number}: {count} isian")
CHALLENGE: Final = Wording(
    en="Please confirm below that you are a person, and send again; nothing was stored yet.",
    id="Konfirmasikan di bawah bahwa Anda bukan robot, lalu kirim lagi; belum ada yang disimpan.",
)
NO_CHALLENGE: Final = Wording(
    en=(
        "The organisers ask for a check that you are a person, which this page cannot show. Please ask them on how to"
        " register; nothing was stored."
    ),
    id=(
        "Panitia meminta pemeriksaan bahwa Anda manusia, tetapi halaman ini belum dapat menampilkannya. Tanyakan cara"
        " mendaftar kepada panitia; tidak ada yang tersimpan."
    ),
)
SEND_AGAIN: Final = Wording(
    en="This form was sent in another version before. Please check it and send it once more.",
    id="Formulir ini sudah pernah dikirim dalam versi lain. Silakan periksa lalu kirim sekali lagi.",
)

PROMO_APPLIED: Final = Wording(en="The code takes {discount} off.", id="Kode ini memotong {discount}.")
PROMO_ACCESS: Final = Wording(
    en="The code gives access; the price stays as it is.", id="Kode ini memberi akses; harganya tetap."
)
PROMO_UNKNOWN: Final = Wording(
    en="The code could not be checked just now. It counts when you send the form.",
    id="Kode belum dapat diperiksa saat ini. Kode tetap diperhitungkan saat formulir dikirim.",
)

GENDERS: Final = {
    "female": Wording(en="Female", id="Perempuan"),
    "male": Wording(en="Male", id="Laki-laki"),
}

EMPTY: Final[Mapping[str, Wording]] = {
    "full_name": NO_NAME,
    "whatsapp": INVALID_WHATSAPP,
    "email": INVALID_EMAIL,
    "emergency_contact_name": NO_EMERGENCY_NAME,
    "emergency_contact_phone": INVALID_PHONE,
    "gender": NO_GENDER,
    "jersey_size": NO_JERSEY,
}
"""What is said of a field that must not be empty."""

_OF_THE_SCRIPT: Final[Mapping[str, Wording]] = {
    **EMPTY,
    "letters": NO_LETTER,
    "birth": NO_BIRTH,
    "birth_incomplete": INCOMPLETE_BIRTH,
    "birth_year": SHORT_YEAR,
    "birth_day": NO_SUCH_DAY,
    "already_registered": REGISTERED_ALREADY,
    "already_waiting": WAITING_ALREADY,
    "idempotency_key_reused": SEND_AGAIN,
    "left": PLACES_LEFT,
    "promo_applied": PROMO_APPLIED,
    "promo_access": PROMO_ACCESS,
    "promo_unknown": PROMO_UNKNOWN,
    "free": Wording(en="free", id="gratis"),
    "runner": RUNNER,
    "group_one": RUNNER_FIELD,
    "group_many": RUNNER_FIELDS,
    "title_one": Wording(en="{count} field needs your attention", id="{count} isian perlu diperbaiki"),
    "title_many": Wording(en="{count} fields need your attention", id="{count} isian perlu diperbaiki"),
    "error": Wording(en="Error:", id="Kesalahan:"),
    "complete": Wording(en="complete", id="lengkap"),
    "progress": Wording(en="{done} of {all} complete", id="{done} dari {all} lengkap"),
    "sending": Wording(en="Sending your registration…", id="Mengirim pendaftaran Anda…"),
    "busy": Wording(
        en="Very many people are registering right now. Your form is kept and is sent again by itself.",
        id="Sangat banyak orang sedang mendaftar. Isian Anda aman dan dikirim ulang secara otomatis.",
    ),
    "lost": Wording(
        en="There was no answer. The form is sent again; it counts only once.",
        id="Belum ada jawaban. Formulir dikirim ulang; tetap dihitung satu kali.",
    ),
    "countdown": Wording(en="Next try in {seconds} s", id="Coba lagi dalam {seconds} detik"),
}


def challenge(*, is_shown: bool) -> Wording:
    """Return what is said to who did not pass the challenge, which the page may or may not show."""
    return CHALLENGE if is_shown else NO_CHALLENGE


def messages(language: Language, *, has_challenge: bool) -> Mapping[str, str]:
    """Return the messages of the page's script."""
    wordings = {**_OF_THE_SCRIPT, "challenge": challenge(is_shown=has_challenge)}
    return {name: wording.said(language) for name, wording in wordings.items()}
