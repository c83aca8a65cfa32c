"""Refusals about stations and devices."""

from chassis.errors import NotFound, StartlineError, Unauthenticated


class UnknownStation(NotFound):
    """There is no station with this id."""

    indonesian = "Tidak ada pos dengan id ini."
    code = "unknown_station"


class StationExists(StartlineError):
    """There is a station with this id already: this request was sent before."""

    indonesian = "Sudah ada pos dengan id ini: permintaan ini sudah pernah dikirim."
    code = "station_exists"
    status = 409


class UnknownDevice(NotFound):
    """There is no device with this id."""

    indonesian = "Tidak ada perangkat dengan id ini."
    code = "unknown_device"


class WrongPin(Unauthenticated):
    """Station and PIN do not fit; `attempts_left` says how many more tries there are."""

    indonesian = "Pos dan PIN tidak cocok; `attempts_left` menyebut sisa percobaan."
    code = "wrong_pin"


class StationLocked(StartlineError):
    """Too many wrong PINs in a row: staff has to unlock this station."""

    indonesian = "Terlalu banyak PIN salah berturut-turut: petugas harus membuka kunci pos ini."
    code = "station_locked"
    status = 423


class DeviceRevoked(Unauthenticated):
    """This device was logged out, or its station closed: log in again."""

    indonesian = "Perangkat ini sudah dikeluarkan, atau posnya ditutup: masuk lagi."
    code = "device_revoked"
