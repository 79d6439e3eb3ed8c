"""Takes resources: one, all of a transaction or none, or each of a batch by itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduler.domain.clinic import Clinic
from scheduler.domain.fhir import FhirKind
from scheduler.services.desk import Desk
from scheduler.services.fhir.issues import Code, Issue, NotTakenError, refuse
from scheduler.services.fhir.naming import by_identifier, names_of, read_condition
from scheduler.services.fhir.references import References
from scheduler.services.fhir.shape import Resource, check, check_frame
from scheduler.services.fhir.taking import take
from scheduler.services.fhir.wishes import Occasion, Taken, Wish
from scheduler.services.registration import Registrar
from scheduler.store.fhir_links import hold_linked

MOST_ENTRIES = 200
"""Of one Bundle: a transaction holds up others who write meanwhile, for about ten milliseconds an entry."""
_URL = re.compile(r"(?P<kind>[A-Za-z]+)(?:/(?P<id>[A-Za-z0-9\-.]{1,64}))?")
_ORDER = tuple(FhirKind)
_OFF = ("cancelled", "entered-in-error", "noshow")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a Bundle; `fault` is why it can't be asked for."""

    wish: Wish | None
    full_url: str = field(repr=False)
    fault: NotTakenError | None = None


@dataclass(frozen=True, slots=True)
class FhirIntake:
    """Takes what a system of one clinic sends. `base` is the address of this server for that clinic."""

    desk: Desk = field(repr=False)
    clinic: Clinic
    by: str
    base: str

    def wish(
        self,
        resource: Any,
        kind: FhirKind,
        *,
        put_id: str | None = None,
        condition: str | None = None,
        root: str,
        full_url: str = "",
    ) -> Wish:
        """Return what a resource asks for. Raises NotTakenError for one that is not as FHIR has it."""
        try:
            if not isinstance(resource, dict):
                raise refuse(Code.STRUCTURE, "is no resource")
            check(resource, kind)
            names = names_of(resource, kind, put_id, self.desk.store.vault)
            known = read_condition(condition) if condition else None
        except NotTakenError as error:
            raise error.within(root) from None
        return Wish(kind, resource, names, known, root, full_url)

    def take_one(self, wish: Wish) -> Taken:
        """Take one resource; commits. Raises NotTakenError, with nothing written."""
        (taken,) = self._take([wish], References(self.base))
        return taken

    def take_all(self, bundle: Resource) -> tuple[Taken, ...]:
        """Take a transaction: all of it, or nothing; commits. Raises NotTakenError with what is wrong anywhere."""
        entries = self._entries(bundle)
        faults = [issue for it in entries if it.fault for issue in it.fault.issues]
        if faults:
            raise NotTakenError(*faults)
        wishes = [it.wish for it in entries if it.wish]
        _refuse_twice(entries)
        told = {it.full_url: (it.kind, it.names.id) for it in wishes if it.full_url}
        return self._take(wishes, References(self.base, told))

    def take_each(self, bundle: Resource) -> tuple[Taken | NotTakenError, ...]:
        """Take each resource of a batch by itself; commits each that can be. Raises NotTakenError where it is none.

        They are taken in the order in which they stand, and mean nothing in each other: so FHIR has it.
        """
        return tuple(self._take_or_say(it) for it in self._entries(bundle))

    def _take_or_say(self, entry: Entry) -> Taken | NotTakenError:
        if entry.wish is None:
            assert entry.fault
            return entry.fault
        try:
            return self.take_one(entry.wish)
        except NotTakenError as error:
            return error

    def _take(self, wishes: Sequence[Wish], references: References) -> tuple[Taken, ...]:
        registrar = Registrar(self.desk.configuration, self.desk.clock, by=self.by, follow=True)
        order = sorted(range(len(wishes)), key=lambda it: _rank(wishes[it]))
        taken, issues = dict[int, Taken](), list[Issue]()
        with self.desk.store.write() as tx:
            registrar.open(tx, self.clinic.id, [])  # before any row: others of this clinic wait until the commit
            hold_linked(tx, self.clinic.id, [name for it in wishes for name in _names(it)])
            occasion = Occasion(tx, registrar, self.clinic, references)
            for index in order:
                try:
                    taken[index] = take(occasion, wishes[index])
                except NotTakenError as error:
                    issues += error.issues
            if issues:
                raise NotTakenError(*issues)
        self.desk.wake()
        return tuple(taken[index] for index in range(len(wishes)))

    def _entries(self, bundle: Resource) -> list[Entry]:
        try:
            check_frame(bundle)
        except NotTakenError as error:
            raise error.within("Bundle") from None
        entries = bundle.get("entry", ())
        if len(entries) > MOST_ENTRIES:
            words = f"has {len(entries):,} entries, more than the {MOST_ENTRIES} that are taken at once"
            raise refuse(Code.TOO_LONG, words, "Bundle.entry")
        return [self._entry(entry, f"Bundle.entry[{index}]") for index, entry in enumerate(entries)]

    def _entry(self, entry: Mapping[str, Any], at: str) -> Entry:
        full_url = entry.get("fullUrl", "")
        try:
            kind, put_id, condition = _asked(entry, at, self.base)
            wish = self.wish(
                entry.get("resource"),
                kind,
                put_id=put_id,
                condition=condition,
                root=f"{at}.resource",
                full_url=full_url,
            )
            return Entry(wish, full_url)
        except NotTakenError as error:
            return Entry(None, full_url, error)


def _rank(wish: Wish) -> tuple[int, bool]:
    """Return what is taken when: what others mean first, and before an appointment what is off, whose name it has."""
    is_off = wish.kind is FhirKind.APPOINTMENT and wish.resource.get("status") in _OFF
    return _ORDER.index(wish.kind), not is_off


def _names(wish: Wish) -> Sequence[str]:
    return [*wish.names.all, *([by_identifier(wish.condition)] if wish.condition else [])]


def _asked(entry: Mapping[str, Any], at: str, base: str) -> tuple[FhirKind, str | None, str | None]:
    """Return what an entry asks for: of which type, to which id, on which condition. Raises NotTakenError."""
    request = entry.get("request")
    if not request:
        raise refuse(Code.REQUIRED, "is missing: say what is to be done", f"{at}.request")
    if "ifMatch" in request:
        raise refuse(Code.NOT_SUPPORTED, "versions are not kept here: send it without", f"{at}.request.ifMatch")
    url = request["url"].removeprefix(f"{base}/").removeprefix("/")
    asked, match = request["method"], _URL.fullmatch(url)
    if not match or match["kind"] not in list(FhirKind) or (asked == "POST") is bool(match["id"]):
        words = f"is nothing that can be done here: POST or PUT {', '.join(FhirKind)}"
        raise refuse(Code.NOT_SUPPORTED, words, f"{at}.request.url")
    if asked not in ("POST", "PUT"):
        raise refuse(Code.NOT_SUPPORTED, "is nothing that can be done here: POST or PUT", f"{at}.request.method")
    return FhirKind(match["kind"]), match["id"], request.get("ifNoneExist") if asked == "POST" else None


def _refuse_twice(entries: Sequence[Entry]) -> None:
    """Refuse what stands twice in a transaction (R4, 3.1.0.11.2 and bdl-7): which of the two counts is not said."""
    seen = set[tuple[str, str]]()
    for index, entry in enumerate(entries):
        assert entry.wish
        for name in {(entry.wish.kind.value, entry.wish.names.id), ("", entry.full_url or str(index))}:
            if name in seen:
                raise refuse(
                    Code.DUPLICATE, "is the same thing as another entry: send it once", f"Bundle.entry[{index}]"
                )
            seen.add(name)
