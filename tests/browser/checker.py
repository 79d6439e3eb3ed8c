"""What axe-core says of a page that is open."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.browser.chrome import Tab

OF_LOOKS = ("color-contrast", "target-size")
"""Rules about what depends on how wide and how dark it is: each look is asked for these, one for all others."""


def asked_for(rules: Sequence[str] = ()) -> Mapping[str, Any]:
    """Return what axe-core is told: all rules or some, of this document.

    Frames are left out: it would wait half a second for an answer of each, where it does not run. And so is what it
    loads beforehand, for rules about films and about styles that turn a page.
    """
    only = {"runOnly": list(rules)} if rules else {}
    return {"resultTypes": ["violations"], "iframes": False, "preload": False, **only}


def violations(tab: Tab, axe: str, rules: Sequence[str] = ()) -> list[str]:
    """Return what axe-core finds wrong with the page as it stands, by all rules or some, each with where.

    It needs timers, which are off with the page's scripts: they are on while it looks at what has been loaded.
    """
    tab.say("Emulation.setScriptExecutionDisabled", value=False)
    if tab.see("typeof axe") == "undefined":
        tab.see(axe)
    found = json.loads(tab.see(f"axe.run({json.dumps(asked_for(rules))}).then(it => JSON.stringify(it.violations))"))
    tab.say("Emulation.setScriptExecutionDisabled", value=True)
    return [f"{it['id']}: {node['target']} {node['failureSummary']}" for it in found for node in it["nodes"]]
