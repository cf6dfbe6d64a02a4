"""Numbers with the word for what was counted."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 message``, ``2 messages``; `many` where the plural is more than an s behind `one`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
