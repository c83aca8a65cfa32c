"""The texts that hold until staff write their own."""

from collections.abc import Mapping

from notification.channels.port import Channel
from notification.templates.rules import EventType, Locale, Template

_ID: Mapping[EventType, Template] = {
    EventType.REGISTRATION_CREATED: Template(
        subject="Pendaftaran {registration_number}: selesaikan pembayaran sebelum {payment_deadline}",
        body="""Halo {name},

Tempat Anda di {event_name} ({category_name}) sudah kami simpan.

Nomor pendaftaran: {registration_number}
Jumlah yang harus dibayar: {amount}
Batas waktu: {payment_deadline}

Bayar lewat QRIS atau transfer bank dengan jumlah yang tepat, lalu unggah bukti pembayaran di halaman pendaftaran \
Anda: {status_url}

Tautan itu berisi token pribadi Anda. Simpan pesan ini dan jangan bagikan tautannya.

Setelah batas waktu lewat tanpa bukti pembayaran, tempat ini dilepas untuk pelari lain.""",
    ),
    EventType.PAYMENT_UPLOADED: Template(
        subject="Bukti pembayaran {registration_number} sudah kami terima",
        body="""Halo {name},

Terima kasih, bukti pembayaran {amount} untuk {registration_number} ({event_name}, {category_name}) sudah kami terima \
dan sedang diperiksa panitia.

E-tiket dengan nomor BIB dikirim begitu pembayaran disetujui. Selama pemeriksaan, tempat Anda tetap aman.

Lihat statusnya kapan saja: {status_url}""",
    ),
    EventType.PAYMENT_REJECTED: Template(
        subject="Bukti pembayaran {registration_number} belum dapat diterima",
        body="""Halo {name},

Bukti pembayaran untuk {registration_number} ({event_name}, {category_name}) belum dapat kami terima.

Alasan: {reason}

Silakan unggah bukti yang benar sebesar {amount} sebelum {payment_deadline} di halaman pendaftaran \
Anda: {status_url}""",
    ),
    EventType.REGISTRATION_CONFIRMED: Template(
        subject="E-tiket {event_name}: BIB {bib_number}",
        body="""Halo {name},

Selamat, Anda resmi terdaftar di {event_name}!

Kategori: {category_name}
Nomor BIB: {bib_number}
Nomor pendaftaran: {registration_number}
Tanggal: {event_date}
Lokasi: {event_location}

Tunjukkan kode QR ini saat mengambil race pack: {ticket_url}
Kode ini hanya untuk Anda; siapa pun yang memegangnya dapat mengambil race pack Anda.

Informasi pendaftaran: {status_url}

Sampai jumpa di garis start!""",
    ),
    EventType.REGISTRATION_EXPIRED: Template(
        subject="Pendaftaran {registration_number} sudah kedaluwarsa",
        body="""Halo {name},

Sampai batas waktu {payment_deadline} kami belum menerima pembayaran untuk {registration_number} ({event_name}, \
{category_name}), sehingga tempatnya kami lepas.

Sudah membayar? Hubungi panitia dengan menyebut nomor pendaftaran Anda. Ingin mencoba lagi? Kunjungi {site_url}

Halaman pendaftaran Anda: {status_url}""",
    ),
    EventType.REGISTRATION_CANCELLED: Template(
        subject="Pendaftaran {registration_number} dibatalkan",
        body="""Halo {name},

Pendaftaran {registration_number} untuk {event_name} ({category_name}) telah dibatalkan.

Alasan: {reason}

Jika pembayaran Anda sudah diterima, panitia akan menghubungi Anda mengenai pengembaliannya.

Halaman pendaftaran Anda: {status_url}""",
    ),
    EventType.WAITLIST_OFFERED: Template(
        subject="Ada tempat untuk Anda di {event_name}: terima sebelum {offer_deadline}",
        body="""Halo {name},

Kabar baik dari daftar tunggu: ada tempat untuk Anda di {event_name} ({category_name}), dan kami menyimpannya sampai \
{offer_deadline}.

Terima tawaran ini di halaman daftar tunggu Anda: {status_url}

Setelah itu Anda menerima nomor pendaftaran dan petunjuk pembayaran ({amount}).

Jika tidak diterima sampai batas waktu, tempat ini ditawarkan kepada pelari berikutnya.""",
    ),
    EventType.RACE_CHANGED: Template(
        subject="Perubahan {event_name}: {event_date}, {event_location}",
        body="""Halo {name},

Ada perubahan pada lomba yang Anda ikuti. Yang berlaku sekarang:

Lomba: {event_name}
Tanggal: {event_date}
Lokasi: {event_location}
Kategori: {category_name}
Nomor BIB: {bib_number}

Pendaftaran {registration_number} dan e-tiket Anda tetap berlaku. Informasi pendaftaran: {status_url}""",
    ),
    EventType.ACCESS_LINKS: Template(
        subject="Tautan ke pendaftaran Anda",
        body="""Halo,

Seseorang meminta tautan ke semua pendaftaran dengan kontak ini:

{links}

Tautan ini hanya untuk Anda; siapa pun yang memegangnya dapat membuka pendaftaran Anda. Jika bukan Anda yang meminta, \
abaikan pesan ini: tautan hanya dikirim ke kontak ini.

{site_url}""",
    ),
}

_EN: Mapping[EventType, Template] = {
    EventType.REGISTRATION_CREATED: Template(
        subject="Registration {registration_number}: please pay before {payment_deadline}",
        body="""Hello {name},

We are holding your place in {event_name} ({category_name}).

Registration number: {registration_number}
Amount due: {amount}
Deadline: {payment_deadline}

Pay the exact amount by QRIS or bank transfer, then upload the proof of payment on your registration page: {status_url}

The link holds your personal token. Keep this message and do not share the link.

Without a proof of payment by the deadline, the place goes to another runner.""",
    ),
    EventType.PAYMENT_UPLOADED: Template(
        subject="We received your proof of payment for {registration_number}",
        body="""Hello {name},

Thank you. We received your proof of payment of {amount} for {registration_number} ({event_name}, {category_name}), \
and the organiser is checking it.

Your e-ticket with the BIB number follows as soon as the payment is approved. Your place stays safe meanwhile.

See the status at any time: {status_url}""",
    ),
    EventType.PAYMENT_REJECTED: Template(
        subject="Your proof of payment for {registration_number} could not be accepted",
        body="""Hello {name},

We could not accept the proof of payment for {registration_number} ({event_name}, {category_name}).

Reason: {reason}

Please upload a correct proof of {amount} before {payment_deadline} on your registration page: {status_url}""",
    ),
    EventType.REGISTRATION_CONFIRMED: Template(
        subject="Your e-ticket for {event_name}: BIB {bib_number}",
        body="""Hello {name},

Congratulations, your place in {event_name} is confirmed!

Category: {category_name}
BIB number: {bib_number}
Registration number: {registration_number}
Date: {event_date}
Location: {event_location}

Show this QR code when you collect your race pack: {ticket_url}
The code is yours alone; whoever holds it can collect your race pack.

About your registration: {status_url}

See you at the start line!""",
    ),
    EventType.REGISTRATION_EXPIRED: Template(
        subject="Registration {registration_number} has expired",
        body="""Hello {name},

We received no payment for {registration_number} ({event_name}, {category_name}) by {payment_deadline}, so the place \
was released.

Did you pay? Contact the organiser and mention your registration number. To try again, visit {site_url}

Your registration page: {status_url}""",
    ),
    EventType.REGISTRATION_CANCELLED: Template(
        subject="Registration {registration_number} was cancelled",
        body="""Hello {name},

Registration {registration_number} for {event_name} ({category_name}) was cancelled.

Reason: {reason}

If your payment had been received, the organiser will contact you about the refund.

Your registration page: {status_url}""",
    ),
    EventType.WAITLIST_OFFERED: Template(
        subject="A place for you in {event_name}: accept before {offer_deadline}",
        body="""Hello {name},

Good news from the waiting list: there is a place for you in {event_name} ({category_name}), and we are holding it \
until {offer_deadline}.

Accept the offer on your waiting list page: {status_url}

You then get a registration number and how to pay ({amount}).

If it is not accepted in time, it is offered to the next runner.""",
    ),
    EventType.RACE_CHANGED: Template(
        subject="{event_name} has changed: {event_date}, {event_location}",
        body="""Hello {name},

The race you registered for has changed. This is what holds now:

Race: {event_name}
Date: {event_date}
Location: {event_location}
Category: {category_name}
BIB number: {bib_number}

Your registration {registration_number} and your e-ticket stay valid. About your registration: {status_url}""",
    ),
    EventType.ACCESS_LINKS: Template(
        subject="The links to your registrations",
        body="""Hello,

Somebody asked for the links to all registrations with this contact:

{links}

The links are yours alone; anyone who has them can open your registrations. If you did not ask for them, ignore this \
message: the links were sent to this contact only.

{site_url}""",
    ),
}

_BY_LOCALE = {Locale.INDONESIAN: _ID, Locale.ENGLISH: _EN}


def default_template(event_type: EventType, channel: Channel, locale: Locale) -> Template:
    """The text that holds unless staff wrote another. WhatsApp has no subject."""
    template = _BY_LOCALE[locale][event_type]
    return template if channel is Channel.EMAIL else Template(body=template.body)
