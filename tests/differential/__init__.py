"""idletalk's facts held against tshark's, value by value, on captures that others made.

`python -m tests.differential` compares every capture and prints a table; `test_differential.py` does the same in the
test run. Where the two differ and idletalk is right, a line of `exemptions.tsv` says so and why.
"""
