"""The speed of idletalk beside that of other programs, in one run on the same captures: ``python -m bench``."""
