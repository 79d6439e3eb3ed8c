"""register, timeline, cancel, reschedule, complete, no-show: what they print, and their exit codes."""

import pytest

from tests.cli.command import REGISTER, SECRETS, Command

MESSAGE_KEYS = {"id", "step", "channel", "occurrence", "purpose", "due_at", "useful_until", "status", "reason"}


def test_register_prints_the_plan_as_the_contract_says(aftercare: Command) -> None:
    told = aftercare.json("register", *REGISTER, "--external-id", "B-1", "--language", "fr")
    assert {"appointment", "external_id", "clinic", "treatment", "starts_at", "messages"} <= set(told)
    assert (told["external_id"], told["clinic"], told["treatment"]) == ("B-1", "north", "peel")
    assert told["starts_at"] == "2030-03-20T14:00:00Z"
    assert all(set(message) >= MESSAGE_KEYS for message in told["messages"])
    check = next(message for message in told["messages"] if message["step"] == "check")
    assert check == {
        "id": check["id"],
        "step": "check",
        "channel": "sms",
        "occurrence": 1,
        "purpose": "care",
        "due_at": "2030-03-22T14:00:00Z",
        "useful_until": "2030-03-25T14:00:00Z",
        "status": "scheduled",
        "reason": "2 days after the appointment; will be sent at Fri 2030-03-22 10:00.",
    }


def test_timeline_prints_what_register_printed(aftercare: Command) -> None:
    told = aftercare.json("register", *REGISTER)
    assert aftercare.json("timeline", str(told["appointment"])) == told


def test_register_again_changes_nothing_and_succeeds(aftercare: Command) -> None:
    assert aftercare.register("--external-id", "B-1") == aftercare.register("--external-id", "B-1")


def test_people_get_a_table_with_times_of_the_clinic(aftercare: Command) -> None:
    aftercare.register()
    printed = " ".join(aftercare.done("timeline", "1").split())
    assert "Appointment 1 peel at north, Wed 2030-03-20 10:00 (America/Toronto), booked" in printed
    assert "Fri 2030-03-22 10:00" in printed


@pytest.mark.parametrize(
    ("command", "status", "reason"),
    [("cancel", "cancelled", "The appointment was cancelled."), ("no-show", "no_show", "The patient did not come.")],
)
def test_calling_an_appointment_off_cancels_its_messages(
    aftercare: Command, command: str, status: str, reason: str
) -> None:
    told = aftercare.json(command, str(aftercare.register()))
    assert told["status"] == status
    assert {(message["status"], message["reason"]) for message in told["messages"]} == {("cancelled", reason)}


def test_complete_is_for_a_visit_that_has_begun_and_was_not_called_off(aftercare: Command) -> None:
    to_come, over = str(aftercare.register()), str(aftercare.register("--at", "2020-03-20T10:00"))
    assert "is still to come" in aftercare.refused("complete", to_come)
    assert aftercare.json("complete", over)["status"] == "completed"
    aftercare.done("cancel", over)
    said = aftercare.refused("complete", over)
    assert said == "appointment 2 is cancelled: book it again first with `aftercare reschedule 2 --at …`"


def test_reschedule_moves_the_plan_and_books_again_what_was_cancelled(aftercare: Command) -> None:
    appointment = str(aftercare.register())
    aftercare.done("cancel", appointment)
    told = aftercare.json("reschedule", appointment, "--at", "2030-03-21T10:00")
    assert (told["status"], told["starts_at"]) == ("booked", "2030-03-21T14:00:00Z")
    assert "2030-03-23T14:00:00Z" in {message["due_at"] for message in told["messages"]}
    assert {message["status"] for message in told["messages"]} == {"scheduled"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "tomorrow"), "starts_at: is not a date and time such as 2026-03-02T14:30"),
        (("--at", "2030-03-20"), "starts_at: has no time of day: write it as 2026-03-02T14:30"),
        (("--phone", "12", "--email", "zoe@"), "phone: is no number that exists: check the digits; email: is not an"),
        (("--phone", "", "--email", ""), "phone, email: both are empty, so nothing could reach this patient"),
        (("--clinic", "norht"), "there is no clinic 'norht' in the configuration: did you mean north?"),
        (("--treatment", "peal"), "treatment: there is no protocol for “peal” (did you mean peel?)"),
        (("--name", " "), "name: is empty"),
        (("--name", "Zo\udcff"), "name: is not UTF-8 text: type it anew"),
        (("--timezone", "Mars/Olympus"), "timezone: is not an IANA time zone such as Europe/Madrid"),
        (("--consent-sms", "perhaps"), "consent_sms: is not yes, no or unknown"),
    ],
)
def test_a_registration_that_is_wrong_is_refused_in_one_line(
    aftercare: Command, words: tuple[str, ...], said: str
) -> None:
    line = aftercare.refused("register", *REGISTER, *words)
    assert line.startswith(said)
    assert not any(secret in line for secret in SECRETS)


def test_a_change_of_what_is_registered_says_which_command_makes_it(aftercare: Command) -> None:
    aftercare.register("--external-id", "B-1")
    line = aftercare.refused("register", *REGISTER, "--external-id", "B-1", "--at", "2030-03-27T10:00")
    assert line == (
        "this is appointment 1 (external_id B-1), registered for another time: "
        "move it with `aftercare reschedule 1 --at …`"
    )
    line = aftercare.refused("register", *REGISTER, "--external-id", "B-1", "--name", "Léo Martin")
    assert line.startswith("external_id B-1 is appointment 1 of another patient: cancel it")


def test_registering_again_what_was_cancelled_books_nothing_and_says_how_to(aftercare: Command) -> None:
    aftercare.done("cancel", str(aftercare.register()))
    assert aftercare.refused("register", *REGISTER) == (
        "this is appointment 1, cancelled: book it again with `aftercare reschedule 1 --at …`"
    )
    assert aftercare.json("timeline", "1")["status"] == "cancelled"


@pytest.mark.parametrize("command", ["timeline", "cancel", "complete", "no-show"])
def test_an_appointment_that_is_not_there_is_refused(aftercare: Command, command: str) -> None:
    assert aftercare.refused(command, "77") == "there is no appointment 77"


@pytest.mark.parametrize("number", ["zero", "0", "-1", "99999999999999999999"])
def test_what_is_no_appointments_number_is_a_wrong_usage(aftercare: Command, number: str) -> None:
    ended = aftercare.run("timeline", "--", number)
    assert ended.code == 2
    assert ended.err


def test_rescheduling_to_no_time_at_all_is_refused(aftercare: Command) -> None:
    aftercare.register()
    line = aftercare.refused("reschedule", "1", "--at", "soon")
    assert line == "--at is not a date and time such as 2026-03-02T14:30"
