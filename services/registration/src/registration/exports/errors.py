"""Errors of exports."""

from chassis.errors import NotFound, StartlineError


class UnknownExport(NotFound):
    """There is no such export."""

    indonesian = "Tidak ada ekspor seperti itu."
    code = "unknown_export"


class ExportNotReady(StartlineError):
    """The file is not written yet, or could not be written; `export_state` says which."""

    indonesian = "Berkas belum selesai ditulis, atau gagal ditulis; lihat `export_state`."
    code = "export_not_ready"


class ExportGone(StartlineError):
    """The file of this export is not kept any more. Ask for a new one."""

    indonesian = "Berkas ekspor ini sudah tidak disimpan. Minta yang baru."
    code = "export_gone"
    status = 410


class TooManyExports(StartlineError):
    """Too many exports are waiting. Ask again when some of them are done."""

    indonesian = "Terlalu banyak ekspor yang masih menunggu. Minta lagi setelah sebagian selesai."
    code = "too_many_exports"
