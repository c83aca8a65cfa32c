"""What a difference between a settlement report and a charge means, and what to do about it."""

from collections.abc import Mapping
from typing import Final

from chassis.wording import Wording

from payment.gateway_reports.rules import DifferenceKind

MEANINGS: Final[Mapping[DifferenceKind, Wording]] = {
    DifferenceKind.UNKNOWN_ORDER: Wording(
        en="This order was not created here: it is of a static QRIS code, or of another shop with the same account.",
        id="Pesanan ini tidak dibuat di sini: dari QRIS statis, atau dari toko lain dengan akun yang sama.",
    ),
    DifferenceKind.ORDER_TWICE: Wording(
        en="The file names this order more than once, with different sums. Look at it at Midtrans.",
        id="Berkas ini memuat pesanan ini lebih dari sekali dengan jumlah berbeda. Periksa di Midtrans.",
    ),
    DifferenceKind.AMOUNT_DIFFERS: Wording(
        en="The report has another amount than the charge. Look at the order at Midtrans.",
        id="Jumlah di laporan berbeda dari tagihan. Periksa pesanannya di Midtrans.",
    ),
    DifferenceKind.NOT_PAID: Wording(
        en="The report says that it was settled, and here it is not known as paid. If that stays so for a day, look at"
        " the order at Midtrans.",
        id="Menurut laporan sudah settlement, tetapi di sini belum tercatat lunas. Jika tetap demikian setelah sehari,"
        " periksa pesanannya di Midtrans.",
    ),
    DifferenceKind.FEE_TOO_LARGE: Wording(
        en="The fee is larger than the amount. Check the columns of the file.",
        id="Biayanya lebih besar dari jumlahnya. Periksa kolom berkas ini.",
    ),
    DifferenceKind.NET_DIFFERS: Wording(
        en="The amount less the fee is not the net amount. Check whether more was kept back, such as for a refund.",
        id="Jumlah dikurangi biaya tidak sama dengan jumlah bersih. Periksa apakah ada potongan lain, misalnya untuk"
        " pengembalian dana.",
    ),
    DifferenceKind.FEE_DIFFERS: Wording(
        en="An earlier report had another fee, which is booked and stays. Ask Midtrans which one is right.",
        id="Laporan sebelumnya memuat biaya lain, yang sudah dibukukan dan tetap. Tanyakan kepada Midtrans mana yang"
        " benar.",
    ),
    DifferenceKind.IMPOSSIBLE_DAY: Wording(
        en="It was settled before the order was created, or later than tomorrow. Check the dates of the file, such as"
        " whether the month stands first.",
        id="Settlement-nya sebelum pesanan dibuat, atau setelah besok. Periksa tanggal di berkas ini, misalnya apakah"
        " bulan ditulis lebih dahulu.",
    ),
    DifferenceKind.FEE_IN_PAYOUT: Wording(
        en="A payout of that day or later was recorded with a fee, which may contain this one. Take that payout back,"
        " record it with a fee of 0, and upload the report again.",
        id="Pencairan pada hari itu atau sesudahnya dicatat dengan biaya, yang mungkin memuat biaya ini. Batalkan"
        " pencairan itu, catat lagi dengan biaya 0, lalu unggah laporan ini sekali lagi.",
    ),
}
"""By kind: what it means, and what to do."""
