"""The fields that a clinic's export may have a column for."""

from collections.abc import Mapping

IMPORT_FIELDS: Mapping[str, str] = {
    "external_id": "The booking system's own id of the appointment; with it a moved appointment is recognised.",
    "patient_id": "The booking system's own id of the patient.",
    "name": "The patient's full name.",
    "first_name": "The first name, where the export keeps names in two columns.",
    "last_name": "The last name, where the export keeps names in two columns.",
    "phone": "The mobile number, as the clinic's country writes it or with + and country code.",
    "email": "The email address.",
    "language": "The patient's language as a code: en, fr, es.",
    "timezone": "The patient's own IANA time zone, where it is not the clinic's.",
    "treatment": "What was booked; the names are mapped to protocols under import.treatments.",
    "starts_at": "Date and time of the beginning, read by import.dates; of a range the end is read too.",
    "ends_at": "Date and time of the end, read by import.dates.",
    "status": "Whether it is booked, completed, cancelled or a no-show; other than common words are mapped under "
    "import.statuses.",
    "consent_sms": "Whether the patient agreed to text messages: yes, no or nothing.",
    "consent_email": "Whether the patient agreed to emails: yes, no or nothing.",
    "consent_marketing": "Whether the patient agreed to marketing: yes, no or nothing.",
    "updated_at": "When the booking system last changed the booking, read by import.dates, a day alone too: of two "
    "words in the wrong order the newer counts. Empty: it never did.",
}
"""Field -> what it holds. `import.columns` maps these to the columns of a clinic's file."""

NEEDED = (("starts_at",), ("treatment",), ("name", "first_name", "last_name"), ("phone", "email"))
"""Of each group an import mapping has at least one."""

MAY_BE_LOST = ("external_id", "status", "consent_sms", "consent_email", "consent_marketing", "updated_at")
"""Without one of these that is mapped a file is refused, unless the clinic's file calls it optional: a cancellation,
a no to texts, or which visit is meant would be lost."""
