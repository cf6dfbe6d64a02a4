"""The one family of errors that idletalk raises on purpose."""


class IdletalkError(Exception):
    """Something that the user can mend: the message is one line that says what to do.

    The command line prints the message alone and exits with code 1; anything that is not an
    ``IdletalkError`` is a mistake of ours and keeps its traceback.
    """
