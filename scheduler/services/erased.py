"""What is refused of an erased patient: nothing is planned, moved or sent any more. Visits can be called off."""

from scheduler.errors import ConflictError
from scheduler.store.database import Tx
from scheduler.store.patient_file import erasure_of


def refuse_erased(tx: Tx, patient_id: int) -> None:
    """Raise ConflictError where the patient's data were erased."""
    if erasure_of(tx, patient_id):
        said = f"the data of patient {patient_id} were erased: nothing is planned or sent any more"
        raise ConflictError(said, code="erased")
