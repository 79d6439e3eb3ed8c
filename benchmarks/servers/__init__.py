"""Providers that are faster than what is measured, each in a process of its own."""
