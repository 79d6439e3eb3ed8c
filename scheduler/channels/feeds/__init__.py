"""Calendars that others publish: how they are fetched. Nothing here knows what a booking is."""
