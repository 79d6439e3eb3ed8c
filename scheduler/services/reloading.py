"""Takes edited files while a process runs: where they are sound as a whole, else the last good ones stay."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.clock import Clock
from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import because
from scheduler.errors import SettingsError, StoreError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import end_alert, raise_alert
from scheduler.services.edited_files import EditedFiles, Signature, digest_of_all
from scheduler.services.editions import Edition, Refusal, read_edition
from scheduler.store.database import Store, Tx
from scheduler.store.files_in_use import NOTED_EVERY, InUse, files_in_use, forget_files, note_files

log = get_logger(__name__)

BETWEEN = 2.0
"""Seconds between two looks, of the machine's clock. Two that see the same make it a state to be judged: a file that
is being written is not."""
FIRST = 15
"""The look from which on the files that the process was started with are judged too: a start is busy enough."""
WHOLE = "installation"
"""What the alert is about: one, however many processes refuse."""
RESTLESS = 30
"""Looks without two that see the same, after which the log tells of it: nothing is taken meanwhile."""
MOST_NAMES = 20
"""In a log line."""
SHORT = 12
"""Characters of a digest in a log line."""


@dataclass(slots=True)
class Reloader:
    """Looks for one process, which `owner` names. All of it blocks.

    `refuse` raises SettingsError where the environment lacks what a configuration needs. `alone`: no other process
    can run on this database, so what others noted is of those that were killed.
    """

    store: Store
    clock: Clock
    owner: str
    files: EditedFiles
    refuse: Callable[[Configuration], None]
    alone: bool
    _looks: int = 0
    _restless: int = 0
    _seen: Signature = ()
    _judged: Signature = ()
    _judged_digests: Mapping[str, str] = field(default_factory=dict)
    _started: Mapping[str, str] = field(init=False)
    _started_at: datetime = field(init=False)
    _taken: Mapping[str, str] = field(default_factory=dict)
    _taken_at: datetime | None = None
    _refusal: Refusal | None = None
    _noted_at: datetime | None = None

    def __post_init__(self) -> None:
        """Remember how the files look at the start: an edit is what differs."""
        self._seen = self._judged = self.files.signature()
        self._started, self._started_at = self.files.digests(), self.clock.now()

    def look(self) -> Edition | None:
        """Look once; return an edition that is to be worked by from now on, None where nothing is to be changed.

        Who took it calls `tell` after it.
        """
        self._looks += 1
        there = self.files.signature()
        is_settled, self._seen = there == self._seen, there
        self._restless = 0 if is_settled else self._restless + 1
        if self._restless == RESTLESS:
            log.warning("config.restless", looks=RESTLESS, every_s=BETWEEN)
        return self._judge(there) if is_settled and self._is_to_judge(there) else None

    def tell(self) -> None:
        """Put on record what this process works by, and raise or close the alert, where it is time for that.

        A database that is away is told the next time.
        """
        if not self._is_to_tell():
            return
        try:
            with self.store.write() as tx:
                now = self.clock.now()
                note_files(tx, self._note(now), alone=self.alone)
                self._alert(tx, now)
        except StoreError as error:
            log.debug("store.unavailable", reason=str(error))  # the loop that sends says it
        else:
            self._noted_at = now

    def leave(self) -> None:
        """Say that this process ends. Whether the alert holds is for those that go on, or for the next start."""
        if self._noted_at is not None:
            try:
                with self.store.write() as tx:
                    forget_files(tx, self.owner)
            except StoreError as error:
                log.debug("store.unavailable", reason=str(error))

    def _is_to_judge(self, there: Signature) -> bool:
        return there != self._judged or (not self._judged_digests and self._looks >= FIRST)

    def _judge(self, there: Signature) -> Edition | None:
        """Judge what lies there, unless it says what was judged already."""
        digests = self.files.digests()
        if digests == self._judged_digests:
            self._judged = there
            return None
        found = self._read(digests)
        if self.files.signature() != there:  # edited meanwhile: what was read may be a mixture
            return None
        self._judged, self._judged_digests, self._noted_at = there, digests, None
        if isinstance(found, Refusal):
            log.error("config.refused", where=found.where, code=found.code)
            self._refusal = found
            return None
        return self._take(found)

    def _read(self, digests: Mapping[str, str]) -> Edition | Refusal:
        try:
            found = read_edition(self.files.config_dir, self.files.templates_dir, digests)
            if isinstance(found, Edition):
                self.refuse(found.configuration)
        except SettingsError as error:
            return Refusal(str(error), str(self.files.config_dir), "settings")
        except OSError as error:
            why = f"the files can't be read: {error.strerror}"
            return Refusal(why, error.filename or str(self.files.config_dir), "unreadable")
        except Exception:  # whatever an edited file brings to light in us, patients get their messages meanwhile
            log.exception("config.unjudged")
            why = "the files could not be checked, which is a fault of the program: its log says more"
            return Refusal(why, str(self.files.config_dir), "unjudged")
        return found

    def _take(self, edition: Edition) -> Edition | None:
        """Note an edition as the one in use; return it, None where it is what is in use already."""
        self._refusal = None
        before, self._taken = self._taken, edition.digests
        if before == edition.digests:
            return None
        self._taken_at = self.clock.now()
        changed = [
            name for name in sorted({*before, *edition.digests}) if before.get(name) != edition.digests.get(name)
        ]
        log.info(
            "config.taken",
            digest=digest_of_all(edition.digests)[:SHORT],
            files=len(edition.digests),
            # At the first one nothing is known of what was there before.
            changed={name: edition.digests.get(name, "gone")[:SHORT] for name in changed[:MOST_NAMES] if before},
            more=max(0, len(changed) - MOST_NAMES) if before else 0,
        )
        return edition

    def _is_to_tell(self) -> bool:
        """Whether what is in use is not on record, or so long ago that others take this process for gone."""
        if not self._judged_digests:
            return False
        return self._noted_at is None or abs(self.clock.now() - self._noted_at) >= NOTED_EVERY

    def _note(self, now: datetime) -> InUse:
        # What it was started with may never have been judged: an edit came first.
        works_by = self._taken or ({} if self._judged_digests == self._started else self._started)
        digest = digest_of_all(works_by) if works_by else None
        since = self._taken_at or self._started_at
        return InUse(self.owner, digest, since, now, self._refusal.text if self._refusal else None)

    def _alert(self, tx: Tx, now: datetime) -> None:
        """Raise the alert while any process refuses what lies there, and close it when none does."""
        refused = [note.refused for note in files_in_use(tx, now=now) if note.refused]
        if refused:
            reasons = tuple(because("files_refused", error=error) for error in dict.fromkeys(refused))
            raise_alert(tx, AlertKind.CONFIG, WHOLE, reasons=reasons, now=now)
        else:
            end_alert(tx, AlertKind.CONFIG, WHOLE, now=now)
