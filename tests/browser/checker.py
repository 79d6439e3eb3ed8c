"""What axe-core says of a page that is open."""

import json

from tests.browser.chrome import Tab


def violations(tab: Tab, axe: str) -> list[str]:
    """Return what axe-core finds wrong with the page as it stands, each with where.

    It needs timers, which are off with the page's scripts: they are on while it looks at what has been loaded.
    """
    tab.say("Emulation.setScriptExecutionDisabled", value=False)
    if tab.see("typeof axe") == "undefined":
        tab.see(axe)
    found = json.loads(tab.see("axe.run({resultTypes: ['violations']}).then(it => JSON.stringify(it.violations))"))
    tab.say("Emulation.setScriptExecutionDisabled", value=True)
    return [f"{it['id']}: {node['target']} {node['failureSummary']}" for it in found for node in it["nodes"]]
