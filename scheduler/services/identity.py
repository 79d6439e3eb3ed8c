"""All that has to do with who somebody is, put together once for a process or for an edition of the files."""

from dataclasses import dataclass, field

from scheduler.clock import Clock, SystemClock
from scheduler.protocols.configuration import Configuration
from scheduler.services.account import Accounts
from scheduler.services.api_keys import ApiKeys
from scheduler.services.gate import Gate
from scheduler.services.logins import Logins
from scheduler.services.passwords import Passwords
from scheduler.services.users import Users
from scheduler.store.database import Store


@dataclass(frozen=True, slots=True)
class Identity:
    """Gate, logins, users, keys and people's own accounts.

    `clock` is the machine's own, also where the product's is a time-lapse: a session does not end in seconds there.
    """

    store: Store
    clinics: dict[str, str]
    """The names of the clinics, by id."""
    clock: Clock = field(default_factory=SystemClock)
    passwords: Passwords = field(default_factory=Passwords)

    @property
    def gate(self) -> Gate:
        """Who a request is from."""
        return Gate(self.store, self.clock)

    @property
    def logins(self) -> Logins:
        """Signing in and out."""
        return Logins(self.store, self.clock, self.passwords)

    @property
    def users(self) -> Users:
        """Deciding over users."""
        return Users(self.store, self.clock, self.passwords, self.clinics)

    @property
    def keys(self) -> ApiKeys:
        """Deciding over API keys."""
        return ApiKeys(self.store, self.clock, self.clinics)

    @property
    def accounts(self) -> Accounts:
        """What people do with their own account."""
        return Accounts(self.store, self.clock, self.passwords, self.users)


def identity_of(store: Store, configuration: Configuration, *, clock: Clock | None = None) -> Identity:
    """Return the identity of an installation; `clock` only where time is to be moved."""
    names = {clinic.id: clinic.name for clinic in configuration.clinics.values()}
    return Identity(store, names, clock or SystemClock())
