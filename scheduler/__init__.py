"""Aftercare: the right follow-up message to each patient, at the right local time, once."""
