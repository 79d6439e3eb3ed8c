"""A clinic's export: the bytes as a table, its columns as our fields, its rows as visits in the book."""
