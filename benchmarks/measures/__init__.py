"""One module for each group of rows: a function that takes a `Bench` and returns what it measured."""
