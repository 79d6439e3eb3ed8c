"""Bookings that systems tell by themselves: taken in, read in each system's words, followed whatever their order."""
