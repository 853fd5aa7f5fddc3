"""Counts in sentences."""


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun, and a verb if it has one: 1 row equals, 2,000 rows equal."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
