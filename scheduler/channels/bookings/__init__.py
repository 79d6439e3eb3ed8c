"""Booking systems: how their calls are signed, and how they are asked. Nothing here knows what a booking is."""
