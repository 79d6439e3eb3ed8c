"""A file whose header is not mapped: the console shows how it could be."""

from tests.services.house import House
from tests.web.console.test_appointments_files import bring
from tests.web.console.test_appointments_register import desk_of

UNMAPPED = (
    "Termin,Patient,Portable,Courriel,Prestation\n"
    "18/03/2026 10:00,Zoë Lachance,416 555 0123,zoe@patients.example,<b>Peel\n"
)


def test_a_file_that_is_not_mapped_is_refused_with_a_mapping_to_paste_and_nothing_of_a_patient(house: House) -> None:
    staff = desk_of(house)

    answer = bring(staff, UNMAPPED.encode())

    assert answer.status_code == 422
    assert "`aftercare import --guess` proposes how" in answer.text or "rename it there" in answer.text
    assert "How this file could be mapped" in answer.text
    assert "starts_at: Termin" in answer.text
    assert "&#34;&lt;b&gt;Peel&#34;: peel" in answer.text
    assert not any(secret in answer.text for secret in ("Lachance", "0123", "zoe@"))

    assert "How this file could be mapped" not in bring(staff, b"%PDF-1.7").text
