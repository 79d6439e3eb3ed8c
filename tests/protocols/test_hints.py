"""What is suggested for a word that nobody knows."""

from scheduler.protocols.hints import suggest_few

TREATMENTS = ("chemical_peel", "dermaplaning", "hydrafacial", "laser_hair_removal", "microneedling", "peel", "led")


def test_a_hint_for_a_cell_is_short() -> None:
    assert suggest_few("microneedlin", TREATMENTS) == "did you mean microneedling?"
    assert suggest_few("Botox", TREATMENTS[:3]) == "one of chemical_peel, dermaplaning, hydrafacial"
    alike = suggest_few("Botox", TREATMENTS)
    assert alike.startswith("such as ")
    assert alike.count(",") == 2
