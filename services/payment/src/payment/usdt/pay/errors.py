"""Refusals about paying in USDT."""

from chassis.errors import NotFound, StartlineError


class NoUsdtQuote(NotFound):
    """No amount in USDT was asked for, for this registration."""

    code = "no_usdt_quote"
    indonesian = "Belum ada permintaan jumlah USDT untuk pendaftaran ini."


class NetworkNotOffered(StartlineError):
    """USDT on this network is not accepted. Choose another network, or another way to pay."""

    code = "network_not_offered"
    indonesian = "USDT di jaringan ini tidak diterima. Pilih jaringan lain, atau cara bayar lain."


class BelowMinimum(StartlineError):
    """This network is offered from `minimum_order` rupiah on: its fees are high. Choose another network."""

    code = "below_minimum"
    indonesian = "Jaringan ini ditawarkan mulai `minimum_order` rupiah karena biayanya tinggi. Pilih jaringan lain."


class UnknownTransfer(NotFound):
    """There is no such transfer."""

    code = "unknown_transfer"
    indonesian = "Transfer ini tidak ada."


class TransferDecided(StartlineError):
    """This transfer is not confirmed, is of another token, or has paid already; `settled` says what became of it."""

    code = "transfer_decided"
    indonesian = "Transfer ini belum terkonfirmasi, memakai token lain, atau sudah membayar; lihat `settled`."


class NotConfigured(NotFound):
    """This network was never configured."""

    code = "network_not_configured"
    indonesian = "Jaringan ini belum pernah diatur."
