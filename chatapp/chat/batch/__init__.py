"""Many prompts from a file, answered side by side and written to another: rows in, rows out, in the same order.

A row is no conversation: it is asked through the port and kept in the output file, never in the store. A thousand rows
in the history would bury what a person said, and every row would wait for a save that nobody reads.
"""
