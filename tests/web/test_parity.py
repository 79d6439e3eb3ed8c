"""What people can do and see in the console, programs can too; and why not, where they can't.

Every route of the console has a line: what it does for a person, the named operations of REST do for a program.
"""

import re
from collections.abc import Iterator, Mapping

import pytest

from tests.repo.page_rest import document
from tests.services.house import House
from tests.web.desk import desk_app
from tests.web.matrix import Declared, routes

PERSON = "A program has a key instead of a session: nobody signs it in or out."
OWN = "It is about the account of the person who asks, and a key has none: `PATCH /users` changes somebody's name."
LOOK = "It is about how pages look."
EMAIL_FRAME = "It is the HTML of an email by itself, for a page to put into a frame; the operation beside it has it."
OWN_PHONE = (
    "A test goes to the phone or mailbox of the person who asks, and to nobody else: a key has neither, and one that "
    "named a receiver could write to anybody; `GET /schedules/{treatment}/steps/{step}` has the text as it goes out."
)
STEP = "put_appointment_step"
REPLY_OR_ALERT: Mapping[str, tuple[str, ...]] = {
    "take": ("post_reply_take", "post_alert_take"),
    "give-back": ("post_reply_give-back", "post_alert_give-back"),
    "close": ("post_reply_handled", "post_alert_close"),
    "answer": ("post_reply_answer", "post_reply_answer_preview"),
}

SAME: Mapping[str, tuple[str, ...] | str] = {
    # Who comes, and what belongs to a person.
    "POST /desk/login": PERSON,
    "POST /desk/login/code": PERSON,
    "POST /desk/login/link/{token}": PERSON,
    "POST /desk/logout": PERSON,
    "POST /desk/look": LOOK,
    "GET /desk/live": "It tells open pages to look again; programs are told by webhooks what happened.",
    "GET /desk/account": OWN,
    "POST /desk/account/profile": OWN,
    "POST /desk/account/addresses": OWN,
    "POST /desk/account/password": OWN,
    "POST /desk/account/sessions/end": OWN,
    "POST /desk/account/agenda": ("post_user_agenda",),
    "POST /desk/account/agenda/end": ("delete_user_agenda",),
    "GET /desk/account/second-factor/picture.svg": OWN,
    "POST /desk/account/second-factor/begin": OWN,
    "POST /desk/account/second-factor/confirm": OWN,
    "POST /desk/account/second-factor/recovery": OWN,
    "POST /desk/account/second-factor/off": OWN,
    "GET /desk/account/second-factor": OWN,
    # What goes on.
    "GET /desk/": ("get_messages", "get_alerts", "get_replies", "get_health"),
    "GET /desk/deliveries": ("get_deliveries", "get_messages"),
    "GET /desk/deliveries.csv": ("get_deliveries_export",),
    "GET /desk/outbox": ("get_outbox",),
    "GET /desk/outbox/{number}": ("get_outbox_message",),
    "GET /desk/outbox/{number}/mail": EMAIL_FRAME,
    # Appointments.
    "GET /desk/appointments": ("get_appointments",),
    "POST /desk/appointments/search": ("post_patients_search",),
    "POST /desk/appointments/new": ("post_appointments_plan",),
    "POST /desk/appointments": ("post_appointments",),
    "GET /desk/appointments/{number}": ("get_appointment",),
    "POST /desk/appointments/{number}/move": ("patch_appointment",),
    "POST /desk/appointments/{number}/cancel": ("patch_appointment",),
    "POST /desk/appointments/{number}/complete": ("patch_appointment",),
    "POST /desk/appointments/{number}/no-show": ("patch_appointment",),
    "POST /desk/appointments/import": ("post_imports", "post_imports_guess"),
    "GET /desk/appointments/import/{number}": ("get_import",),
    "POST /desk/appointments/import/{number}": ("post_import_carry-out",),
    "POST /desk/appointments/import/{number}/forget": ("delete_import",),
    "GET /desk/appointments/undo/{number}": ("get_undo",),
    "POST /desk/appointments/undo/{number}": ("post_undo",),
    # A patient.
    "GET /desk/patients/{number}": ("get_patient", "get_appointment_timeline", "get_patient_consent"),
    "POST /desk/patients/{number}/write": ("post_patient_messages", "post_patient_messages_preview"),
    "POST /desk/patients/{number}/details": ("patch_patient",),
    "POST /desk/patients/{number}/resend": ("patch_patient", "post_message_resend"),
    "POST /desk/patients/{number}/consent": ("put_patient_consent",),
    "POST /desk/patients/{number}/pause": ("post_pauses",),
    "POST /desk/patients/{number}/resume": ("delete_pause",),
    "POST /desk/patients/{number}/stop": ("post_patient_stop",),
    "POST /desk/patients/{number}/links": ("delete_patient_links",),
    "POST /desk/patients/{number}/export": ("get_patient_export",),
    "POST /desk/patients/{number}/erase": ("post_patient_erase",),
    "POST /desk/patients/{number}/visits/{visit}/steps/{step}/skip": (STEP,),
    "POST /desk/patients/{number}/visits/{visit}/steps/{step}/move": (STEP,),
    "POST /desk/patients/{number}/visits/{visit}/steps/{step}/note": (STEP,),
    "POST /desk/patients/{number}/visits/{visit}/steps/{step}/lift": ("delete_appointment_step",),
    "POST /desk/patients/{number}/messages/{message}/now": ("post_message_send-now",),
    "POST /desk/patients/{number}/messages/{message}/release": ("post_message_release",),
    "POST /desk/patients/{number}/messages/{message}/drop": ("post_message_drop",),
    # What needs a person.
    "GET /desk/inbox": ("get_replies", "get_alerts"),
    "GET /desk/inbox/{kind}/{number}": ("get_reply", "get_alert"),
    **{f"POST /desk/inbox/{{kind}}/{{number}}/{what}": same for what, same in REPLY_OR_ALERT.items()},
    # Schedules.
    "GET /desk/schedules": ("get_schedules",),
    "GET /desk/schedules/file-check": ("get_file-problems",),
    "GET /desk/schedules/{treatment}": ("get_schedule",),
    "GET /desk/schedules/{treatment}/{step}": ("get_schedule_step",),
    "GET /desk/schedules/{treatment}/{step}/email": EMAIL_FRAME,
    "POST /desk/schedules/{treatment}/{step}/test": OWN_PHONE,
    "GET /desk/schedules/other-texts": ("get_text",),
    "GET /desk/schedules/other-texts/{name}": ("get_text",),
    "GET /desk/schedules/pending-edit": ("get_plans_current", "get_plans_current_changes"),
    "POST /desk/schedules/pending-edit": ("post_plans",),
    "POST /desk/schedules/pending-edit/apply": ("post_plans_current_apply",),
    "POST /desk/schedules/pending-edit/go-on": ("post_apply_go-on",),
    "POST /desk/schedules/pending-edit/give-up": ("post_applies_give-up",),
    "GET /desk/schedules/apply-history": ("get_applies",),
    # Setup.
    "GET /desk/setup": ("get_health",),
    "POST /desk/setup/examine": ("get_health",),
    "GET /desk/setup/senders": ("get_senders",),
    "GET /desk/setup/users": ("get_users",),
    "GET /desk/setup/users/{user_id}": ("get_user",),
    "POST /desk/setup/users/new": ("post_users", "post_user_link"),
    "POST /desk/setup/users/{user_id}/grant": ("put_user_grant", "delete_user_grant"),
    "POST /desk/setup/users/{user_id}/disable": ("post_user_disable",),
    "POST /desk/setup/users/{user_id}/enable": ("post_user_enable",),
    "POST /desk/setup/users/{user_id}/link": ("post_user_link",),
    "POST /desk/setup/users/{user_id}/forget-second-factor": ("post_user_forget-second-factor",),
    "GET /desk/setup/keys": ("get_keys",),
    "POST /desk/setup/keys": ("post_keys",),
    "POST /desk/setup/keys/{key_id}/revoke": ("delete_key",),
    "GET /desk/setup/hooks": ("get_webhooks",),
    "POST /desk/setup/hooks": ("post_webhooks",),
    "GET /desk/setup/hooks/{endpoint_id}": ("get_webhook", "get_webhook_calls"),
    "POST /desk/setup/hooks/{endpoint_id}/{what}": (
        "patch_webhook",
        "post_webhook_ping",
        "post_webhook_secret",
        "post_webhook_call_again",
        "post_webhook_calls_again",
    ),
    "GET /desk/setup/audit": ("get_audit",),
    "GET /desk/setup/bookings": ("get_bookings", "get_booking", "get_booking-systems"),
    "POST /desk/setup/bookings/{event_id}/again": ("post_booking_again",),
    "POST /desk/setup/bookings/{event_id}/aside": ("post_booking_set-aside",),
    "GET /desk/setup/calendars/{clinic}/{source}": ("get_booking-system",),
    "POST /desk/setup/calendars/{clinic}/{source}/read": ("post_booking-system_read",),
}
STRICTER = frozenset({"GET /desk/", "GET /desk/setup", "POST /desk/setup/examine"}) | {
    "POST /desk/account/agenda",
    "POST /desk/account/agenda/end",
}
"""A key needs more for these, since it has no account of its own and no page that leaves out what it may not see."""


@pytest.fixture(scope="module")
def permissions() -> Mapping[str, str]:
    """What every operation needs, by its name."""
    each = (operation for methods in document()["paths"].values() for operation in methods.values())
    return {it["operationId"]: it["x-permission"] for it in each}


def asked(house: House) -> Iterator[Declared]:
    """Yield what has to have a line: not what is open to all, nor pages that ask for what their own form sends."""
    console = [it for it in routes(desk_app(house)) if it.path.startswith("/desk")]
    forms = {it.path for it in console if it.method == "POST"}
    for route in console:
        only_asks = route.method == "GET" and (route.needs is None or route.path in forms)
        if str(route) in SAME or not only_asks:
            yield route


def test_every_route_of_the_console_has_its_operation_or_a_reason_why_not(house: House) -> None:
    found = {str(it) for it in asked(house)}
    assert found - SAME.keys() == set(), "say in SAME which operation of REST does the same, or why none does"
    assert SAME.keys() - found == set(), "the console has no such route any more"


def test_every_reason_is_a_sentence_and_every_operation_is_there(permissions: Mapping[str, str]) -> None:
    for route, same in SAME.items():
        if isinstance(same, str):
            assert re.fullmatch(r"[A-Z].{20,}\.", same), route
        else:
            assert set(same) - permissions.keys() == set(), route


def test_programs_need_the_same_permission_as_people(house: House, permissions: Mapping[str, str]) -> None:
    for route in asked(house):
        same = SAME[str(route)]
        if isinstance(same, str) or str(route) in STRICTER:
            continue
        assert route.needs
        assert {permissions[it] for it in same} == {str(route.needs.permission)}, route
