"""How a file is read, where what was found out is wrong: format, header, times, duplicates."""

from typing import Any

import streamlit as st

from hrnn.data.formats import ReadAs
from ui.arriving import arrived

FOUND = "as found"
_FORMATS = {
    "delimited": "delimited text (CSV and the like)",
    "json": "JSON",
    "json_lines": "JSON Lines",
    "events": "JSON with nested events",
    "parquet": "Parquet",
    "feather": "Feather",
    "workbook": "Excel or another workbook",
}
_SEPARATORS = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "|",
    "::": "::",
    "^": "^",
    "~": "~",
    " ": "spaces",
}
_HEADERS = {True: "names", False: "data"}
_ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1")
_KEYS = tuple(
    f"read_{name}"
    for name in (
        *("format", "separator", "header", "encoding", "unit", "zone", "sheet", "member"),
        "duplicates",
    )
)
_UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_ZONES = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Zurich", "Europe/Paris", "America/New_York",
    "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "Asia/Kolkata",
    "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip


def pick_reading() -> tuple[ReadAs, dict[str, Any]]:
    """Let it be said how a file is read; what is left alone is found out.

    Returns:
        What concerns the file, and what concerns its rows: settings of an import.
    """
    kept = arrived().setdefault("reading", {})  # a widget's value goes when its page is left
    for key, value in kept.items():
        st.session_state.setdefault(key, value)
    with st.popover("How to read it", key="reading"):
        st.caption("Found out by itself; say it here where that went wrong.")
        left, right = st.columns(2)
        with left:
            format_ = _pick("Format", "read_format", _FORMATS)
            separator = _pick("Separator", "read_separator", _SEPARATORS)
            header = _pick("First row holds", "read_header", _HEADERS)
            encoding = _pick("Encoding", "read_encoding", {one: one for one in _ENCODINGS})
        with right:
            unit = _pick("Unit of numeric times", "read_unit", _UNITS)
            zone = st.selectbox(
                "Zone of times that name none", _ZONES, key="read_zone", accept_new_options=True
            )
            sheet = st.text_input("Sheet of a workbook", key="read_sheet", placeholder=FOUND)
            member = st.text_input("File in a ZIP", key="read_member", placeholder=FOUND)
            keep = st.toggle("Keep exact duplicates", key="read_duplicates")
    kept.update({key: st.session_state[key] for key in _KEYS})
    read_as = ReadAs(
        format=format_,
        separator=separator,
        header=header,
        encoding=encoding,
        sheet=sheet or None,
        member=member or None,
    )
    return read_as, {"time_unit": unit, "timezone": zone, "keep_duplicates": keep}


def _pick(label: str, key: str, names: dict[Any, str]) -> Any:
    return st.selectbox(
        label, [None, *names], format_func=lambda one: names.get(one, FOUND), key=key
    )
