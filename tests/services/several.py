"""A clinic with two treatments whose messages of one kind become one: files, texts, and a patient who has both."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from scheduler.protocols.loader import load
from tests.services.house import APPROVED, CONFIG, VISIT, House, after, write_texts

GLOW = """
protocol: glow
title: {en: Glow, fr: Éclat, es: Brillo}
steps:
  - {id: care, after: 2h, channels: [sms, email], useful_for: 12h, advice: {no_makeup: 24h, hands_off: always}}
  - {id: ask_glow, kind: ask, after: 2d, at: "10:00", channels: [sms], ask: redness, template: ask}
"""
LIFT = """
protocol: lift
title: {en: Lift, fr: Lifting, es: Lifting}
steps:
  - {id: care, after: 2h, channels: [sms, email], useful_for: 12h, advice: {no_makeup: 2d, no_sport: 3d}}
  - {id: ask_lift, kind: ask, after: 2d, at: "12:00", channels: [sms], ask: redness, template: ask_otherwise}
"""
ADVICE = """
until:
  day: {en: "until {day}", fr: "jusqu\u2019au {day}", es: "hasta el {day}"}
  time: {en: "until {day}, {time}", fr: "jusqu\u2019au {day} à {time}", es: "hasta el {day}, {time}"}
tags:
  no_sport: {text: {en: No sport, fr: Pas de sport, es: Nada de deporte}}
  no_makeup: {text: {en: No make-up, fr: Pas de maquillage, es: Nada de maquillaje}, against: [makeup]}
  makeup: {text: {en: Cover it with make-up, fr: Couvrez avec du maquillage, es: Cúbrala con maquillaje}}
  hands_off: {text: {en: Hands off, fr: Ne touchez pas, es: No tocar}}
"""
SECOND = after(VISIT, hours=1)
"""When the second visit begins, as the first ends."""
FIRST_DUE, SECOND_DUE = after(VISIT, hours=3), after(SECOND, hours=3)
ASKED = datetime(2026, 3, 20, 14, 0, tzinfo=UTC)
ADVISING = """---
subject: {language} after {{{{ treatment }}}}
preheader: A word
---
For your {{{{ treatment }}}}:

{{% if advice %}}{{{{ advice }}}}{{% endif %}}

Yours.
"""


def refit(house: House, folder: Path, *, glow: str = GLOW, lift: str = LIFT, clinic: str = "") -> None:
    """Give the installation the two treatments; `clinic` is added to the file of north."""
    config = Path(shutil.copytree(CONFIG, folder / "config", dirs_exist_ok=True))
    (config / "protocols" / "glow.yaml").write_text(glow, encoding="utf-8")
    (config / "protocols" / "lift.yaml").write_text(lift, encoding="utf-8")
    (config / "advice.yaml").write_text(ADVICE, encoding="utf-8")
    north = config / "clinics" / "north.yaml"
    north.write_text(
        f"{(CONFIG / 'clinics' / 'north.yaml').read_text(encoding='utf-8')}\n{clinic}\n", encoding="utf-8"
    )
    known = load(config)
    clinics = {name: replace(it, on_call=()) for name, it in known.clinics.items()}
    house.configuration = replace(known, approvals=APPROVED, clinics=clinics)
    house.texts_dir = folder / "texts"
    if not house.texts_dir.exists():
        _write_texts(house.texts_dir)


def both(house: House, **more: str) -> tuple[int, int]:
    """Register Zoë for both, one after the other on one day; return the appointments."""
    first = house.register(treatment="glow", **more)
    return first, house.register(treatment="lift", starts_at=SECOND.isoformat(), **more)


def _write_texts(folder: Path) -> None:
    folder.mkdir()
    write_texts(folder)
    for language in ("en", "fr", "es"):
        for template in ("care", "ask", "ask_otherwise"):
            (folder / language / template).mkdir()
            calls = "{{ clinic.phone }}, {{ clinic.emergency_number }}"
            named = "{% if treatment %} {{ treatment }}{% endif %}"
            (folder / language / template / "sms.txt").write_text(f"{language} {template}{named}, {calls}\n")
            (folder / language / template / "email.md").write_text(ADVISING.format(language=language))
