"""Findings on the page: what was seen, and what to do about it."""

from collections.abc import Container, Iterable

import streamlit as st

from hrnn.diagnostics import Finding
from ui.words import literal


def say_findings(findings: Iterable[Finding], key: str, but: Container[str] = ()) -> None:
    """Draw findings in a container, but for codes that are said elsewhere on the page."""
    shown = [one for one in findings if one.code not in but]
    if shown:
        lines = [f"- **{literal(one.evidence)}.** {literal(one.remedy)}" for one in shown]
        with st.container(key=key):
            st.info("Worth knowing:\n\n" + "\n".join(lines))
