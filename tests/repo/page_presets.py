"""The page of the presets, made from their files under scheduler/protocols/presets."""

from collections.abc import Iterator, Mapping

from scheduler.protocols.import_fields import IMPORT_FIELDS
from scheduler.protocols.preset_file import Preset, every_preset

HEAD = """# Presets: exports that are known

Made from `scheduler/protocols/presets/` by `make docs`; a test compares them.

`import: {preset: NAME}` in a clinic's file maps the export of a booking system: its columns, how it writes dates, its
words for statuses. Treatments are the clinic's own: map them under `import.treatments`. What stands in the file
beside `preset` counts in the preset's place, key by key; a clinic that maps `name` takes the preset's name columns
away.
[Import from your booking system](../how-to/import-from-your-booking-system.md) shows it at work.

Every column here was read in a public source, which is named: an export that somebody published, the code of the
system itself, its maker's documentation. Nothing is guessed. Booking systems change their exports without telling:
where a needed column is missing the import is refused and says which, and `aftercare import --guess FILE` proposes a
mapping of the file as it is.
"""
NOT_SHIPPED: Mapping[str, str] = {
    "Fresha": "its list of appointments (Appointment reference, Client, Team member, Resource, Scheduled date, "
    "Scheduled time, Duration, Services, Status) has neither phone nor email: nobody could be reached by it",
    "Cal.com": "its columns are written in the language of whoever exports, and those words were not found; its "
    "bookings come in by webhook",
    "Google Calendar": "its CSV is a form to import, not an export; use a calendar feed",
    "Cliniko": "no public source was found; its bookings are fetched from its API",
    "Doctolib, Jane, Mindbody, Phorest, SimplePractice, Square Appointments, Timely, Vagaro, Zenoti, Zoho Bookings, "
    "Booksy, SimplyBook.me": "no public source was found that shows the columns of their exports as they are",
}
"""Booking systems that were looked for on the day of the presets, and why they have none."""


def presets_page() -> str:
    """Return the page."""
    lines = [HEAD, *(line for preset in every_preset() for line in _section(preset))]
    lines += ["## Looked for, and not shipped", "", "Map their exports yourself, or let `--guess` do it.", ""]
    lines += ["| booking system | why there is no preset |", "|---|---|"]
    lines += [f"| {system} | {why} |" for system, why in NOT_SHIPPED.items()]
    return "\n".join(lines) + "\n"


def _section(preset: Preset) -> Iterator[str]:
    yield f"## `{preset.name}`"
    yield ""
    yield f"{preset.system}: {preset.export}. {preset.notes}"
    yield ""
    yield "| our field | column |"
    yield "|---|---|"
    for field in IMPORT_FIELDS:
        if field in preset.columns:
            yield f"| `{field}` | {' and '.join(f'`{column}`' for column in preset.columns[field])} |"
    yield ""
    if preset.statuses:
        words = ", ".join(f"`{word}` is {status}" for word, status in preset.statuses.items())
        yield f"Statuses: {words}; [common words](config.md#fields-of-an-import) are known without."
        yield ""
    if preset.dates:
        yield f"Dates: `{preset.dates}`."
        yield ""
    yield f"Read on {preset.read_on:%Y-%m-%d} in:"
    yield ""
    yield from (f"- <{source}>" for source in preset.sources)
    yield ""
