"""Exports as booking systems write them: each is read as the report beside it says."""

from tests.services.exports_player import differences, play, playing


def test_every_export_is_read_as_the_report_beside_it_says() -> None:
    with playing() as (store, configuration, found):
        wrong = {case.name: differences(case.expected, play(store, configuration, case)) for case in found}
    assert {name: said for name, said in wrong.items() if said} == {}
    assert found
