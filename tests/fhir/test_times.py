"""When an appointment ends, and which ends can't be."""

from typing import Any

from tests.fhir.system import System, appointment, patient, places

LENGTHS: list[tuple[dict[str, Any], int, str]] = [
    ({"end": None, "minutesDuration": 240}, 201, "2026-03-18T18:00"),
    ({"minutesDuration": 240}, 201, "2026-03-18T15:00"),
    ({"end": "2026-03-19T10:00:00-04:00"}, 201, "2026-03-19T14:00"),
    ({"end": "2026-03-19T10:00:01-04:00"}, 422, "Appointment.end"),
    ({"end": "2026-05-18T10:00:00-04:00"}, 422, "Appointment.end"),
    ({"end": None, "minutesDuration": 2_000}, 422, "Appointment.end"),
    ({"end": None, "minutesDuration": 2**31 - 1}, 422, "Appointment.end"),
    ({"status": "fulfilled"}, 422, "Appointment.start"),
    ({"status": "fulfilled", "start": "2026-03-10T15:00:00-04:00", "end": None}, 201, "None"),
]


def test_a_length_gives_the_end_and_none_that_can_not_be_is_taken(system: System) -> None:
    system.put(patient())
    for number, (more, status, said) in enumerate(LENGTHS):
        answer = system.put(appointment(f"a{number}", **more))
        assert answer.status_code == status, (more, answer.text)
        if status == 422:
            assert said in places(answer)
        else:
            visit = system.house.appointment(system.count("appointments"))
            assert str(visit.ends_at and visit.ends_at.isoformat()[:16]) == said
