"""What a provider's code means for a message: one shape, of which each channel has a table."""

from typing import NamedTuple

from scheduler.errors import ChannelError, ErrorKind, Scope


class Meaning(NamedTuple):
    """What a code means: its kind, words for people, how long to wait at least (seconds), how far it reaches."""

    kind: ErrorKind
    words: str
    retry_after: float | None = None
    scope: Scope = Scope.MESSAGE

    def as_error(self, words: str, code: str, *, waited: float | None = None) -> ChannelError:
        """Return it as an error in these words; `waited`: the provider itself says how many seconds to wait."""
        wait = self.retry_after if waited is None else waited
        return ChannelError(words, kind=self.kind, code=code, retry_after=wait, scope=self.scope)


def of_channel(words: str) -> Meaning:
    """Return the meaning of a fault of the whole account, server or login: nothing goes out until it is mended."""
    return Meaning(ErrorKind.CONFIGURATION, words, scope=Scope.CHANNEL)


def of_sender(words: str) -> Meaning:
    """Return the meaning of a fault of one sender's number, address or domain: others may work."""
    return Meaning(ErrorKind.CONFIGURATION, words, scope=Scope.SENDER)
