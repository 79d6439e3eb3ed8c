"""What ends a run of the benchmarks with one line."""


class BenchError(Exception):
    """A round did not do what it was to do: its figure would be a lie."""
