"""An imported log on the page: tiles, what is odd, how it was read, rows, rejected rows."""

from typing import Literal

import pandas as pd
import streamlit as st

from hrnn.data.interactions import Interactions, plain_text
from hrnn.data.outcomes import IN_WORDS
from hrnn.data.report import Warned
from hrnn.diagnostics import about_data
from ui import logs, state
from ui.findings import say_findings
from ui.inputs import told_apart
from ui.page import say_note
from ui.words import literal, plural, short
from workspace.datasets import Dataset, list_datasets

_ROWS = 200
_TILE_PIXELS = 132  # six fit beside the sidebar at 1280; narrower windows wrap
_MEANING = {
    "USER_ID": "user",
    "ITEM_ID": "item",
    "TIMESTAMP": "time",
    "OUTCOME": "outcome",
    "SESSION_ID": "session id",
}


def tiles(
    values: dict[str, str], key: str | None = None, width: int | Literal["stretch"] = _TILE_PIXELS
) -> None:
    """Draw a row of figures."""
    with st.container(horizontal=True, key=key):
        for label, value in values.items():
            st.metric(label, value, border=True, width=width)


def _pick_log(dataset: Dataset) -> None:
    """Offer the logs that were imported before, where there are several."""
    known = {one.id: one for one in list_datasets(state.OWNER)}
    if len(known) < 2:
        return

    def choose() -> None:
        state.choose_log(known[st.session_state.log_pick])

    st.session_state.log_pick = dataset.id
    words = told_apart({made: f"{one.name} · imported {one.made}" for made, one in known.items()})
    st.selectbox(
        "Logs imported so far",
        list(known),
        format_func=words.__getitem__,
        key="log_pick",
        on_change=choose,
    )


def draw_log(dataset: Dataset) -> None:
    """Draw what an import kept and dropped, and what is worth knowing of it."""
    st.subheader(literal(dataset.name), anchor=False)
    _pick_log(dataset)
    say_note(dataset.note)
    data = logs.rows_of(dataset.owner, dataset.id)
    _draw_import(dataset, data)
    said = {one.code for one in data.report.warnings}
    say_findings(about_data(data), "findings", but=said)


def _draw_import(dataset: Dataset, data: Interactions) -> None:
    report = data.report
    tiles(
        {
            "Interactions": short(dataset.interactions),
            "Users": short(dataset.users),
            "Items": short(dataset.items),
            "Days": f"{dataset.days:.0f}",
            "Rejected": short(dataset.rejected),
            "Duplicates": short(report.duplicates),
        }
    )
    if report.warnings:
        st.warning("Kept, but worth a look:\n\n" + "\n".join(map(_warning, report.warnings)))
    rows, columns, rejected = st.tabs(
        ["First rows", "How it was read", f"Rejected rows ({len(report.rejected):,})"]
    )
    rows.dataframe(plain_text(data.table.slice(0, _ROWS)).to_pandas(), hide_index=True)
    reading = pd.DataFrame(
        [
            {"Column": name, "Meaning": _MEANING.get(one.role or "", "kept"), "Read as": one.how}
            for name, one in report.columns.items()
        ]
    )
    columns.dataframe(reading, hide_index=True)
    if report.separator:
        mark = {"\t": "tab"}.get(report.separator, report.separator)
        columns.caption(f"Separator {literal(mark)} · encoding {report.encoding}")
    columns.caption(f"Outcomes: {IN_WORDS[report.outcome_mode]}")
    with rejected:
        _draw_rejected(data)


def _draw_rejected(data: Interactions) -> None:
    bad = data.report.rejected
    if not bad:
        st.caption("Every row could be read.")
        return
    counts = [f"{literal(reason)}: {count:,}" for reason, count in bad.by_reason().items()]
    st.markdown(" · ".join(counts))
    first = bad[:_ROWS].table.to_pandas()
    first.columns = ["Line", "Column", "Text", "Reason"]
    st.dataframe(first, hide_index=True)
    if len(bad) > _ROWS:
        st.caption(f"The first {_ROWS} of {plural(len(bad), 'row')}.")


def _warning(one: Warned) -> str:
    return f"- {literal(one.message + '.' + _where(one.lines))}"


def _where(lines: tuple[int, ...]) -> str:
    if not lines:
        return ""
    shown = ", ".join(str(line) for line in lines[:5])
    return f" Line{'s' if len(lines) > 1 else ''} {shown}{', …' if len(lines) > 5 else ''}."
