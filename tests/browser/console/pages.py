"""Every page of the console, one line each: whoever adds a page adds its line, a test asks for it.

In braces stands what the sample story knows (`DeskSite`): {appointment}, {patient}, {upcoming}, {waiting}.
"""

from collections.abc import Mapping

STEP, A_STEP = (
    "/patients/{number}/visits/{visit}/steps/{step}",
    "/patients/{patient}/visits/{appointment}/steps/{step}",
)
PAGES: Mapping[str, str] = {
    "/": "/",
    "/login": "/login",
    "/account": "/account",
    "/account/password": "/account/password",
    "/account/second-factor": "/account/second-factor",
    "/inbox": "/inbox",
    "/inbox/{kind}/{number}": "/inbox/alerts/1",
    "/appointments": "/appointments",
    "/appointments/new": "/appointments/new",
    "/appointments/import": "/appointments/import",
    "/appointments/{number}": "/appointments/{appointment}",
    "/appointments/{number}/move": "/appointments/{upcoming}/move",
    "/appointments/{number}/cancel": "/appointments/{upcoming}/cancel",
    "/appointments/{number}/complete": "/appointments/{appointment}/complete",
    "/appointments/{number}/no-show": "/appointments/{appointment}/no-show",
    "/patients/{number}": "/patients/{patient}",
    "/patients/{number}/write": "/patients/{patient}/write",
    f"{STEP}/skip": f"{A_STEP}/skip",
    f"{STEP}/move": f"{A_STEP}/move",
    f"{STEP}/note": f"{A_STEP}/note",
    "/patients/{number}/messages/{message}/now": "/patients/{patient}/messages/{waiting}/now",
    "/patients/{number}/pause": "/patients/{patient}/pause",
    "/patients/{number}/stop": "/patients/{patient}/stop",
    "/patients/{number}/links": "/patients/{patient}/links",
    "/patients/{number}/details": "/patients/{patient}/details",
    "/patients/{number}/resend": "/patients/{patient}/resend",
    "/patients/{number}/consent": "/patients/{patient}/consent",
    "/patients/{number}/export": "/patients/{patient}/export",
    "/patients/{number}/erase": "/patients/{patient}/erase",
    "/deliveries": "/deliveries",
    "/outbox": "/outbox",
    "/outbox/{number}": "/outbox/1",
    "/schedules": "/schedules",
    "/schedules/{treatment}": "/schedules/microneedling",
    "/schedules/{treatment}/{step}": "/schedules/microneedling/redness_check",
    "/schedules/file-check": "/schedules/file-check",
    "/schedules/pending-edit": "/schedules/pending-edit",
    "/schedules/apply-history": "/schedules/apply-history",
    "/schedules/other-texts": "/schedules/other-texts",
    "/setup": "/setup",
    "/setup/senders": "/setup/senders",
    "/setup/users": "/setup/users",
    "/setup/users/new": "/setup/users/new",
    "/setup/users/{user_id}": "/setup/users/1",
    "/setup/keys": "/setup/keys",
    "/setup/hooks": "/setup/hooks",
    "/setup/bookings": "/setup/bookings",
    "/setup/audit": "/setup/audit",
}
"""A route of a page, and the address under which the story has one."""

NO_PAGES: Mapping[str, str] = {
    "/live": "a stream",
    "/deliveries.csv": "a file",
    "/outbox/{number}/mail": "what a frame shows",
    "/schedules/pending-edit/apply": "leads to its page",
    "/schedules/other-texts/{name}": "what a frame shows",
    f"{STEP}/lift": "needs a step that was changed: its own tests",
    "/patients/{number}/messages/{message}/release": "needs a message on hold: its own tests",
    "/patients/{number}/messages/{message}/drop": "needs a message on hold: its own tests",
    "/patients/{number}/resume": "needs a pause: its own tests",
    "/schedules/{treatment}/{step}/email": "what a frame shows",
    "/account/second-factor/picture.svg": "a picture",
    "/login/code": "needs half a session: test_shell_pages.py",
    "/login/link/{token}": "needs a link: its own tests",
    "/setup/calendars/{clinic}/{source}": "needs a booking calendar: its own tests",
    "/setup/hooks/{endpoint_id}": "needs a webhook: its own tests",
    "/appointments/import/{number}": "needs an upload: its own tests",
    "/appointments/undo/{number}": "needs something to undo: its own tests",
}
"""Routes that no look at all pages comes to, and why."""
