"""Lets `python -m scheduler.cli` be the command."""

from scheduler.cli import main

main()
