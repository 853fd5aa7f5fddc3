"""Tables to take along: as CSV whose cells a spreadsheet shows and never runs."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from hrnn.data.export import inert


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Write a table as CSV, UTF-8 with the mark by which Excel knows it.

    Text that a spreadsheet would run, in a cell or in a column's name, gets an apostrophe.
    """
    names, _ = inert(pd.DataFrame({"name": [str(name) for name in frame.columns]}))
    safe, _ = inert(frame)
    return safe.set_axis(names["name"].tolist(), axis=1).to_csv(index=False).encode("utf-8-sig")


def offer_csv(
    make: Callable[[], pd.DataFrame], name: str, key: str, label: str = "Download as CSV"
) -> None:
    """Offer a table as a file that is made when somebody asks for it.

    Args:
        make: makes the table; it must not draw.
        name: of the file.
        key: of the button.
        label: on the button.
    """
    offer(lambda: csv_bytes(make()), name, key, label, "text/csv")


def offer(make: Callable[[], bytes | str], name: str, key: str, label: str, mime: str) -> None:
    """Offer a file that is made when somebody asks for it; arguments as of :func:`offer_csv`."""
    st.download_button(
        label,
        data=make,
        file_name=name,
        mime=mime,
        key=key,
        on_click="ignore",
        icon=":material/download:",
    )


def draw_table(
    frame: pd.DataFrame,
    name: str,
    key: str,
    whole: Callable[[], pd.DataFrame] | None = None,
    **options: Any,
) -> None:
    """Draw a table that can be taken along.

    Args:
        frame: what is shown.
        name: of the file, without its ending.
        key: of the table; that of its button begins with it.
        whole: makes the table that is taken along, where more is taken than is shown.
        options: of ``st.dataframe``.
    """
    st.dataframe(frame, hide_index=True, key=key, **options)
    offer_csv(whole or (lambda: frame), f"{name}.csv", f"{key}_csv", "CSV")
