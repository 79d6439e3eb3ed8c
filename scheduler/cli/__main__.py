"""Lets `python -m scheduler.cli` be the command."""

from scheduler.cli.app import main

main()
