"""The Sessions page in parts: gaps with the rule, shapes of sessions, all timeouts, tables."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.data.interactions import Interactions
from hrnn.sessions import MINUTE_US, Sessions, TimeoutHint, suggest_timeout, sweep_timeouts
from ui import gap_chart, logs, session_charts, state
from ui import session_figures as figures
from ui.downloads import offer_csv
from ui.words import literal, minutes, plural, share, short
from workspace.datasets import Dataset

GAPS = "gaps"
_MOVE, _SWEPT = "_timeout_moves", "_swept_log"
_PREVIEW = 200
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: A finger that moves sideways drags; text beside the rule is not marked while it is dragged.
_STYLE = f"""<style>
.st-key-{GAPS} svg.marks {{touch-action: pan-y; user-select: none; -webkit-user-select: none}}
</style>"""


@st.cache_data(max_entries=4, show_spinner=False)
def gaps_of(owner: str, made: str) -> tuple[pd.DataFrame, int]:
    """Count a log's gaps once for all visits: bins, and gaps of zero."""
    return figures.gap_bins(logs.rows_of(owner, made))


@st.cache_data(max_entries=4, show_spinner=False)
def sweep_of(owner: str, made: str) -> pd.DataFrame:
    """Try all timeouts on a log once for all visits."""
    most = figures.MOST_SESSIONS, figures.MOST_ITEMS
    return sweep_timeouts(logs.rows_of(owner, made), None, *most)


@st.cache_data(max_entries=4, show_spinner=False)
def hint_of(owner: str, made: str) -> TimeoutHint:
    """Look for a timeout in a log's gaps once for all visits."""
    return suggest_timeout(logs.rows_of(owner, made))


@st.cache_resource(max_entries=4, show_spinner=False)
def scene_of(owner: str, made: str) -> gap_chart.GapScene:
    """Make what the gap chart shows of a log, once for all visits."""
    data, (bins, _), hint = logs.rows_of(owner, made), gaps_of(owner, made), hint_of(owner, made)
    sweep = figures.for_browser(sweep_of(owner, made))
    fit, suggested = figures.fitted(hint, bins), _suggested(hint)
    return gap_chart.GapScene(bins, sweep, len(data.user_ids), len(data), fit, suggested)


@st.cache_resource(max_entries=4, show_spinner=False)
def curves_of(owner: str, made: str) -> list[figures.Curve]:
    """Make the curves over all timeouts, once for all visits."""
    data = logs.rows_of(owner, made)
    return figures.curves(sweep_of(owner, made), len(data.user_ids), len(data))


def take_dragged() -> None:
    """Make the timeout what the rule was dragged to; called once, when it is let go."""
    dragged = st.session_state[GAPS].selection.get(gap_chart.DRAG) or [{}]
    move = st.session_state.get(_MOVE, 0)
    if dragged[0].get(gap_chart.MOVE) == move:
        st.session_state[state.TIMEOUT] = float(dragged[0][gap_chart.DRAGGED])
        st.session_state[_MOVE] = move + 1


def _use(timeout: float) -> None:
    st.session_state[state.TIMEOUT] = timeout


def draw_figures(
    dataset: Dataset,
    sessions: Sessions,
    spans: figures.Spans,
    cut: Sessions,
    timeout: float,
    by_ids: bool,
) -> None:
    """Draw the gaps with the rule, then the shapes of the sessions.

    When a log is met for the first time, the gaps take a while, so the shapes are filled in first.

    Args:
        dataset: the log.
        sessions: the log, cut as chosen.
        spans: when its sessions start and end.
        cut: the log, cut by the timeout alone.
        timeout: minutes.
        by_ids: whether session ids decide.
    """
    gaps, shapes = st.container(), st.container()
    known = st.session_state.get(_SWEPT) == dataset.id
    for place in (gaps, shapes) if known else (shapes, gaps):
        with place:
            if place is gaps:
                _draw_gaps(dataset, cut, timeout, by_ids)
            else:
                _draw_shapes(sessions, spans)
    st.session_state[_SWEPT] = dataset.id


def _draw_gaps(dataset: Dataset, cut: Sessions, timeout: float, by_ids: bool) -> None:
    """Draw the gaps with the rule, and the suggested timeout with its evidence."""
    made = dataset.owner, dataset.id
    gaps = len(cut.number) - len(cut.per_user)
    if not gaps:
        st.info("Each user has a single interaction, so there is no gap that a timeout could cut.")
        return
    inside = 1 - (cut.count - len(cut.per_user)) / gaps
    st.markdown(f"**At {minutes(timeout)}, {share(inside)} of {gaps:,} gaps lie inside sessions**")
    st.html(_STYLE)
    with st.spinner(f"Trying all timeouts on {short(dataset.interactions)} interactions"):
        _, zero = gaps_of(*made)
        sweep_of(*made)
    with st.spinner("Looking for a timeout in the gaps"):
        hint = hint_of(*made)
    apart = f" {plural(zero, 'gap')} of zero ({share(zero / gaps)}) not drawn." if zero else ""
    if gaps > zero:
        alone = " They are the timeout's alone, without session ids." if by_ids else ""
        st.caption(f"Drag the rule, or click; the figures follow.{alone}{apart}")
        move = st.session_state.setdefault(_MOVE, 0)
        st.vega_lite_chart(
            gap_chart.gap_chart(scene_of(*made), timeout, move),
            key=GAPS,
            on_select=take_dragged,
            selection_mode=gap_chart.DRAG,
            alt="Histogram of the gaps between interactions, with the timeout as a rule",
        )
    else:
        st.info("All gaps are zero: no timeout cuts anything.")
    _draw_suggestion(hint, timeout)


def _suggested(hint: TimeoutHint) -> gap_chart.Suggested | None:
    said = figures.suggested_minutes(hint)
    if hint.minutes is None or said is None:
        return None
    label = f"suggested {minutes(said)}"
    return gap_chart.Suggested(hint.minutes, hint.low, hint.high, label)


def _draw_suggestion(hint: TimeoutHint, timeout: float) -> None:
    said = figures.suggested_minutes(hint)
    with st.container(border=True, key="suggestion"):
        if said is None:
            st.markdown(f"**No timeout is suggested.** {literal(hint.words)}")
            return
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.markdown(f"**Suggested: {minutes(said)}.** {literal(hint.words)}")
        band = "" if hint.low is None else "; band: where 95 % of resampled logs are cut"
        left.caption(f"In the chart, thin lines: the humps fitted; thick: their sum{band}.")
        right.button(
            "Use it",
            key="use_suggestion",
            on_click=_use,
            args=(said,),
            disabled=timeout == said,
            width="stretch",
        )


def _draw_shapes(sessions: Sessions, spans: figures.Spans) -> None:
    """Draw how large, how many, how long sessions are, and when they begin."""
    lengths, per_user = sessions.lengths, sessions.per_user
    start, end = spans
    lasting = end - start
    left, right = st.columns(2, gap="medium")
    with left:
        one = share(float((lengths == 1).mean()))
        half = plural(int(np.median(lengths)), "interaction")
        st.markdown(f"**Half of the sessions hold up to {half}; {one} hold one**")
        spec = session_charts.distribution(lengths, "interactions a session", "sessions")
        st.vega_lite_chart(spec, key="lengths", alt="How many interactions sessions hold")
        _draw_durations(lasting)
    with right:
        again = share(float((per_user > 1).mean()))
        half = plural(int(np.median(per_user)), "session")
        st.markdown(f"**{again} of the users came back; half have up to {half}**")
        spec = session_charts.distribution(per_user, "sessions a user", "users")
        st.vega_lite_chart(spec, key="per_user", alt="How many sessions users have")
        week = figures.week(start)
        peak = int(week["sessions"].to_numpy().argmax())
        day, hour = _DAYS[peak // 24], peak % 24
        st.markdown(f"**Sessions begin most often on {day} at {hour} h, UTC**")
        st.vega_lite_chart(
            session_charts.hours(week), key="hours", alt="Sessions by weekday and hour, UTC"
        )


def _draw_durations(lasting: np.ndarray) -> None:
    moments = int((lasting == 0).sum())
    if moments == len(lasting):
        st.markdown("**No session lasts: each is a single moment**")
        return
    half = float(np.median(lasting[lasting > 0])) / MINUTE_US
    st.markdown(f"**Of sessions that last, half last longer than {minutes(half)}**")
    spec = session_charts.durations(figures.duration_bins(lasting), "sessions")
    st.vega_lite_chart(spec, key="durations", alt="How long sessions last")
    if moments:
        st.caption(f"{plural(moments, 'session')} of a single moment not drawn.")


def draw_curves(dataset: Dataset, timeout: float, by_ids: bool) -> None:
    """Draw how the figures move over all timeouts."""
    st.subheader("All timeouts from a minute to 30 days", anchor=False)
    hint = hint_of(dataset.owner, dataset.id)
    dotted = "" if hint.minutes is None else "; dotted: the suggested one"
    alone = " Session ids are left out of account." if by_ids else ""
    st.caption(f"The point is the chosen timeout{dotted}. Log scale.{alone}")
    places = [*st.columns(3, gap="medium"), *st.columns(3, gap="medium")]
    drawn = curves_of(dataset.owner, dataset.id)
    for number, (place, one) in enumerate(zip(places, drawn, strict=True)):
        place.markdown(f"**{one.title}**")
        spec = session_charts.curve(one.frame, timeout, hint.minutes, one.form, one.unit)
        alt = f"{one.title} over all timeouts"
        place.vega_lite_chart(spec, key=f"curve_{number}", alt=alt)


def draw_agreement(
    data: Interactions, by_ids: Sessions, by_gaps: Sessions, timeout: float
) -> pd.DataFrame:
    """Draw the sessions of the log's ids beside those of the timeout; return the table."""
    st.subheader("The log's session ids beside the timeout", anchor=False)
    found, at = figures.agreement(by_ids, by_gaps), minutes(timeout)
    st.markdown(
        f"**Ids and {at} agree on {share(found.agreed)}** of {found.pairs:,} consecutive pairs of a"
        f" user's interactions whether another session starts. The ids alone start"
        f" {plural(found.only_ids, 'session')}, the timeout alone"
        f" {plural(found.only_gaps, 'session')}."
        f" {found.identical:,} of {plural(by_ids.count, 'session')} by id are the same by timeout."
    )
    table = figures.compared({"session ids": by_ids, f"timeout {at}": by_gaps})
    st.dataframe(table, hide_index=True)
    warned = [one.message for one in data.report.warnings if one.code == "SESSION_ID_REUSED"]
    counted = {
        "Ids that several users have": found.shared_ids,
        "Sessions by id that stay open for more than 30 days": found.over_month,
        "Interactions without an id, which the timeout cuts": found.without_id,
    }
    warned.extend(f"{what}: {count:,}" for what, count in counted.items() if count)
    if warned:
        lines = "\n".join(f"- {literal(one)}." for one in warned)
        st.warning(f"Worth a look before the ids are trusted:\n\n{lines}")
    return table


def draw_tables(
    dataset: Dataset,
    sessions: Sessions,
    spans: figures.Spans,
    timeout: float,
    agreed: pd.DataFrame | None,
) -> None:
    """Offer what the page shows as tables, each as a file."""
    made, (start, end) = (dataset.owner, dataset.id), spans
    tables = {
        f"Sessions at {minutes(timeout)}": partial(figures.session_table, sessions, spans),
        "All timeouts": partial(sweep_of, *made),
        "Gaps": lambda: gaps_of(*made)[0],
        "Interactions a session": partial(_counted, sessions.lengths, "Interactions", "Sessions"),
        "Sessions a user": partial(_counted, sessions.per_user, "Sessions", "Users"),
        "Durations": lambda: figures.duration_bins(end - start),
        "Hours of the week": lambda: figures.week(start),
    }
    if agreed is not None:
        tables["Session ids beside the timeout"] = lambda: agreed
    # Not an expander, which would make and send its table with every move of the timeout.
    if not st.toggle("The figures as tables, to download", key="tables_shown"):
        return
    name = st.selectbox("Table", list(tables), key="table_pick")
    if name == next(iter(tables)):
        shown = figures.session_table(sessions, spans, _PREVIEW)
    else:
        shown = tables[name]().head(_PREVIEW)
    st.dataframe(shown, hide_index=True)
    if name == next(iter(tables)) and sessions.count > _PREVIEW:
        st.caption(f"The first {_PREVIEW} of {plural(sessions.count, 'session')}.")
    offer_csv(tables[name], f"{name.lower().replace(' ', '_')}.csv", "table_csv")


def _counted(values: np.ndarray, what: str, of: str) -> pd.DataFrame:
    counts = np.bincount(values)
    present = np.flatnonzero(counts)
    return pd.DataFrame({what: present, of: counts[present]})
