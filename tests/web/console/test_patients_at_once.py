"""Two people have the same patient before them: nobody takes back by accident what the other one did."""

import re
from html import unescape

from scheduler.domain.access import Role
from tests.services.house import House
from tests.web.desk import Visitor, desk_app, signed_in

FORM = {"name": "Zoë Lachance", "phone": "+14165550123", "email": "zoe@patients.example"}


def action(page: str) -> str:
    found = re.search(r'action="(/desk/patients/\d+/details[^"]*)"', page)
    assert found
    return unescape(found[1])


def details(visitor: Visitor, patient: int) -> str:
    return visitor.get(f"/desk/patients/{patient}/details").text


def test_a_correction_does_not_take_back_what_somebody_else_corrected_since(any_house: House) -> None:
    appointment, app = any_house.register(), desk_app(any_house)
    patient = any_house.patient(appointment).id
    anna, olga = (signed_in(app, any_house.store, role, "north") for role in (Role.STAFF, Role.OPERATOR))
    hers, other = action(details(anna, patient)), action(details(olga, patient))
    assert anna.post(hers, {**FORM, "phone": "+14165550177"}).status_code == 303
    late = olga.post(other, {**FORM, "name": "Zoé Lachance"})
    assert late.status_code == 409
    assert "+14165550177" in late.text
    assert any_house.patient(appointment).phone == "+14165550177"
    again = olga.post(action(late.text), {**FORM, "name": "Zoé Lachance", "phone": "+14165550177"})
    assert again.status_code == 303
    assert (any_house.patient(appointment).name, any_house.patient(appointment).phone) == (
        "Zoé Lachance",
        "+14165550177",
    )
