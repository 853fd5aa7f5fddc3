"""An imported log on the page: tiles, what is odd, how it was read, rows, rejected rows."""

import pandas as pd
import streamlit as st

from hrnn.data.interactions import Interactions, plain_text
from hrnn.data.outcomes import IN_WORDS
from hrnn.data.report import ImportReport, Warned
from hrnn.diagnostics import about_data
from ui import charts, logs, state
from ui.downloads import draw_table
from ui.filtering import filter_form
from ui.findings import say_findings
from ui.inputs import told_apart
from ui.items import items_form
from ui.page import say_note
from ui.tiles import tiles
from ui.words import literal, plural, short
from workspace.datasets import Dataset, list_datasets

_ROWS = 200
_MEANING = {
    "USER_ID": "user",
    "ITEM_ID": "item",
    "TIMESTAMP": "time",
    "OUTCOME": "outcome",
    "SESSION_ID": "session id",
}


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
        st.warning("Worth a look:\n\n" + "\n".join(map(_warning, report.warnings)))
    views = {
        "rows": "First rows",
        "columns": "How it was read",
        "rejected": f"Rejected rows ({len(report.rejected):,})",
        "kept": "Rows kept",
        "items": "Items",
        "filter": "Filter",
    }
    # Not tabs, which draw all of their contents: looking for robots takes its time on a long log.
    view = st.segmented_control(
        "View", list(views), format_func=views.__getitem__, default="rows", key="data_view",
        label_visibility="collapsed",
    )  # fmt: skip
    if view == "columns":
        _draw_columns(dataset, report)
    elif view == "rejected":
        _draw_rejected(dataset, data)
    elif view == "kept":
        kept = waterfall(dataset, report)
        st.altair_chart(charts.waterfall(kept), key="waterfall_chart")
        shown = kept.dropna(axis=1, how="all")
        digits = st.column_config.NumberColumn(format="localized")
        config = dict.fromkeys(shown.columns[1:], digits)
        draw_table(
            shown, f"{dataset.id}-rows-kept", "waterfall", lambda: kept, column_config=config
        )
    elif view == "items":
        items_form(dataset)
    elif view == "filter":
        filter_form(dataset)
    else:
        first = plain_text(data.table.slice(0, _ROWS)).to_pandas()
        for name in first.columns[first.isna().any()]:
            first[name] = first[name].astype("string").fillna("–")
        st.dataframe(first, hide_index=True, key="first_rows")


def _draw_columns(dataset: Dataset, report: ImportReport) -> None:
    reading = pd.DataFrame(
        [
            {"Column": name, "Meaning": _MEANING.get(one.role or "", "kept"), "Read as": one.how}
            for name, one in report.columns.items()
        ]
    )
    draw_table(reading, f"{dataset.id}-columns", "columns_table")
    if report.format:
        encoding = f" · encoding {report.encoding}" if report.encoding else ""
        st.caption(f"{literal(report.format)}{encoding}")
    st.caption(f"Outcomes: {IN_WORDS[report.outcome_mode]}")


def waterfall(dataset: Dataset, report: ImportReport) -> pd.DataFrame:
    """Return how many rows each step kept: of the import, then of what was filtered."""
    read = report.rows - len(report.rejected)
    steps: list[tuple[str, int, int | None, int | None]] = [
        ("in the file", report.rows, None, None),
        ("could be read", read, None, None),
        ("are no exact duplicates", report.accepted, None, None),
        *((one["words"], one["rows"], one["users"], one["items"]) for one in dataset.steps[1:]),
    ]
    frame = pd.DataFrame(steps, columns=["Step", "Rows", "Users", "Items"])
    frame.insert(2, "Dropped", -frame["Rows"].diff().fillna(0).astype(int))
    return frame.astype({"Users": "Int64", "Items": "Int64"})


def _draw_rejected(dataset: Dataset, data: Interactions) -> None:
    bad = data.report.rejected
    if not bad:
        st.caption("Every row could be read.")
        return
    counts = [f"{literal(reason)}: {count:,}" for reason, count in bad.by_reason().items()]
    st.markdown(" · ".join(counts))
    first = bad[:_ROWS].table.to_pandas()
    first.columns = ["Line", "Column", "Text", "Reason"]
    draw_table(first, f"{dataset.id}-rejected", "rejected", bad.table.to_pandas)
    if len(bad) > _ROWS:
        st.caption(f"The first {_ROWS} of {plural(len(bad), 'row')}; the CSV holds all.")


def _warning(one: Warned) -> str:
    return f"- {literal(one.message + '.' + _where(one.lines))}"


def _where(lines: tuple[int, ...]) -> str:
    if not lines:
        return ""
    different = list(dict.fromkeys(lines))
    shown = ", ".join(map(str, different[:5]))
    more = " and more" if len(different) > 5 else ""
    return f" Line{'s' if len(different) > 1 else ''} {shown}{more}."
