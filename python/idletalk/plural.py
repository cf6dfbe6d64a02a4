"""Numbers with the word for what was counted, and times."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 message``, ``2 messages``; `many` where the plural is more than an s behind `one`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def observed(seconds: float) -> str:
    """How long was looked at: hours with a tenth, of less than a tenth seconds."""
    return f"{seconds / 3600:.1f} h" if seconds >= 360 else f"{seconds:.0f} s"
