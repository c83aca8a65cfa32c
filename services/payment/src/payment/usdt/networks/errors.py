"""Refusals about networks."""

from collections.abc import Mapping
from typing import Final, Self

from chassis.errors import StartlineError
from chassis.wording import Language, Wording

from payment.usdt.networks.probing import Fault, Finding

_FAULTS: Final[Mapping[Fault, Wording]] = {
    Fault.PRIVATE: Wording(
        en="it leads into the platform's own network. Use one with a public address.",
        id="mengarah ke jaringan internal platform. Pakai yang alamatnya publik.",
    ),
    Fault.DOWN: Wording(
        en="it cannot be reached, or answers too slowly or too rarely.",
        id="tidak dapat dihubungi, atau jawabannya terlalu lambat atau dibatasi.",
    ),
    Fault.REFUSED: Wording(
        en="it refuses requests. Look whether the key in its address is right.",
        id="menolak permintaan. Periksa apakah kunci di alamatnya benar.",
    ),
    Fault.UNREADABLE: Wording(en="its answers are not those of a node.", id="jawabannya bukan jawaban sebuah node."),
    Fault.WRONG_CHAIN: Wording(en="it serves another network.", id="melayani jaringan lain."),
    Fault.BEHIND: Wording(
        en="its newest block is not from the last minutes.", id="blok terbarunya bukan dari beberapa menit terakhir."
    ),
    Fault.NOT_A_TOKEN: Wording(
        en="it knows no token at the address of the contract.", id="tidak mengenal token di alamat kontraknya."
    ),
    Fault.WRONG_DECIMALS: Wording(
        en="the token has another number of decimals than USDT has on this network.",
        id="jumlah desimal tokennya berbeda dari USDT di jaringan ini.",
    ),
    Fault.NO_LOGS: Wording(
        en="it does not serve logs (`eth_getLogs`). Some do for one contract only: try `all_tokens` false.",
        id="tidak melayani log (`eth_getLogs`). Ada yang hanya melayani satu kontrak: coba `all_tokens` false.",
    ),
    Fault.LOG_RANGE: Wording(
        en="it serves logs of at most {accepted} blocks at once. Enter that number, or less.",
        id="hanya melayani log paling banyak {accepted} blok sekaligus. Isikan angka itu, atau kurang.",
    ),
    Fault.NO_FINALIZED: Wording(
        en="it does not know the finalized block. Enter a number of confirmations, such as {confirmations}.",
        id="tidak mengenal blok finalized. Isikan jumlah konfirmasi, misalnya {confirmations}.",
    ),
}


class EndpointUnusable(StartlineError):
    """An endpoint cannot be used: `endpoint` is its number, from 1, and `fault` says why."""

    code = "endpoint_unusable"
    status = 422
    indonesian = "Sebuah endpoint tidak dapat dipakai: `endpoint` adalah nomornya, mulai dari 1, dan `fault` alasannya."

    @classmethod
    def because(cls, number: int, finding: Finding, *, confirmations: int) -> Self:
        """Return the error that names an endpoint and what is wrong with it, without its URL.

        Args:
            confirmations: a number for endpoints that do not know the finalized block.
        """
        values = {"accepted": finding.accepted, "confirmations": confirmations}
        said = {each: _FAULTS[finding.fault].said(each, **values) for each in Language}
        wording = Wording(
            en=f"Endpoint {number}: {said[Language.ENGLISH]}", id=f"Endpoint {number}: {said[Language.INDONESIAN]}"
        )
        return cls(wording, endpoint=number, fault=finding.fault.value, accepted_log_range=finding.accepted or None)
