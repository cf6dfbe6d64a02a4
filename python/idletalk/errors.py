"""What can go wrong that a user can mend."""


class IdletalkError(Exception):
    """Something that the user can mend: the message is one line that says what and how.

    The command line prints it and exits with 2; anything else that is raised is a mistake of ours.
    """
