"""The FHIR server of each clinic, mounted at /fhir/r4."""
