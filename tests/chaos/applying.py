"""A play of `apply`: it is killed and started again while an engine sends the very step that was edited.

python -m tests.chaos.applying [--postgres URL] [--patients N] [--kills N] [--seed N]
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.acceptance.conftest import keys
from tests.chaos.play import ENDED, LONGEST_DRAIN, TAKEN, WAVES, Wave
from tests.chaos.providers import Providers, providers
from tests.chaos.site import UNBRAKED, Process, Site, mailbox, mobile
from tests.chaos.verdict import Verdict, count_emails, count_texts

LATER = timedelta(hours=2)
DELAY = 0.1
"""Seconds that the provider takes for a text: so long it is being sent."""
BATCH = 5
"""Messages that are claimed at once, and visits that are applied at once: few, so that all goes on side by side."""
LONGEST = 0.4
"""Seconds that an apply lives at the most, once it has begun to write."""


@dataclass(frozen=True, slots=True)
class Round:
    """A step that falls due and is put two hours later at that moment: what its file says, and then."""

    wave: Wave
    old: str
    new: str


ROUNDS = (
    Round(WAVES[0], "after: 2h", "after: 4h"),
    Round(WAVES[1], 'at: "09:30"', 'at: "11:30"'),
    Round(WAVES[2], 'at: "10:00"', 'at: "12:00"'),
    Round(WAVES[3], 'at: "10:00"', 'at: "12:00"'),
)


@dataclass
class ApplyPlay:
    """Play on a site with `kills` kills of `apply` in each round, where it lives so long.

    `early` and `late`: what was handed over by the old time and by the new one. `old_plan`: of the early ones those
    after the apply had said that it is done.
    """

    site: Site
    providers: Providers
    patients: int
    kills: int
    seed: int = 1
    rounds: Sequence[Round] = ROUNDS
    early: int = 0
    late: int = 0
    old_plan: int = 0
    verdict: Verdict = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.verdict = Verdict("apply", self.patients * sum(len(it.wave.channels) for it in self.rounds))

    def run(self) -> Verdict:
        """Play all rounds and count what the providers took."""
        began = time.monotonic()
        self.site.register(self.patients)
        self.site.clock.move_to(self.rounds[0].wave.due_at - timedelta(minutes=1))
        with self._serving():
            for each in self.rounds:
                self._play(each)
        self._count()
        self.verdict.seconds = time.monotonic() - began
        return self.verdict

    def _play(self, each: Round) -> None:
        self._edit(each)
        before = self.providers.look()
        for number in range(self.kills):
            if self._apply(each, first=number == 0, lives=self.dice.uniform(0, LONGEST)):
                break
        else:
            self._apply(each, first=not self.kills, lives=None)
        taken = self.providers.look()
        self._wait_until_idle()
        idle = self.providers.look()
        self.early, self.old_plan = self.early + idle - before, self.old_plan + idle - taken
        self.site.clock.move_to(each.wave.due_at + LATER)
        ended = self.site.pass_time(lambda: self._has_ended(each.wave), within=LONGEST_DRAIN)
        if not ended:
            self.verdict.faults.append(f"{each.wave.step} never came to an end: {self.site.messages()}")
        self.late += self.providers.look() - idle

    def _apply(self, each: Round, *, first: bool, lives: float | None) -> bool:
        """Start an apply and kill it so long after it began to write; return whether it came to its end before.

        As the `first` one begins to write, the step that was edited falls due.
        """
        known = self._progress()
        process = self.site.launch("apply", "--by", "chaos")
        while process.poll() is None and self._progress() == known:
            time.sleep(0.005)
        if first:
            self.site.clock.move_to(each.wave.due_at)
        if lives is not None:
            self._let_live(process, lives)
        process.wait(120)
        if process.returncode == -signal.SIGKILL:
            self.verdict.kills["apply"] += 1
            return False
        if process.returncode != 0:
            self.verdict.faults.append(self.site.said(process)[-2000:])
        return True

    def _let_live(self, process: Process, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()

    def _progress(self) -> list[tuple[object, ...]]:
        """How far each apply has come that has written a batch."""
        return self.site.ask("SELECT id, done_through FROM applies WHERE done_through > 0 ORDER BY id")

    def _edit(self, each: Round) -> None:
        file = self.site.folder / "own" / "config" / "protocols" / "microneedling.yaml"
        before, name, rest = file.read_text(encoding="utf-8").partition(f"- id: {each.wave.step}\n")
        assert each.old in rest, each
        file.write_text(before + name + rest.replace(each.old, each.new, 1), encoding="utf-8")

    @contextmanager
    def _serving(self) -> Iterator[Process]:
        engine = self.site.launch("serve", "--port", "0")
        try:
            yield engine
        finally:
            engine.terminate()
            if engine.wait(60) != 0 or "Traceback" in self.site.said(engine):
                self.verdict.faults.append(self.site.said(engine)[-2000:])

    def _wait_until_idle(self) -> None:
        deadline = time.monotonic() + LONGEST_DRAIN
        while self.site.busy():
            assert time.monotonic() < deadline, self.site.messages()
            time.sleep(0.02)

    def _has_ended(self, wave: Wave) -> bool:
        return all(row.status in ENDED for row in self.site.messages() if row.step == wave.step)

    def _count(self) -> None:
        texts = sum("sms" in it.wave.channels for it in self.rounds)
        mails = sum("email" in it.wave.channels for it in self.rounds)
        numbers = range(self.patients)
        count_texts(self.verdict, self.providers.texts(), {mobile(n): texts for n in numbers})
        count_emails(self.verdict, self.providers.emails(), {mailbox(n): mails for n in numbers})
        played = {it.wave.step for it in self.rounds}
        otherwise = [it for it in self.site.messages() if it.step in played and it.status not in TAKEN]
        if otherwise:
            self.verdict.faults.append(f"the store says otherwise: {otherwise}")
        left = self.site.json("plan")
        if left["appointments"] or left["edits"]:
            self.verdict.faults.append(f"the last plan is not empty: {left['totals']}")


def play_apply(
    database: str | None, *, patients: int, kills: int, seed: int = 1, rounds: Sequence[Round] = ROUNDS
) -> ApplyPlay:
    """Play in a folder that is thrown away; `database` is the address of an empty one on PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="aftercare-apply-"))
    try:
        site = Site(folder, batch=BATCH)
        site.open(config=f"{UNBRAKED}require_approval: false\n" if "require_approval" not in UNBRAKED else UNBRAKED)
        if database:
            site.environ |= {"AFTERCARE_DATABASE_URL": database, **keys()}
            site.done("db", "upgrade")
        with providers(folder, site.clock.file, delay=DELAY) as reached:
            site.environ |= reached.environ
            play = ApplyPlay(site, reached, patients, kills, seed, rounds)
            play.run()
            return play
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", help="the address of an empty database")
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10, help="in each round, at most")
    parser.add_argument("--seed", type=int, default=1, help="of the dice")
    asked = parser.parse_args()
    play = play_apply(asked.postgres, patients=asked.patients, kills=asked.kills, seed=asked.seed)
    print(play.verdict, f"early {play.early}, late {play.late}, by the old plan {play.old_plan}")  # noqa: T201  (this is what the command says)
    sys.exit(0 if play.verdict.kept and not play.old_plan else 1)


if __name__ == "__main__":
    main()
