"""The default templates in Indonesian."""

from collections.abc import Mapping

from notification.messages.rules import EventType
from notification.templates.rules import Template

TEXTS: Mapping[EventType, Template] = {
    EventType.REGISTRATION_CREATED: Template(
        subject="Pendaftaran {registration_number}: selesaikan pembayaran sebelum {payment_deadline}",
        body="""Halo {name},

Tempat Anda di {event_name} ({category_name}) sudah kami simpan.

Nomor pendaftaran: {registration_number}
Jumlah yang harus dibayar: {amount}
Batas waktu: {payment_deadline}

Bayar tepat jumlah itu; untuk transfer bank, tepat jumlah yang tertera di halaman pendaftaran Anda, yang bisa sedikit \
berbeda. Cara pembayaran, dan apakah bukti pembayaran perlu diunggah, tertulis di halaman itu: {status_url}

Tautan itu berisi token pribadi Anda. Simpan pesan ini dan jangan bagikan tautannya.

Jika sampai batas waktu belum ada pembayaran atau buktinya, tempat ini dilepas untuk pelari lain.""",
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
Nomor tiket: {ticket_number}
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

Jika pembayaran Anda sudah kami terima, kabar mengenai pengembaliannya menyusul.

Halaman pendaftaran Anda: {status_url}""",
    ),
    EventType.REGISTRATION_REOPENED: Template(
        subject="Pendaftaran {registration_number} tetap berlaku",
        body="""Halo {name},

Kami sempat memberi tahu bahwa pendaftaran {registration_number} untuk {event_name} ({category_name}) sudah \
kedaluwarsa. Ternyata bukti pembayaran Anda dikirim tepat waktu: pendaftaran ini tetap berlaku dan tempat Anda kami \
simpan.

Abaikan pesan sebelumnya. Lihat status dan langkah berikutnya di halaman pendaftaran Anda: {status_url}""",
    ),
    EventType.PAYMENT_REFUND_DUE: Template(
        subject="Pembayaran untuk {registration_number} akan kami kembalikan",
        body="""Halo {name},

Dari pembayaran Anda untuk {registration_number} ({event_name}, {category_name}), {amount} kami kembalikan.

Alasan: {reason}

Kami mengabari Anda lagi begitu dikirim; bila rekening tujuannya perlu ditanyakan, panitia \
menghubungi Anda.

Halaman pendaftaran Anda: {status_url}""",
    ),
    EventType.PAYMENT_REFUND_DONE: Template(
        subject="Pengembalian dana {registration_number} sudah dikirim",
        body="""Halo {name},

Pengembalian {amount} untuk {registration_number} ({event_name}, {category_name}) sudah kami kirim.

Nomor referensi: {reference}

Belum masuk setelah beberapa hari kerja? Hubungi panitia dengan menyebut nomor referensi itu.

Halaman pendaftaran Anda: {status_url}""",
    ),
    EventType.USDT_UNDERPAID: Template(
        subject="Pembayaran {registration_number} masih kurang {usdt_missing}",
        body="""Halo {name},

{usdt_amount} sudah masuk untuk {registration_number} ({event_name}, {category_name}). Masih kurang {usdt_missing}.

Silakan kirim kekurangannya sebelum {payment_deadline}, sekaligus atau beberapa kali, ke alamat yang sama:

Jaringan: {usdt_network}
Alamat: {usdt_address}

Kurs dapat berubah, begitu pula kekurangannya. Sebelum mengirim, lihat jumlah yang berlaku saat itu di halaman \
pendaftaran Anda: {status_url}

Jika Anda membayar dengan cara lain, atau kekurangannya tidak masuk tepat waktu, yang sudah masuk kami simpan untuk \
Anda dan dikembalikan.""",
    ),
    EventType.USDT_KEPT: Template(
        subject="{usdt_amount} milik Anda kami simpan ({registration_number})",
        body="""Halo {name},

Kami menerima {usdt_amount} untuk {registration_number} ({event_name}, {category_name}) yang tidak diperlukan \
pendaftaran ini.

Alasan: {reason}

Panitia melihat uang ini dan mengirimnya kembali; Anda tidak perlu memintanya. Uang ini tidak dikirim ke alamat \
asalnya, karena alamat itu sering kali milik bursa. Sebutkan jaringan dan alamat yang akan menerimanya di halaman \
pendaftaran Anda: {status_url}""",
    ),
    EventType.USDT_TAKEN_BACK: Template(
        subject="Transfer USDT untuk {registration_number} dibatalkan oleh jaringan",
        body="""Halo {name},

Transfer {usdt_amount} di jaringan {usdt_network} untuk {registration_number} ({event_name}, {category_name}) \
dibatalkan oleh jaringan: blok yang memuatnya diganti. Untuk sementara transfer ini tidak dihitung.

Biasanya transfer seperti ini masuk ke blok lain dengan sendirinya, lalu dihitung; Anda tidak perlu melakukan apa pun. \
Jika dompet atau bursa Anda menunjukkan bahwa transfer itu gagal atau tidak lagi menampilkannya, bayarlah sekali lagi. \
Jumlah, alamat, dan batas waktunya ada di halaman pendaftaran Anda: {status_url}

Sudah menerima e-tiket? Jangan bayar lagi: panitia memeriksanya dan menghubungi Anda.

Transaksi: {usdt_transaction}""",
    ),
    EventType.WAITLIST_JOINED: Template(
        subject="Anda masuk daftar tunggu {event_name}",
        body="""Halo {name},

Anda sudah masuk daftar tunggu {event_name} ({category_name}). Urutan Anda saat masuk: {position}.

Tempat yang kosong ditawarkan menurut urutan. Begitu tiba giliran Anda, kami menghubungi Anda lewat WhatsApp dan \
e-mail; tempat itu lalu kami simpan untuk Anda sampai batas waktu yang tertulis di sana. Sekarang belum ada yang perlu \
dibayar.

Urutan terbaru dapat Anda lihat kapan saja di halaman daftar tunggu Anda, dan di sana pula Anda dapat keluar dari \
daftar: {status_url}

Tautan itu berisi token pribadi Anda. Simpan pesan ini dan jangan bagikan tautannya.""",
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
    EventType.WAITLIST_ENDED: Template(
        subject="Tawaran tempat di {event_name} sudah berakhir",
        body="""Halo {name},

Tawaran tempat dari daftar tunggu {event_name} ({category_name}) sudah berakhir dan tidak dapat diterima lagi.

Alasan: {reason}

Halaman daftar tunggu Anda: {status_url}

Lomba dan kategori lain: {site_url}""",
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

REOPENED_UNPAID = Template(
    subject="Pendaftaran {registration_number} tetap berlaku",
    body="""Halo {name},

Kami sempat memberi tahu bahwa pendaftaran {registration_number} untuk {event_name} ({category_name}) sudah \
kedaluwarsa. Batas waktunya diperpanjang: pendaftaran ini tetap berlaku dan tempat Anda kami simpan. Silakan bayar \
{amount}, atau untuk transfer bank tepat jumlah yang tertera di halaman pendaftaran Anda, paling lambat \
{payment_deadline}.

Abaikan pesan sebelumnya. Cara pembayaran dan statusnya ada di halaman pendaftaran Anda: {status_url}""",
)
"""For a registration that was reopened without a proof and waits for payment."""

REFUND_CORRECTED = Template(
    subject="Ralat: nomor referensi pengembalian dana {registration_number}",
    body="""Halo {name},

Pengembalian {amount} untuk {registration_number} ({event_name}, {category_name}) sudah kami kirim, tetapi nomor \
referensi yang kami catat salah.

Nomor referensi yang benar: {reference}

Abaikan nomor referensi di pesan sebelumnya. Jumlahnya tidak berubah, dan Anda tidak perlu melakukan apa pun.

Belum masuk setelah beberapa hari kerja? Hubungi panitia dengan menyebut nomor referensi itu.

Halaman pendaftaran Anda: {status_url}""",
)
"""For a refund whose reference was corrected."""
