"""A small folder of config and templates that tests edit, and one process that looks at it."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from scheduler.domain.protocol import After
from scheduler.protocols.configuration import Configuration
from scheduler.services.edited_files import EditedFiles
from scheduler.services.editions import Edition
from scheduler.services.reloading import FIRST, Reloader
from scheduler.store.alerts import Alert, all_alerts, open_alerts
from scheduler.store.files_in_use import InUse, files_in_use
from tests.services.house import House

ROOT = Path(__file__).parents[2]
CLINIC = """\
name: Harbour Skin Clinic
timezone: Europe/Madrid
languages: [en]
country: CA
phone: "+14165550100"
emergency_number: "112"
sms: {messaging_service: MG0123456789abcdef0123456789abcdef}
"""
PROTOCOL = """\
protocol: quick
title: {en: Quick}
duration: 1h
steps:
  - {id: sun, after: 2h, channels: [sms], useful_for: 12h}
"""
TRIAGE = """\
language: en
alone: {stop: [stop], start: [start], help: [help]}
answers: {fine: ["1"], concern: ["2"], urgent: ["3"]}
alarm: [breathe]
urgent: [fever]
sign: [red]
strong: [very]
concern: [worse]
fine: [fine]
light: [of]
harmless: [thanks]
body: [face]
question: [when]
stop: [no more]
wrong_number: [wrong number]
not: [not]
gone: [gone]
but: [but]
or: ["or"]
"""
TEXT = "{{ clinic.name }}: protect your skin from the sun.\n"


def write_folders(folder: Path) -> Path:
    """Write one clinic, one protocol and their English texts; return the folder."""
    for name in ("config/clinics", "config/protocols", "config/triage", "templates/en/sun"):
        (folder / name).mkdir(parents=True)
    (folder / "config" / "clinics" / "harbour.yaml").write_text(CLINIC, encoding="utf-8")
    (folder / "config" / "protocols" / "quick.yaml").write_text(PROTOCOL, encoding="utf-8")
    (folder / "config" / "triage" / "en.yaml").write_text(TRIAGE, encoding="utf-8")
    shipped = ROOT / "templates" / "en"
    for notice in (*shipped.glob("alert_*"), *shipped.glob("answer_*")):
        shutil.copytree(notice, folder / "templates" / "en" / notice.name)
    for name in ("footer.md", "first_contact.txt"):
        shutil.copy(shipped / name, folder / "templates" / "en")
    (folder / "templates" / "en" / "sun" / "sms.txt").write_text(TEXT, encoding="utf-8")
    return folder


def accept(configuration: Configuration) -> None:
    del configuration


@dataclass
class Desk:
    """An operator's folder, and the process `owner` that looks at it."""

    house: House
    folder: Path
    owner: str = "one"
    alone: bool = False
    reloader: Reloader = field(init=False)

    def __post_init__(self) -> None:
        self.reloader = self.start()

    def start(self) -> Reloader:
        files = EditedFiles(self.config, self.templates)
        return Reloader(self.house.store, self.house.clock, self.owner, files, accept, alone=self.alone)

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def templates(self) -> Path:
        return self.folder / "templates"

    @property
    def text(self) -> Path:
        return self.templates / "en" / "sun" / "sms.txt"

    @property
    def protocol(self) -> Path:
        return self.config / "protocols" / "quick.yaml"

    def look(self) -> Edition | None:
        edition = self.reloader.look()
        self.reloader.tell()
        return edition

    def looks(self, times: int = 2) -> Edition | None:
        """Look so often; return the last edition that was taken."""
        taken = [self.look() for _ in range(times)]
        return next((edition for edition in reversed(taken) if edition), None)

    def settle(self) -> Edition:
        """Look until the files of the start have been judged and taken."""
        edition = self.looks(FIRST)
        assert edition is not None
        return edition

    def break_protocol(self) -> None:
        self.protocol.write_text(f"{PROTOCOL}stepz: []\n", encoding="utf-8")

    def mend_protocol(self) -> None:
        self.protocol.write_text(PROTOCOL, encoding="utf-8")

    def open(self) -> list[Alert]:
        with self.house.store.read() as tx:
            return list(open_alerts(tx))

    def all(self) -> list[Alert]:
        with self.house.store.read() as tx:
            return list(all_alerts(tx))

    def notes(self) -> dict[str, InUse]:
        with self.house.store.read() as tx:
            return {note.owner: note for note in files_in_use(tx, now=self.house.clock.now())}


def wording(edition: Edition) -> str:
    """Return the digest of the text in an edition."""
    return edition.texts.sms("sun", "en").digest


def timing(edition: Edition) -> str:
    """Return how long after the visit the step is due in an edition."""
    when = edition.configuration.protocols["quick"].steps[0].timing
    assert isinstance(when, After)
    return str(when.span)


def swap(link: Path, target: Path) -> None:
    """Let a link lead elsewhere in one step, as Kubernetes does with what it mounts."""
    new = link.with_name(".new")
    new.symlink_to(target)
    new.replace(link)
