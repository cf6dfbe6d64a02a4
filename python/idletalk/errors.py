"""What can go wrong that a user can mend: one line that says what to do."""


class IdletalkError(Exception):
    """Something that the user can mend; the message says what and how. The command line prints it and exits with 2."""
