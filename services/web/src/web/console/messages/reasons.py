"""The reasons of failures in words. Notification names them by codes, some with the number of the provider's reply."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from chassis.wording import Language, Wording
from fastapi import Request

from web.languages import language_of_path

Said = Callable[[str], str]

_NUMBER: Final = re.compile(r"_([0-9]{3})$")
_OTHER: Final = Wording(en="Another reason ({code})", id="Sebab lain ({code})")
_NO_ANSWER: Final = Wording(
    en="The provider did not answer in time; it may have been sent",
    id="Penyedia tidak menjawab tepat waktu; mungkin sudah terkirim",
)
_TOKEN: Final = Wording(
    en="Fonnte does not accept the token or the device", id="Fonnte tidak menerima token atau perangkatnya"
)
_NUMBER_REFUSED: Final = Wording(
    en="This number cannot receive WhatsApp messages", id="Nomor ini tidak bisa menerima WhatsApp"
)
_CONTENT_REFUSED: Final = Wording(en="Fonnte refused the content of the message", id="Fonnte menolak isi pesan")

WORDS: Final[Mapping[str, Wording]] = {
    "newer news came before it was sent": Wording(
        en="Outdated before its turn: newer news replaced it",
        id="Sudah usang sebelum gilirannya: ada kabar yang lebih baru",
    ),
    "its time was over before it was sent": Wording(
        en="Its time was over before its turn", id="Waktunya lewat sebelum gilirannya"
    ),
    "the channel was switched off": Wording(en="The channel was switched off", id="Salurannya sedang dimatikan"),
    "the channel had no account": Wording(en="The channel had no account", id="Salurannya belum punya akun"),
    "its worker stopped while sending it": Wording(
        en="The program stopped while sending it; it may have been sent",
        id="Program berhenti saat mengirimnya; mungkin sudah terkirim",
    ),
    "could not be composed": Wording(
        en="The text could not be made: check its template", id="Teksnya gagal disusun: periksa templatnya"
    ),
    "unforeseen": Wording(
        en="Something unforeseen happened; it may have been sent",
        id="Terjadi hal tak terduga; mungkin sudah terkirim",
    ),
    "took_too_long": _NO_ANSWER,
    "whatsapp_took_too_long": _NO_ANSWER,
    "email_took_too_long": _NO_ANSWER,
    "whatsapp_undelivered": Wording(en="WhatsApp could not deliver it", id="WhatsApp tidak dapat menyampaikannya"),
    "whatsapp_number_invalid": _NUMBER_REFUSED,
    "whatsapp_target_invalid": _NUMBER_REFUSED,
    "whatsapp_input_invalid": _CONTENT_REFUSED,
    "whatsapp_url_invalid": _CONTENT_REFUSED,
    "whatsapp_json_format_invalid": _CONTENT_REFUSED,
    "whatsapp_file_format": _CONTENT_REFUSED,
    "whatsapp_file_size": _CONTENT_REFUSED,
    "whatsapp_unreachable": Wording(en="Fonnte could not be reached", id="Fonnte tidak dapat dihubungi"),
    "whatsapp_silent": _NO_ANSWER,
    "whatsapp_unreadable": Wording(
        en="Fonnte answered something unreadable; it may have been sent",
        id="Jawaban Fonnte tidak terbaca; mungkin sudah terkirim",
    ),
    "whatsapp_http": Wording(en="Fonnte turned the request away", id="Fonnte menolak permintaannya"),
    "whatsapp_refused": Wording(en="Fonnte did not accept the message", id="Fonnte tidak menerima pesannya"),
    "whatsapp_token": _TOKEN,
    "whatsapp_device": _TOKEN,
    "whatsapp_disconnect": Wording(
        en="The WhatsApp device is disconnected: connect it again in Fonnte",
        id="Perangkat WhatsApp terputus: sambungkan lagi di Fonnte",
    ),
    "whatsapp_quota": Wording(en="The quota at Fonnte is used up", id="Kuota Fonnte sudah habis"),
    "whatsapp_limit": Wording(en="A limit at Fonnte is reached", id="Batas di Fonnte sudah tercapai"),
    "whatsapp_expired": Wording(en="The Fonnte package has expired", id="Masa berlaku paket Fonnte sudah habis"),
    "whatsapp_package": Wording(en="The Fonnte package does not allow this", id="Paket Fonnte tidak mengizinkannya"),
    "whatsapp_banned": Wording(en="WhatsApp has blocked the sending number", id="WhatsApp memblokir nomor pengirim"),
    "mail_server_refused": Wording(
        en="The mail server refused the connection or the password",
        id="Server e-mail menolak koneksi atau kata sandinya",
    ),
    "mail_server_unusable": Wording(
        en="The mail server cannot be used with this encryption",
        id="Server e-mail tidak bisa dipakai dengan enkripsi ini",
    ),
    "mail_server_private": Wording(
        en="The mail server has an address of the platform's own network",
        id="Alamat server e-mail berada di jaringan internal platform",
    ),
    "mail_server_unreachable": Wording(
        en="The mail server could not be reached", id="Server e-mail tidak dapat dihubungi"
    ),
    "mail_server_silent": Wording(en="The mail server stopped answering", id="Server e-mail berhenti menjawab"),
    "mail_sender_refused": Wording(
        en="The mail server refused the sender's address", id="Server e-mail menolak alamat pengirim"
    ),
    "mail_refused": Wording(
        en="The recipient's mail server refused the e-mail", id="Server e-mail penerima menolak e-mailnya"
    ),
    "mail_headers_unsafe": Wording(
        en="A name or the subject cannot be sent by e-mail",
        id="Ada nama atau subjek yang tidak bisa dikirim lewat e-mail",
    ),
    "mail_address_invalid": Wording(en="The e-mail address is not valid", id="Alamat e-mailnya tidak sah"),
}


def reason_in_words(code: str, language: Language) -> str:
    """Return a reason in words, with the number of the provider's reply if it has one."""
    number = _NUMBER.search(code)
    wording = WORDS.get(_NUMBER.sub("", code).partition(":")[0])
    if wording is None:
        return _OTHER.said(language, code=code)
    return f"{wording.said(language)} ({number[1]})" if number else wording.said(language)


def in_language_of(request: Request) -> Said:
    """Return the function that says reasons in the language of a page."""
    language = language_of_path(request.url.path)
    return lambda code: reason_in_words(code, language)
