"""Should I use this? The verdict on a model, and what stands behind it."""

import pandas as pd
import streamlit as st

from hrnn.evaluation.report import Report
from hrnn.evaluation.verdict import K, Verdict, digits_of, signed, verdict
from hrnn.training.config import ExperimentConfig
from ui import jobs, live, page, state
from ui.launching import launcher
from ui.page import say_error
from ui.words import literal
from workspace.datasets import Dataset
from workspace.evaluations import Evaluation, as_peer, create_evaluation, decides, to_decide
from workspace.runs import Run
from workspace.tasks import State

_BOXES = {"yes": st.success, "no": st.info, "unclear": st.info, "none": st.warning}


def pick_verdict(experiment: ExperimentConfig) -> bool:
    """Let it be chosen whether a training is followed by what a verdict needs."""
    if experiment.model != "hrnn" or experiment.split == "all_rows":
        return False
    return st.toggle(
        "Then find out whether it pays",
        value=True,
        key="run_decides",
        help="A flat GRU is trained with the same settings, and simple models are measured beside"
        " both. It takes about as long as the training.",
    )


def draw_verdict_on(dataset: Dataset, run: Run) -> None:
    """Say whether a run pays, or how that is found out."""
    if run.experiment.model != "hrnn" or run.tries or not run.report_folder.exists():
        return
    st.subheader("Should I use this?", anchor=False)
    found = _comparison(dataset, run)
    if found is not None and found.goes_on():
        st.caption(
            "A flat GRU is trained with the same settings, and simple models are measured beside"
            " both. You can leave this page or close it."
        )
        jobs.follow(found)
        return
    if found is not None and found.state() == State.FINISHED:
        report = live.report_in(found.report_folder)
        decided = verdict_of(found, report, run)
        if decided is not None:
            draw_verdict(decided)
            _draw_rivals(decided, found.dataset_name, report)
        if st.button("Everything behind it", key="to_verdict"):
            st.session_state.pop(state.EVALUATION, None)
            state.remember(state.EVALUATION, found.id)
            st.switch_page(page.EVALUATE, query_params=state.context())
        return
    if found is not None:
        say_error((found.final() or {}).get("message") or "the comparison was interrupted")
    st.caption(
        "It takes a flat GRU, trained with the same settings, and simple models beside it: about as"
        " long as this training did."
    )
    if st.button("Find out", key="verdict_go"):
        found = _comparison(dataset, run)  # another tab may have been faster
        if found is None or not found.goes_on():
            launcher().start(create_evaluation(dataset, to_decide(run)))
        st.rerun()


def _comparison(dataset: Dataset, run: Run) -> Evaluation | None:
    """Return the newest evaluation that a verdict on a run can be read from."""
    known = state.evaluations_of(dataset)
    return next((one for one in known if decides(one.settings, run)), None)


def verdict_of(evaluation: Evaluation, report: Report, run: Run) -> Verdict | None:
    """Return the verdict on the first run of an evaluation; None where it has no rival."""
    settings, lead = evaluation.settings, next(iter(report.trained_on))
    trained = [f"{lead}, {as_peer(peer)}" for peer in settings.peers]
    rivals = (*settings.baselines, *trained)
    if run.experiment.model != "hrnn" or not rivals or K not in settings.k:
        return None
    return verdict(report, lead, settings.baselines, trained, name="HRNN")


def draw_verdict(decided: Verdict) -> None:
    """Draw a verdict: the sentence, for whom it helps, and what would change it."""
    box = _BOXES[decided.answer]
    box(literal(decided.sentence))
    if decided.helps:
        st.markdown(literal(decided.helps))
    if decided.would_change:
        lines = "\n".join(f"- {literal(one)}" for one in decided.would_change)
        st.markdown(f"What would change the answer:\n\n{lines}")


def _draw_rivals(decided: Verdict, dataset_name: str, report: Report) -> None:
    """Draw how far the model is ahead of each rival, where that means something."""
    if decided.answer == "none":
        return
    st.dataframe(rivals_table(decided), hide_index=True, key="verdict_rivals")
    st.caption(
        f"{literal(dataset_name)} · {literal(report.heading)} (bootstrap) · one training of each"
        " model. The answer is yes only where every interval lies above 0."
    )


def rivals_table(decided: Verdict) -> pd.DataFrame:
    """Lay out how far the model is ahead of each rival."""
    own = decided.against
    digits = [digits_of(*one) for one in zip(own["LOW"], own["HIGH"], strict=True)]
    names = ("DIFFERENCE", "LOW", "HIGH")
    gap, low, high = (list(map(signed, own[name], digits)) for name in names)
    return pd.DataFrame(
        {
            "Beside": own["OTHER"],
            f"its NDCG@{K}": own["VALUE"].map("{:.3f}".format),
            "HRNN ahead by": gap,
            "95 % interval": list(map("{} to {}".format, low, high)),
        }
    )
