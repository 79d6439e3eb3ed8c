"""Every error that a person may see. The class's docstring is its default message."""

from enum import StrEnum


class AftercareError(Exception):
    """Something went wrong in Aftercare."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class SettingsError(AftercareError):
    """A setting in the environment is missing or wrong."""


class ConfigError(AftercareError):
    """The configuration has errors: run `aftercare check`."""


class TemplateError(AftercareError):
    """A message template is missing or can't be rendered."""


class RefusedError(AftercareError):
    """What was asked for can't be done as asked.

    `code` names the sentence that pages have for it in each language, with `values` in it; "" where only who works at
    a terminal or writes a program meets it. The message says the same in English, for those.
    """

    code = ""

    def __init__(self, message: str | None = None, *, code: str = "", **values: object) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.values = values


class RegistrationError(RefusedError):
    """The appointment can't be registered as given."""


class NotFoundError(RefusedError):
    """There is no such record."""


class ConflictError(RefusedError):
    """The record is not in a state that allows this."""


class ForbiddenError(RefusedError):
    """Your role does not allow this."""


class StoreError(AftercareError):
    """The database can't be used."""


class RecordRefusedError(StoreError):
    """The database refused a record for what stands in it: the same again is refused again."""


class KeysError(StoreError):
    """The keys are missing or do not fit this database."""


class ErrorKind(StrEnum):
    """What a failed hand-over means for the message; each channel has a table from codes to these."""

    NOT_CALLED = "not_called"
    """Nothing was written to the provider (deadline past, connection refused): safe to try again."""
    TRANSIENT = "transient"
    """The provider refused for now and did not take the message: try again later."""
    PERMANENT = "permanent"
    """This address will never work: try the other channel."""
    OPT_OUT = "opt_out"
    """The patient stopped messages at the provider: record it, never retry."""
    CONTENT = "content"
    """This text will never be accepted: a person has to look."""
    CONFIGURATION = "configuration"
    """The account or the sender is wrong: nothing of the error's scope will work until mended."""
    UNKNOWN = "unknown"
    """The provider may have taken the message: settle, never retry blindly."""


class Scope(StrEnum):
    """How far a refusal reaches beyond the message that met it."""

    MESSAGE = "message"
    """This message only."""
    SENDER = "sender"
    """All that comes from the same number, name, messaging service or mailbox."""
    CHANNEL = "channel"
    """All of the channel: the account, the credentials, the server."""


class ChannelError(AftercareError):
    """The provider did not accept the message.

    Never holds an address or a body: `code` and a text of our own only. `retry_after` is in seconds. `scope`, of the
    kinds CONFIGURATION and TRANSIENT, says what else would meet the same.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind,
        code: str = "",
        retry_after: float | None = None,
        scope: Scope = Scope.MESSAGE,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.retry_after = retry_after
        self.scope = scope
