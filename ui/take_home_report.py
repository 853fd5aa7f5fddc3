"""The files of a run for people who have no studio: a report to read, and a model card."""

import streamlit as st

from ui.model_card import model_card
from ui.stakeholder_report import report_html
from workspace.datasets import Dataset
from workspace.runs import Run


def draw_report(dataset: Dataset, run: Run, blind: str | None = None) -> None:
    """Offer the report and the model card of a run; each is made when it is asked for.

    Args:
        dataset: the log.
        run: of the log.
        blind: what a blind test found, a finished sentence, if there was one.
    """
    st.subheader("Report for stakeholders", anchor=False)
    st.markdown(
        "One HTML file that opens anywhere and prints well: the verdict, the figures, the log, the"
        " timeout and its evidence, the curves, and five users explained."
    )
    pseudonyms = st.toggle(
        "Replace users by pseudonyms",
        value=True,
        key="report_pseudonyms",
        help="Users are called User A, User B and so on; no id of a user is in the file. The name"
        " of the log, titles and days stay.",
    )
    with st.container(horizontal=True):
        st.download_button(
            "Report, HTML",
            lambda: report_html(run, dataset, named=not pseudonyms, blind=blind),
            f"{run.id}-report.html",
            "text/html",
            key="report_html",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Model card, Markdown",
            lambda: model_card(run, dataset),
            f"{run.id}-model-card.md",
            "text/markdown",
            key="model_card",
            on_click="ignore",
            icon=":material/download:",
        )
    st.caption(
        "The report takes a few seconds to make, and longer the first time, when the model is"
        " opened. The model card says in text what the model is, how good, where it is weak, and"
        " how to open it."
    )
