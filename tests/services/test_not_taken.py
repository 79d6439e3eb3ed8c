"""What came in and was not taken stays on the list, counted together, until a person says that it is dealt with."""

from scheduler.domain.reasons import sentence
from scheduler.services.alerts import close_alert
from scheduler.services.not_taken import tell_of_refused
from scheduler.store.alerts import open_alerts
from tests.services.house import House


def test_what_was_refused_is_counted_together_and_closed_by_a_person(house: House) -> None:
    zone, now = house.configuration.clinic("north").timezone, house.clock.now()
    with house.store.write() as tx:
        for code, count in (("rows_refused", 2), ("exports_refused", 1), ("rows_refused", 3)):
            tell_of_refused(tx, code, "folder/north", clinic="north", count=count, now=now)
        tell_of_refused(tx, "rows_refused", "folder/south", clinic="south", count=1, now=now)
        alert, _ = sorted(open_alerts(tx), key=lambda it: it.subject)
        said = sentence(alert.reasons, zone)
        assert "rows of exports in the drop folder that were refused: 5" in said
        assert "exports in the drop folder that were refused: 1" in said.lower()
        assert close_alert(tx, alert.id, by="anna", now=now).closed_at == now
        assert [it.subject for it in open_alerts(tx)] == ["folder/south"]
