"""What an evaluation found: figures, differences, for whom, where models differ, what trained."""

from collections.abc import Sequence
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.columns import ITEM_ID, TIMESTAMP, USER_ID
from hrnn.errors import HRNNError
from hrnn.evaluation.metrics import NEGATIVES
from hrnn.evaluation.report import Report
from ui import charts, live, logs, state
from ui.downloads import draw_table
from ui.experiment import SPLIT_NAMES
from ui.figures import BEYOND_DOUBT, best_beyond_doubt, draw_figures, figure
from ui.inputs import pick_choice
from ui.verdict import draw_verdict, verdict_of
from ui.words import cut_words, literal, plural
from workspace.datasets import Dataset
from workspace.evaluations import Evaluation
from workspace.runs import Run, open_run

_MOST_RANKS, _MOST_DIFFERING = 1_000, 50


def draw_found(evaluation: Evaluation, dataset: Dataset, report: Report) -> None:
    """Draw all that a finished evaluation found."""
    settings = evaluation.settings
    k = _pick_cut_off(settings.k)
    cut, data = settings.split, logs.rows_of(dataset.owner, dataset.id)
    by_ids = cut.use_session_ids and data.session_index is not None
    note = f" · sessions cut {cut_words(cut.timeout_minutes, by_ids).replace('*', '')}"
    _draw_verdict(evaluation, report)
    draw_figures(report, evaluation.dataset_name, k, note)
    if settings.twins:
        st.caption(
            "What the user state is worth is the difference to the model *trained without user"
            " state*: same settings, budget and seed. *User state zeroed* only shows how much the"
            " scores depend on it; the model was never trained for that."
        )
    if evaluation.sampled_folder.exists():
        _draw_both(report, live.report_in(evaluation.sampled_folder), k)
    _draw_differences(report, k)
    _draw_slices(report, k)
    _draw_breadth(report, k)
    _draw_where(evaluation, dataset, report, k)
    st.subheader("What was trained on", anchor=False)
    st.markdown(literal(trained_words(report, settings.split.split)))
    ranked = report.questions
    with st.expander("Each held-out interaction and its ranks"):
        first = ranked.head(_MOST_RANKS).copy()
        for model in report.trained_on:
            first[model] = rank_words(first[model])
        draw_table(first, f"{evaluation.id}-ranks", "ranks_table", lambda: ranked)
        if len(ranked) > _MOST_RANKS:
            st.caption(f"The first {_MOST_RANKS:,} of {len(ranked):,}; the CSV holds all.")


def _pick_cut_off(offered: Sequence[int]) -> int:
    """Let it be chosen how long the lists are; it stands in the link."""
    usual = offered[len(offered) // 2]
    state.prepare("cut_off", usual, offered)
    k = st.pills("Cut-off k", offered, key="cut_off", required=True)
    state.remember("cut_off", k if k != usual else None)
    return k


def _draw_verdict(evaluation: Evaluation, report: Report) -> None:
    """Say whether the first run pays, where it was measured beside rivals."""
    runs = evaluation.settings.runs
    first = _run(runs[0]) if runs else None
    decided = first and verdict_of(evaluation, report, first)
    if decided:
        draw_verdict(decided)


def _draw_both(full: Report, sampled: Report, k: int) -> None:
    """Draw full and sampled ranking beside one another, and say why they differ."""
    with st.expander(f"Beside a sampled ranking, 1 + {NEGATIVES} unseen items"):
        st.caption(literal(sampled.heading))
        draw_table(both_rankings(full, sampled, k), "both-rankings", "both_table")
        st.markdown(literal(rankings_words(full, sampled, k)))


def both_rankings(full: Report, sampled: Report, k: int) -> pd.DataFrame:
    """Lay HR and NDCG of two rankings of the same questions out: models by rows."""
    columns: dict[str, list[str]] = {"Model": list(full.trained_on)}
    for name, report in (("full", full), ("sampled", sampled)):
        cells = report.table.set_index(["MODEL", "METRIC"])[["VALUE", "LOW", "HIGH"]]
        for metric in (f"HR@{k}", f"NDCG@{k}"):
            best = best_beyond_doubt(report, metric)
            columns[f"{metric}, {name}"] = [
                BEYOND_DOUBT * (model == best) + figure(metric, *cells.loc[(model, metric)])
                for model in full.trained_on
            ]
    return pd.DataFrame(columns)


def rankings_words(full: Report, sampled: Report, k: int) -> str:
    """Say why a sampled ranking is kinder, by what factor here, and whether the order holds."""
    metric = f"NDCG@{k}"
    own, other = (
        one.table[one.table["METRIC"] == metric].set_index("MODEL")["VALUE"]
        for one in (full, sampled)
    )
    if sampled.counts["short_pool"] == sampled.counts["evaluated"]:
        return (
            f"Nobody has {NEGATIVES} unseen items here, so the sampled ranking leaves none out: it"
            " is the same as the full one."
        )
    lead = own.index[0]
    order = own.sort_values(ascending=False, kind="stable").index
    same = order.equals(other.sort_values(ascending=False, kind="stable").index)
    kept = "The order of the models is the same in both." if same else (
        "The order of the models is not the same in both: believe the full one."
    )  # fmt: skip
    return (
        f"A held-out item among {NEGATIVES} drawn ones has fewer rivals than among all, so its rank"
        f" is better or the same: {metric} of {lead} is {other[lead]:.3f} instead of"
        f" {own[lead]:.3f}. Sampled figures compare with sampled ones only. {kept}"
    )


def _draw_differences(report: Report, k: int) -> None:
    models = list(report.trained_on)
    if len(models) < 2:
        return
    st.subheader("Is the difference real?", anchor=False)
    lead = pick_choice("lead", "Model", models[0], models, {one: one for one in models})
    st.altair_chart(charts.differences(report.against(lead, f"NDCG@{k}"), lead), key="differences")
    st.caption(
        f"Difference in NDCG@{k} to each other model, paired bootstrap over users, 95 %. It is"
        " beyond doubt where the interval does not touch 0."
    )


def _draw_slices(report: Report, k: int) -> None:
    st.subheader("For whom, and where", anchor=False)
    names = {name: name.capitalize() for name in dict.fromkeys(report.slices["SLICE"])}
    name = pick_choice("slice", "By", next(iter(names)), list(names), names)
    own = report.slices[(report.slices["SLICE"] == name) & (report.slices["METRIC"] == f"NDCG@{k}")]
    st.altair_chart(charts.slices(own, f"NDCG@{k}"), key="slices")


def _draw_breadth(report: Report, k: int) -> None:
    """Draw what accuracy costs: how much of the catalogue is shown, and how popular that is."""
    wide = report.table.pivot_table(index="MODEL", columns="METRIC", values="VALUE", sort=False)
    named = {f"NDCG@{k}": "NDCG", f"coverage@{k}": "COVERAGE", f"popularity_bias@{k}": "BIAS"}
    if not set(named) <= set(wide.columns):
        return
    frame = wide[list(named)].rename(columns=named).reset_index()
    st.subheader("What does accuracy cost?", anchor=False)
    for place, (column, title) in zip(
        st.columns(2),
        (("COVERAGE", f"items in anybody's first {k}, share"),
         ("BIAS", "popularity (× that of held-out items)")),
        strict=True,
    ):  # fmt: skip
        chart = charts.breadth(frame.dropna(subset=[column]), column, title, f"NDCG@{k}")
        place.altair_chart(chart, key=f"breadth_{column.lower()}")
    st.caption(
        "Up is more accurate. First chart: to the right, more of the catalogue is recommended to"
        " somebody. Second chart: to the right, what is popular is recommended more."
    )


def _draw_where(evaluation: Evaluation, dataset: Dataset, report: Report, k: int) -> None:
    """List held-out interactions that one model finds and another does not, with links."""
    models = list(report.trained_on)
    if len(models) < 2:
        return
    st.subheader("Where do two models differ?", anchor=False)
    left, right = st.columns(2)
    names = {one: one for one in models}
    with left:
        one = pick_choice("finds", "Finds it", models[0], models, names)
    with right:
        others = [name for name in models if name != one]
        other = pick_choice("misses", "Misses it", others[0], others, names)
    found = differing(report.questions, one, other, k)
    titles = logs.titles_of(dataset.owner, dataset.id)
    shown = found.head(_MOST_DIFFERING)
    told = f"{one} has it among the first {k}, {other} has not"
    st.markdown(literal(f"{plural(len(found), 'held-out interaction')}: {told}."))
    if shown.empty:
        return
    table = pd.DataFrame(
        {
            "User": shown[USER_ID],
            "Came next": [titles.get(item, item) for item in shown[ITEM_ID]],
            f"Rank, {one}": rank_words(shown[one]),
            f"Rank, {other}": rank_words(shown[other]),
        }
    )
    taken = table.copy()
    run = _run_of(evaluation, one) or _run_of(evaluation, other)
    if run is not None:
        rule = {state.RUN: run.id, "exclude_seen": evaluation.settings.exclude_seen}
        table["Look at"] = [
            f"explore?{urlencode({**state.context(), **rule, **_question(user, time)})}"
            for user, time in zip(shown[USER_ID], shown[TIMESTAMP], strict=True)
        ]
    look = st.column_config.LinkColumn("Look at", display_text="Explore")
    draw_table(
        table, "differing", "differing_table", lambda: taken, column_config={"Look at": look}
    )
    if run is None:
        st.caption(
            "Explore shows what a run's own split held out; neither is a run trained by this split."
        )
    if len(found) > len(shown):
        st.caption(f"The {len(shown)} that differ most, of {len(found):,}.")


def _question(user: str, time: pd.Timestamp) -> dict[str, object]:
    return {state.USER: user, state.HELD: time.as_unit("us").value // 1_000}


def _run_of(evaluation: Evaluation, name: str) -> Run | None:
    """Return the run of a model's name, if Explore shows what was held out here."""
    made = (evaluation.final() or {}).get("called", {}).get(name)
    run = _run(made) if made else None
    held = run is not None and run.experiment.cut == evaluation.settings.split
    return run if held else None


def _run(made: str) -> Run | None:
    """Return a run by its id, if it is still there."""
    try:
        return open_run(state.OWNER, made)
    except HRNNError:
        return None


def differing(questions: pd.DataFrame, one: str, other: str, k: int) -> pd.DataFrame:
    """Return the questions that one model answers within k and another does not.

    Those come first that the other ranks lowest; where it cannot rank the item, last of all.
    """
    found = questions[(questions[one] <= k) & (questions[other] > k)]
    order = np.lexsort((found[one], -found[other].replace(np.inf, 0)))
    return found.iloc[order]


def rank_words(ranks: Sequence[float] | pd.Series) -> list[str]:
    """Write ranks; – for an item that a list cannot hold."""
    return [f"{int(rank):,}" if np.isfinite(rank) else "–" for rank in ranks]


def trained_words(report: Report, split: str) -> str:
    """Say which rows trained, which validated and which were held out, and that it was checked."""
    counts = report.counts
    held = plural(counts["held_out"], "interaction")
    told = [f"{held} held out ({SPLIT_NAMES[split].lower()})"]
    if "trained" in counts:  # reports of older versions do not say
        told.insert(0, f"{plural(counts['trained'], 'interaction')} to train on")
        told.insert(1, f"{counts['validated']:,} to choose the epoch by")
    if counts["twins"]:
        told.append(f"{counts['twins']:,} equal to one of those and only read")
    if counts.get("between"):
        told.append(f"{counts['between']:,} between those and only read")
    if counts["after_last"]:
        told.append(f"{counts['after_last']:,} after them, which no model fitted here was given")
    words = f"{'; '.join(told)}."
    clean = [model for model, rows in report.trained_on.items() if not rows]
    if clean:
        words += (
            " Checked row by row against each model's training record: neither trained nor"
            f" validated on any held-out one: {', '.join(clean)}."
        )
    for model, rows in report.trained_on.items():
        if rows:
            words += f" Trained or validated on {rows:,} of them: {model}."
    return words
