"""Takes what a clinic's FHIR R4 system tells of patients, appointments and procedures."""
