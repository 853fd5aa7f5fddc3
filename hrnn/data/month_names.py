"""Dates whose month is a word, written in digits: 25 Mar 2024, Mon Mar 25 10:00:00 2024."""

#: Pattern of an English month, whatever the case.
MONTH = (
    "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_MONTHS = "['jan','feb','mar','apr','may','jun','jul','aug','sep','oct','nov','dec']"
#: What comes before: pattern, and what takes its place.
_REWRITTEN = (
    (r"(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+", ""),
    (  # Mar 25 10:00:00 +0000 2024
        rf"(?i)^{MONTH}\s+(\d{{1,2}})\s+(\d{{1,2}}:\d{{2}}:\d{{2}})"
        r"\s+(?:(UTC|GMT|[+-]\d{4})\s+)?(\d{4})$",
        r"\2 \1 \5 \3 \4",
    ),
    (rf"(?i)^{MONTH}\.?\s+(\d{{1,2}}),?\s+(\d{{4}})\b", r"\2 \1 \3"),  # March 25, 2024
)
#: 25 Mar 2024, 25-Mar-2024 10:00, 25/Mar/2024:10:00:00
_DAY_MONTH_YEAR = rf"(?i)^(\d{{1,2}})[-/. ]\s*{MONTH}\.?[-/ ]\s*(\d{{4}})(?:[:,]?(.*))$"


def in_digits(text: str) -> str:
    """Make SQL of SQL: a date with a month's name becomes 2024-3-25 10:00, all else stays."""
    for pattern, place in _REWRITTEN:
        text = f"regexp_replace({text}, '{pattern}', '{place}')"
    part = f"regexp_extract({text}, '{_DAY_MONTH_YEAR}', ['d', 'm', 'y', 'rest'])"
    month = f"list_position({_MONTHS}, lower(({part}).m[1:3]))"
    return (
        f"CASE WHEN ({part}).y = '' THEN {text} ELSE"
        f" ({part}).y || '-' || {month} || '-' || ({part}).d || ' ' || trim(({part}).rest) END"
    )
