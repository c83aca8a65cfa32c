"""Who has to look at an item of a reconciliation, and what to do about it."""

from collections.abc import Mapping
from typing import Final

from chassis.wording import Wording

from payment.reconciliation.rules import ItemKind, Who

MEANINGS: Final[Mapping[ItemKind, tuple[Who, Wording]]] = {
    ItemKind.NO_STATEMENTS: (
        Who.FINANCE,
        Wording(
            en="No bank statement was uploaded yet. Upload one, and it is compared with what was verified.",
            id="Belum ada mutasi rekening. Unggah mutasi, lalu isinya dibandingkan dengan yang diverifikasi.",
        ),
    ),
    ItemKind.BEFORE_STATEMENTS: (
        Who.FINANCE,
        Wording(
            en="Paid before the first day of the statements. Upload older statements to see these transfers, too.",
            id="Dibayar sebelum hari pertama mutasi. Unggah mutasi yang lebih lama agar transfer ini juga terlihat.",
        ),
    ),
    ItemKind.NOT_YET_IN_STATEMENT: (
        Who.FINANCE,
        Wording(
            en="Verified less than three days ago, and not in a statement yet. Nothing to do.",
            id="Diverifikasi kurang dari tiga hari yang lalu dan belum ada di mutasi. Tidak perlu tindakan.",
        ),
    ),
    ItemKind.NOT_IN_STATEMENT: (
        Who.FINANCE,
        Wording(
            en="Verified, not seen in a statement. Upload the statement of that day and let its line confirm the"
            " payment. If the money is not in it, ask the runner: the proof may be wrong.",
            id="Sudah diverifikasi, tetapi tidak terlihat di mutasi. Unggah mutasi hari itu dan cocokkan barisnya."
            " Jika uangnya tidak ada, tanyakan kepada peserta: buktinya mungkin salah.",
        ),
    ),
    ItemKind.REFUND_NOT_IN_STATEMENT: (
        Who.FINANCE,
        Wording(
            en="Marked as sent back, and no line of a statement shows it. Link the line, or make the transfer.",
            id="Ditandai sudah dikembalikan, tetapi tidak ada di mutasi. Hubungkan barisnya, atau lakukan transfer.",
        ),
    ),
    ItemKind.LINE_NEW: (
        Who.FINANCE,
        Wording(
            en="New lines of a statement wait for a decision.",
            id="Baris mutasi baru menunggu keputusan.",
        ),
    ),
    ItemKind.LINE_OPEN: (
        Who.FINANCE,
        Wording(
            en="This money is in the statement and not in the books. Accept the line for a registration, keep it, or"
            " say that it is a payout.",
            id="Uang ini ada di mutasi tetapi tidak ada di pembukuan. Cocokkan dengan pendaftaran, simpan, atau"
            " tandai sebagai pencairan.",
        ),
    ),
    ItemKind.BALANCE_DIFFERS: (
        Who.OPERATOR,
        Wording(
            en="The balance differs by this amount and no item explains it. Run `startline doctor`.",
            id="Saldo berbeda sebesar ini tanpa penjelasan. Jalankan `startline doctor`.",
        ),
    ),
    ItemKind.CHARGE_NOT_SETTLED: (
        Who.OPERATOR,
        Wording(
            en="The gateway has sent no status since this charge expired. Check the worker and the gateway's key.",
            id="Gateway tidak mengirim status sejak tagihan ini kedaluwarsa. Periksa worker dan kunci gateway.",
        ),
    ),
    ItemKind.CHARGE_TAKEN_BACK: (
        Who.ADMIN,
        Wording(
            en="A bank took this payment back. Ask the runner to pay again, or cancel the registration.",
            id="Bank menarik kembali pembayaran ini. Minta peserta membayar lagi, atau batalkan pendaftarannya.",
        ),
    ),
    ItemKind.CHARGE_PARTLY_TAKEN_BACK: (
        Who.ADMIN,
        Wording(
            en="A bank took a part of this money back. If it is a payment and no amount stands here, Midtrans did not"
            " say it, and nothing is booked: look it up there. Ask the runner to pay the part again, or cancel the"
            " registration. Of kept money, see what is left of it.",
            id="Bank menarik kembali sebagian uang ini. Jika ini pembayaran dan jumlahnya tidak tertera, Midtrans tidak"
            " menyebutkannya dan tidak ada yang dibukukan: lihat di sana. Minta peserta membayar bagian itu lagi,"
            " atau batalkan pendaftarannya. Untuk uang tersimpan, lihat sisanya.",
        ),
    ),
    ItemKind.WAITS_FOR_PAYOUT: (
        Who.FINANCE,
        Wording(
            en="Will be paid out to the bank account. When it arrives, mark the line of the statement as a payout.",
            id="Akan dicairkan ke rekening. Saat masuk, tandai baris mutasinya sebagai pencairan.",
        ),
    ),
    ItemKind.PAYOUT_OVERDUE: (
        Who.FINANCE,
        Wording(
            en="Received more than a week ago and not paid out. Mark the payouts among the lines of the statement,"
            " or ask the gateway.",
            id="Diterima lebih dari seminggu lalu dan belum dicairkan. Tandai pencairan di baris mutasi, atau"
            " tanyakan kepada gateway.",
        ),
    ),
    ItemKind.PAID_OUT_TOO_MUCH: (
        Who.FINANCE,
        Wording(
            en="More left this account than came in. Either refunds through the gateway took what was paid out before:"
            " it keeps them back from the next payouts. Or a line is wrongly marked as a payout, or its fee is wrong.",
            id="Yang keluar dari akun ini melebihi yang masuk. Mungkin pengembalian lewat gateway memakai uang yang"
            " sudah dicairkan: itu dipotong dari pencairan berikutnya. Atau ada baris yang keliru ditandai sebagai"
            " pencairan, atau biayanya salah.",
        ),
    ),
    ItemKind.PAID_NOT_BOOKED: (
        Who.OPERATOR,
        Wording(
            en="The books have another amount than this payment. Check that the worker runs; then `startline doctor`.",
            id="Pembukuan berbeda dari pembayaran ini. Pastikan worker berjalan, lalu jalankan `startline doctor`.",
        ),
    ),
    ItemKind.BOOKED_NOT_PAID: (
        Who.OPERATOR,
        Wording(
            en="The books have money for a payment that is not verified. Run `startline doctor`.",
            id="Pembukuan mencatat uang untuk pembayaran yang tidak terverifikasi. Jalankan `startline doctor`.",
        ),
    ),
    ItemKind.PAID_WITHOUT_PAYMENT: (
        Who.OPERATOR,
        Wording(
            en="Invoice and payment do not agree about whether it is paid. Run `startline doctor`.",
            id="Tagihan dan pembayaran tidak sepakat apakah sudah lunas. Jalankan `startline doctor`.",
        ),
    ),
    ItemKind.REFUND_OVERDUE: (
        Who.FINANCE,
        Wording(
            en="The runner has waited for more than a week. Send it back, then mark it as done.",
            id="Peserta menunggu lebih dari seminggu. Kirim kembali uangnya, lalu tandai selesai.",
        ),
    ),
    ItemKind.REFUND_PAST_WINDOW: (
        Who.FINANCE,
        Wording(
            en="The gateway does not give this money back any more. Send it back by bank transfer.",
            id="Gateway tidak lagi bisa mengembalikan uang ini. Kembalikan lewat transfer bank.",
        ),
    ),
    ItemKind.KEPT_TOO_LONG: (
        Who.FINANCE,
        Wording(
            en="Kept for more than three days. Assign it to a registration, or send it back.",
            id="Tersimpan lebih dari tiga hari. Berikan kepada sebuah pendaftaran, atau kembalikan.",
        ),
    ),
    ItemKind.BOOKING_DIFFERS: (
        Who.OPERATOR,
        Wording(
            en="A refund, kept money, a payout or the fee of a charge differs from its movements. Run"
            " `startline doctor`.",
            id="Pengembalian, uang tersimpan, pencairan, atau biaya tagihan berbeda dari pembukuannya. Jalankan"
            " `startline doctor`.",
        ),
    ),
    ItemKind.USDT_PARTIAL: (
        Who.FINANCE,
        Wording(
            en="These USDT are confirmed and wait for the rest of their invoice, or are being settled. Nothing to do.",
            id="USDT ini sudah terkonfirmasi dan menunggu sisa pembayarannya, atau sedang diproses. Tidak perlu"
            " tindakan.",
        ),
    ),
    ItemKind.USDT_TOO_LITTLE: (
        Who.FINANCE,
        Wording(
            en="Transfers of so few USDT that they are not booked. Nothing to do.",
            id="Transfer USDT yang terlalu kecil untuk dibukukan. Tidak perlu tindakan.",
        ),
    ),
    ItemKind.USDT_NOT_SETTLED: (
        Who.OPERATOR,
        Wording(
            en="These USDT are confirmed, and are neither a payment nor kept. Check that the worker runs; then"
            " `startline doctor`.",
            id="USDT ini sudah terkonfirmasi, tetapi belum menjadi pembayaran atau disimpan. Pastikan worker berjalan,"
            " lalu jalankan `startline doctor`.",
        ),
    ),
    ItemKind.USDT_TAKEN_BACK: (
        Who.ADMIN,
        Wording(
            en="The chain took this transfer back after it was booked. Look it up in an explorer; if it is gone, ask"
            " the runner to pay again, or cancel the registration.",
            id="Jaringan membatalkan transfer ini setelah dibukukan. Periksa di explorer; jika memang hilang, minta"
            " peserta membayar lagi, atau batalkan pendaftarannya.",
        ),
    ),
    ItemKind.USDT_DIFFERS: (
        Who.OPERATOR,
        Wording(
            en="The books have another amount than the transfers of this registration are worth. Run"
            " `startline doctor`.",
            id="Pembukuan berbeda dari nilai transfer pendaftaran ini. Jalankan `startline doctor`.",
        ),
    ),
    ItemKind.EVENTS_STUCK: (
        Who.OPERATOR,
        Wording(
            en="Events wait or were given up: registrations may not know that they are paid. Run `startline doctor`.",
            id="Peristiwa tertahan atau gagal: pendaftaran mungkin belum tahu lunas. Jalankan `startline doctor`.",
        ),
    ),
}
"""By kind: who has to look, and what to do."""
