"""Whether a session-aware model pays on a log: one sentence, and what stands behind it.

Free of torch, so that a page can say it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from hrnn.columns import USER_ID
from hrnn.errors import ConfigError
from hrnn.evaluation.report import Report

K = 10
_BY = "sessions before"
_FEW = ("none", "1")
#: Shares from which something is named as what would change the answer.
_MANY_FEW, _MANY_SEEN, _MANY_COLD = 0.5, 0.1, 0.1
#: An interval over fewer users, or over fewer interactions of a group, says little.
_LEAST = 30
#: Differences below it take more decimals.
_SMALL = 0.005
#: What three decimals show as nothing.
_VANISHES = 0.0005
#: A difference that would take more than so many times the users is not worth waiting for.
_MOST_TIMES = 50
_NO_ORDER = "ORDER_IS_NO_EVIDENCE"
Answer = Literal["yes", "no", "unclear", "none"]


@dataclass(frozen=True)
class Verdict:
    """What an evaluation says to somebody who has to decide.

    Attributes:
        answer: "yes", the model is ahead of every rival beyond doubt; "no", a rival is ahead of it
            beyond doubt; "unclear", a difference may be chance, fewer than 30 users were measured,
            or the order inside sessions is that of the file, so the simpler one is kept; "none"
            where figures are leaked.
        sentence: the answer, with its figures and the paired interval.
        against: a row a rival, the best first: OTHER (as the sentence calls it), VALUE, DIFFERENCE
            (model - rival), LOW, HIGH in NDCG@10.
        helps: for which users.
        would_change: what in the log stands in the way of another answer.
    """

    answer: Answer
    sentence: str
    against: pd.DataFrame
    helps: str
    would_change: tuple[str, ...]


def verdict(
    report: Report, model: str, simple: Sequence[str], trained: Sequence[str] = (), name: str = ""
) -> Verdict:
    """Say whether a model pays beside its rivals, by NDCG@10 and paired intervals over users.

    The answer is "yes" only where the interval of the difference to *every* rival lies above 0;
    such a test of all of them needs no correction for their number. It is never "yes" where ties
    leave the order inside sessions to the file (ORDER_IS_NO_EVIDENCE).

    Args:
        report: of the model and its rivals, with the cut-off 10.
        model: what the report calls it.
        simple: rivals that need no training.
        trained: rivals that cost as much.
        name: what the sentence calls the model, if not as the report.

    Raises:
        ConfigError: the report has no such model, rival or cut-off.
    """
    name = name or model
    _check(report, (model, *simple, *trained))
    against = _against(report, model, (*simple, *trained))
    if report.leaked:
        return Verdict(
            "none",
            "No verdict: a model was trained or validated on what it is measured on.",
            against,
            "",
            (),
        )
    users = report.questions[USER_ID].nunique()
    ordered = all(one.code != _NO_ORDER for one in report.findings)
    answer, rival = _decided(against, simple, users, ordered)
    keep = _short(rival["OTHER"], model)
    opening = {"yes": "Yes", "no": f"No, keep {keep}", "unclear": f"Not shown, keep {keep}"}[answer]
    sentence = f"{opening}: {name} {_compared(report, model, rival)}"
    if not ordered and rival["LOW"] > 0:
        sentence += " That is no evidence: it may have learned how the file was sorted."
    return Verdict(
        answer,
        sentence,
        against.assign(OTHER=[_short(one, model) for one in against["OTHER"]]),
        _helps(report, model, str(rival["OTHER"])),
        tuple(_would_change(report, answer, rival, trained)),
    )


def _decided(
    against: pd.DataFrame, simple: Sequence[str], users: int, ordered: bool
) -> tuple[Answer, pd.Series]:
    """Return the answer, and the rival that it is measured by: if one is kept, a simple one."""
    behind, not_beaten = against[against["HIGH"] < 0], against[against["LOW"] <= 0]
    answer: Answer = "no"
    if users < _LEAST:
        answer, others = "unclear", against
    elif not_beaten.empty and ordered:
        return "yes", against.iloc[0]
    elif not_beaten.empty:
        answer, others = "unclear", against
    elif behind.empty:
        answer, others = "unclear", not_beaten
    else:
        others = behind
    cheap = others[others["OTHER"].isin(simple)]
    return answer, (others if cheap.empty else cheap).iloc[0]


def _check(report: Report, models: Sequence[str]) -> None:
    if len(models) < 2:
        raise ConfigError("there is no rival; pass at least one")
    if f"NDCG@{K}" not in set(report.table["METRIC"]):
        raise ConfigError(f"the report has no cut-off {K}; evaluate with k={K} among others")
    for one in models:
        if one not in report.trained_on:
            raise ConfigError(f"model {one!r} is not in the report; evaluate it too")


def _against(report: Report, model: str, rivals: Sequence[str]) -> pd.DataFrame:
    """Return differences to rivals, the best of them first."""
    found = report.against(model, f"NDCG@{K}")
    found = found[found["OTHER"].isin(rivals)]
    values = _values(report, f"NDCG@{K}")
    found.insert(1, "VALUE", found["OTHER"].map(values))
    return found.sort_values("VALUE", ascending=False, kind="stable", ignore_index=True)


def _values(report: Report, metric: str) -> pd.Series:
    return report.table[report.table["METRIC"] == metric].set_index("MODEL")["VALUE"]


def _compared(report: Report, model: str, rival: pd.Series) -> str:
    """Say both models' hit rates and how far apart they are."""
    table = report.table[report.table["METRIC"] == f"HR@{K}"].set_index("MODEL")
    own, other = table.loc[model], table.loc[rival["OTHER"]]
    low, high, gap = rival["LOW"], rival["HIGH"], rival["DIFFERENCE"]
    digits = digits_of(low, high)
    much = f", {_percent(abs(gap) / rival['VALUE'])}" if rival["VALUE"] > 0 else ""
    apart = f"{abs(gap):.{digits}f} {'higher' if gap > 0 else 'lower'}{much}"
    if round(gap, digits) == 0:
        apart = "the same"
    users = report.questions[USER_ID].nunique()
    doubt = "" if low > 0 or high < 0 else ", which may be chance"
    if users < _LEAST:
        doubt = f", of {users} user{'s' if users > 1 else ''} only"
    among = " among it and 100 others" if "sampled ranking" in report.heading else ""
    which = " that begin a session" if "that begin a session" in report.heading else ""
    return (
        f"finds the next item in its first {K}{among} for {100 * own['VALUE']:.1f} %"
        f" ({100 * own['LOW']:.1f}–{100 * own['HIGH']:.1f}) of held-out interactions{which},"
        f" {_short(rival['OTHER'], model)} for {100 * other['VALUE']:.1f} %; its NDCG@{K} is"
        f" {apart} (difference {signed(low, digits)} to {signed(high, digits)}{doubt})."
    )


def digits_of(low: float, high: float) -> int:
    """Return how many decimals an interval needs to be read, and its bounds to show their sign."""
    vanishes = any(0 < abs(one) < _VANISHES for one in (low, high))
    return 5 if vanishes or max(abs(low), abs(high)) < _SMALL else 3


def _helps(report: Report, model: str, rival: str) -> str:
    """Say for which users, by their sessions before, the model is ahead, and for which behind."""
    parts = report.against_in(_BY, model, rival, f"NDCG@{K}")
    count = _questions_by_part(report)
    parts = parts.assign(N=parts["PART"].map(count))
    parts = parts[parts["N"] >= _LEAST]
    if len(parts) < 2:
        return ""
    ahead, behind = parts[parts["LOW"] > 0], parts[parts["HIGH"] < 0]
    told = []
    if not ahead.empty:
        best = ahead.sort_values("DIFFERENCE").iloc[-1]
        told.append(f"helps most after {_sessions(best['PART'])} ({_three(best)})")
        rest = [one for one in ahead["PART"].tolist() if one != best["PART"]]
        if rest:
            told.append(f"helps after {' and '.join(map(_sessions, rest))} too")
    if not behind.empty:
        told.append(f"is behind after {' and '.join(map(_sessions, behind['PART'].tolist()))}")
    if not told:
        told.append("is beyond doubt ahead or behind for no number of earlier sessions")
    return (
        f"Beside {_short(rival, model)} it {', '.join(told)}; {len(parts)} groups of {_LEAST}"
        " interactions or more were looked at, each by itself."
    )


def _would_change(
    report: Report, answer: Answer, rival: pd.Series, trained: Sequence[str]
) -> list[str]:
    """Name what stands in the way, or was not asked, the most telling first."""
    told = []
    if answer == "yes" and not trained:
        told.append(
            "A flat GRU beside it: none was measured here, and it costs as much and knows nothing"
            " of sessions."
        )
    if any(one.code == _NO_ORDER for one in report.findings):
        told.append(
            "Real order inside sessions: most consecutive interactions here share one time, so what"
            " comes after what is the order of the file."
        )
    asked = _questions_by_part(report)
    few = asked.reindex(_FEW).sum() / asked.sum()
    if few > _MANY_FEW:
        told.append(
            f"More sessions a user: {_percent(few)} of the held-out interactions come after one"
            " session or none, where a user state has little to go by."
        )
    counts = report.counts
    seen = counts["seen_before"] / counts["evaluated"]
    if seen > _MANY_SEEN and "left out" in report.heading:
        told.append(
            f"Another rule: {_percent(seen)} of the held-out items had been seen before, which no"
            " list without seen items can hold; own popularity is popularity there."
        )
    cold = counts["cold"] / (counts["cold"] + counts["evaluated"])
    if cold > _MANY_COLD:
        told.append(
            f"Fewer new items: {_percent(cold)} of the held-out interactions are with items that"
            " nothing was learned of."
        )
    users, gap = report.questions[USER_ID].nunique(), abs(rival["DIFFERENCE"])
    if users < _LEAST:
        told.append(
            f"More users: {users:,} measured; an interval over fewer than {_LEAST} says little."
        )
    elif answer == "unclear" and gap > 0:
        wide = (rival["HIGH"] - rival["LOW"]) / 2
        times = (wide / gap) ** 2
        if 1 < times < _MOST_TIMES and _round(users * times) > users:
            digits = digits_of(rival["LOW"], rival["HIGH"])
            told.append(
                f"More users: a difference of {gap:.{digits}f} would show with about"
                f" {_round(users * times):,}; {users:,} were measured."
            )
    return told


def _questions_by_part(report: Report) -> pd.Series:
    """Return the interactions asked about, by how many sessions there were before."""
    asked = report.slices.drop_duplicates(["SLICE", "PART"])
    return asked[asked["SLICE"] == _BY].set_index("PART")["N"]


def _short(name: str, model: str) -> str:
    return str(name).removeprefix(f"{model}, as ")


def _sessions(part: str) -> str:
    many = {"none": "no session", "1": "1 session"}
    return many.get(part, f"{part} sessions")


def _three(row: pd.Series) -> str:
    digits = digits_of(row["LOW"], row["HIGH"])
    gap, low, high = (signed(row[name], digits) for name in ("DIFFERENCE", "LOW", "HIGH"))
    return f"{gap}, {low} to {high}"


def signed(value: float, digits: int = 3) -> str:
    """Write a difference with its sign."""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"


def _round(count: float) -> int:
    """Round to two digits."""
    return int(float(f"{count:.1e}"))
