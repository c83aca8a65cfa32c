"""The driver of identity: its real application, members of staff, and the clients that they call from."""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from chassis.auth.principals import Role
from chassis.secrets import new_key
from identity.accounts.passwords import Passwords
from identity.service import SERVICE
from identity.settings import Settings
from identity.staff.commands import create_staff
from testkit.clocks import ManualClock
from testkit.driver import Answer, Headers, ServiceDriver

PASSWORD = "kupu-kupu di atas pagar"
ANOTHER_PASSWORD = "perahu kertas 3 layar"
WRONG_PASSWORD = "jembatan gantung tua"
HOME = "198.51.100.7"
ELSEWHERE = "203.0.113.9"


@dataclass(frozen=True)
class Member:
    """A member of staff and their password."""

    id: UUID
    name: str
    email: str
    role: Role
    password: str


@dataclass(frozen=True)
class Login:
    """The tokens of a session, as its client has them."""

    access_token: str
    refresh_token: str

    @property
    def headers(self) -> Headers:
        """Headers for calls of this client."""
        return {"Authorization": f"Bearer {self.access_token}"}


class IdentityDriver(ServiceDriver[Settings]):
    """Uses identity as clients behind one trusted proxy do.

    Identity accepts the tokens of its own sessions only: `log_in` returns them, and it refuses those of `staff` and
    `runner`.
    """

    SERVICE = SERVICE
    clock: ManualClock

    def __init__(self, settings: Settings, *, clock: ManualClock) -> None:
        super().__init__(settings, clock=clock)
        self.passwords: Passwords = self.app.state.passwords

    def another_process(self, **settings: Any) -> Self:
        """Return a driver of another process of the same service, as a replica or after a restart."""
        return type(self)(self.settings.model_copy(update=settings), clock=self.clock)

    async def call(
        self, method: str, path: str, *, by: Headers | None = None, source: str = HOME, **request: Any
    ) -> Answer:
        """Send a request to a route of the service.

        Args:
            by: headers of the caller; without, the request is anonymous.
            source: address that the proxy received the request from.
            request: what httpx takes.
        """
        headers = {"X-Forwarded-For": source, **request.pop("headers", {})}
        return await super().call(method, path, by=by, headers=headers, **request)

    # --- members of staff

    async def add_member(self, role: Role = Role.OWNER, *, name: str = "", email: str = "") -> Member:
        """Create a member of staff as the operator does."""
        name = name or f"The {role}"
        email = email or f"{role}@example.com"
        staff_id = await create_staff(
            self.database, self.passwords, name=name, email=email, role=role, password=PASSWORD, by="operator"
        )
        return Member(staff_id, name, email, role, PASSWORD)

    async def try_change_member(self, member: Member, owner: Login, **changes: Any) -> Answer:
        """Change fields of a member of staff as an owner does."""
        return await self.call("PATCH", f"/staff/{member.id}", by=owner.headers, json=changes)

    async def change_member(self, member: Member, owner: Login, **changes: Any) -> dict[str, Any]:
        """Change fields of a member of staff as an owner does, and return the member."""
        changed: dict[str, Any] = (await self.try_change_member(member, owner, **changes)).require(200)
        return changed

    # --- sessions

    async def try_log_in(self, email: str, password: str = PASSWORD, *, source: str = HOME) -> Answer:
        """Log in with an address and a password."""
        return await self.call("POST", "/login", json={"email": email, "password": password}, source=source)

    async def log_in(self, member: Member, *, password: str = PASSWORD, source: str = HOME) -> Login:
        """Log a member in and return the tokens."""
        body = (await self.try_log_in(member.email, password, source=source)).require(200)
        return Login(body["access_token"], body["refresh_token"])

    async def try_refresh(self, refresh_token: str) -> Answer:
        """Use a refresh token."""
        return await self.call("POST", "/refresh", json={"refresh_token": refresh_token})

    async def refresh(self, login: Login) -> Login:
        """Use a session's refresh token and return its new tokens."""
        body = (await self.try_refresh(login.refresh_token)).require(200)
        return Login(body["access_token"], body["refresh_token"])

    async def me(self, login: Login) -> Answer:
        """Ask for the member whose session it is."""
        return await self.call("GET", "/me", by=login.headers)


def settings_for(url: str, **settings: Any) -> Settings:
    """Return settings that need no environment; passwords are hashed at the least cost."""
    defaults: dict[str, Any] = {
        "secret_keys": new_key(),
        "password_memory_kib": 19456,
        "password_passes": 2,
        "revocation_wait_seconds": 0,
    }
    return Settings(database_url=url, broker_url="amqp://unused", trusted_proxies=1, **{**defaults, **settings})
