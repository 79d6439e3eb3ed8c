"""What doctor finds out about the files that running processes work by."""

from collections.abc import Iterator
from datetime import datetime

from scheduler.services.edited_files import EditedFiles, digest_of_all
from scheduler.services.finding import Finding, Health
from scheduler.settings import Settings
from scheduler.store.database import Store
from scheduler.store.files_in_use import files_in_use


def other_files(store: Store, settings: Settings, *, now: datetime) -> Iterator[Finding]:
    """Tell of each running process that works by other files than those that lie here.

    One that was started less than half a minute ago has not said yet what it works by. Raises StoreError.
    """
    here = digest_of_all(EditedFiles(settings.config_dir, settings.templates_dir).digests())
    with store.read() as tx:
        notes = files_in_use(tx, now=now)
    for note in notes:
        if note.digest is None:
            said = f"{note.owner} runs since {note.taken_at:%Y-%m-%d %H:%M} UTC by files that have errors"
        elif note.digest != here:
            said = f"{note.owner} works by other files than these since {note.taken_at:%Y-%m-%d %H:%M} UTC"
        else:
            continue
        remedy = "mend what `aftercare check` shows"
        if not note.refused:
            remedy = "it takes these within seconds, if it reads the same folders"
        yield Finding("files", Health.WARNING, said, remedy)
