"""Why a view is not saved."""

from typing import Final

from chassis.errors import StartlineError
from chassis.wording import Wording

NO_NAME: Final = Wording(
    en="Give the view a name of up to 60 letters.", id="Beri nama tampilan ini, paling panjang 60 huruf."
)


class ViewNameTaken(StartlineError):
    """You already have a view of this name. Choose another one."""

    code = "view_name_taken"
    indonesian = "Anda sudah punya tampilan dengan nama ini. Pilih nama lain."


class TooManyViews(StartlineError):
    """You have 50 views already. Delete one first."""

    code = "too_many_views"
    indonesian = "Anda sudah punya 50 tampilan. Hapus dahulu salah satunya."
