"""Figures in a row."""

from typing import Literal

import streamlit as st

_TILE_PIXELS = 132  # six fit beside the sidebar at 1280; narrower windows wrap


def tiles(
    values: dict[str, str], key: str | None = None, width: int | Literal["stretch"] = _TILE_PIXELS
) -> None:
    """Draw a row of figures."""
    with st.container(horizontal=True, key=key):
        for label, value in values.items():
            st.metric(label, value, border=True, width=width)
