"""The Train page's inputs as settings: how the log is split, how the model is trained."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from hrnn.data.outcomes import IN_WORDS, Mode, find_mode
from hrnn.evaluation.splits import Split
from hrnn.training.config import PRESETS, ExperimentConfig, SplitConfig, TrainConfig
from hrnn.training.cost import expected_seconds
from ui import state
from ui.inputs import pick_choice, pick_number
from ui.words import minutes, plural, seconds

SPLIT_NAMES = {
    "leave_last_out": "Leave-last-out",
    "last_session_out": "Last-session-out",
    "temporal": "Global temporal split",
    "all_rows": "All rows, without figures",
}
#: What each input of the Train page is called: its key, which is the name of the setting, → words.
LABELS = {
    "model": "Model",
    "split": "Split",
    "outcomes": "Outcomes",
    "positive_from": "Positive from",
    "timeout_minutes": "Timeout",
    "use_session_ids": "Session ids decide",
    "epochs": "Epochs, at most",
    "hidden_units": "Hidden units",
    "loss": "Loss",
    "sampled_items": "Compared with",
    "num_negatives": "Negatives a positive",
    "scoring": "Items are scored by",
    "user_state": "User state",
    "num_layers": "Layers",
    "learning_rate": "Learning rate",
    "learning_rate_decay": "Learning rate over time",
    "dropout_rate": "Dropout",
    "batch_size": "Users an update",
    "early_stopping_patience": "Stop after so many epochs that validate no better (0: never)",
    "max_sessions": "Sessions read when scoring",
    "max_session_len": "Items read of each session",
    "random_state": "Seed",
}
_MODEL_WORDS = {
    "hrnn": "HRNN, by sessions",
    "flat_gru": "flat GRU (GRU4Rec), no sessions",
    "sasrec": "SASRec, no sessions",
}
_LOSS_NAMES = {
    "cross_entropy": "cross-entropy over the catalogue",
    "bce": "BCE, sampled negatives",
    "bpr_max": "BPR-max, sampled negatives",
    "top1": "TOP1, sampled negatives",
    "mse": "squared error",
}
_LOSSES = {
    "positives": ["cross_entropy", "bce", "bpr_max", "top1"],
    "binary": ["cross_entropy", "bce", "bpr_max", "top1"],
    "soft": ["bce"],
    "continuous": ["mse"],
}
_STATE_NAMES = {
    "init": "starts each session (HRNN Init)",
    "all": "feeds every position too (HRNN All)",
    "none": "none (sessions forget the user)",
}
_DECAY_NAMES = {"none": "stays", "cosine": "falls along a cosine"}
_SCORING_NAMES = {
    "product": "the product with the state",
    "cosine": "the angle to the state (cosine)",
}
_SAMPLE_NAMES = {"auto": "a sample, where the catalogue is large", "all": "the whole catalogue"}
_NAMES: dict[str, Mapping[Any, str]] = {
    "model": _MODEL_WORDS,
    "split": SPLIT_NAMES,
    "outcomes": IN_WORDS,
    "loss": _LOSS_NAMES,
    "user_state": _STATE_NAMES,
    "learning_rate_decay": _DECAY_NAMES,
    "sampled_items": _SAMPLE_NAMES,
    "scoring": _SCORING_NAMES,
}
_USUAL = "standard"
_PRESET, _FILLED = "preset", "_preset_of_the_inputs"
N = TypeVar("N", int, float)


def pick_cut(outcome: np.ndarray, timeout: float, use_session_ids: bool) -> SplitConfig:
    """Let the split be chosen, before anything else is, and what outcomes mean."""
    split = pick_split("split", list(SPLIT_NAMES))
    found = find_mode(outcome)
    modes = ["as_found", *(mode for mode in IN_WORDS if mode != found)]
    names = {"as_found": f"As found: {IN_WORDS[found]}", **IN_WORDS}
    taken = pick_choice("outcomes", LABELS["outcomes"], "as_found", modes, names)
    positive_from = None
    if taken in ("positives", "binary"):
        low, high = (float(f(outcome)) for f in (np.nanmin, np.nanmax))
        start = low + 0.75 * (high - low)
        positive_from = pick_number("positive_from", LABELS["positive_from"], start, low, high)
    return SplitConfig(
        outcomes=taken,
        positive_from=positive_from,
        split=split,
        timeout_minutes=timeout,
        use_session_ids=use_session_ids,
    )


def pick_split(key: str, options: list[str]) -> str:
    """Let the split be chosen; the first option is the default."""
    state.prepare(key, options[0], options)
    split = st.radio(LABELS["split"], options, format_func=SPLIT_NAMES.__getitem__, key=key)
    state.remember(key, split)
    return split


def split_words(split: Split, name: str) -> str:
    """Say what a split does to this log."""
    if name == "all_rows":
        return "Every interaction is learned from; no figure can be had that is honest."
    held = plural(split.counts["held_out"], "interaction")
    users = plural(split.counts["users"] - split.counts["too_short"], "user")
    short = plural(split.counts["too_short"], "user")
    if name == "temporal":
        return (
            f"The last tenth in time, {held} of {users}, is held out for the figures; the tenth"
            " before validates."
        )
    above = "" if (split.data.outcome > 0).all() else " with an outcome above 0"
    what = {
        "leave_last_out": f"the last interaction{above}",
        "last_session_out": f"the last session{above} ({held})",
    }[name]
    rest = f" {short} had fewer than three: nothing is." if split.counts["too_short"] else ""
    return f"{users}: {what} is held out for the figures, the one before validates.{rest}"


def _mode_of(outcome: np.ndarray, cut: SplitConfig) -> Mode:
    """Return the mode that the outcomes have once they are taken as chosen."""
    return find_mode(outcome) if cut.outcomes == "as_found" else cut.outcomes


def pick_experiment(cut: SplitConfig, split: Split) -> ExperimentConfig:
    """Let a preset be chosen and its settings be changed; the defaults are good.

    Raises:
        ConfigError: a setting is out of range.
    """
    model = pick_choice("model", LABELS["model"], "hrnn", list(_MODEL_WORDS), _MODEL_WORDS)
    size = len(split.data), len(split.data.item_ids)
    base = _pick_preset(*size)
    epochs = _pick("epochs", base.epochs, 1, 1000)
    units = _pick("hidden_units", base.hidden_units, 1, 1024)
    with st.expander("More settings"):
        losses = _LOSSES[_mode_of(split.data.outcome, cut)]
        loss = _choose("loss", losses[0], losses)
        negatives, sampled = base.num_negatives, base.sampled_items
        if loss in ("bce", "bpr_max", "top1"):
            negatives, sampled = _pick("num_negatives", negatives, 1, 1000), "auto"
        elif loss == "cross_entropy":
            usual = "all" if sampled is None else "auto"
            sampled = _choose("sampled_items", usual, list(_SAMPLE_NAMES))
            sampled = None if sampled == "all" else "auto"
        scoring = base.for_loss(loss).scoring
        if loss != "mse":
            scoring = _choose("scoring", scoring, list(_SCORING_NAMES))
        user_state = base.user_state
        if model == "hrnn":
            user_state = _choose("user_state", user_state, list(_STATE_NAMES))
        training = replace(  # pyright: ignore[reportArgumentType]
            base,
            epochs=epochs,
            hidden_units=units,
            loss=loss,
            num_negatives=negatives,
            sampled_items=sampled,
            scoring=scoring,
            user_state=user_state,
            num_layers=_pick("num_layers", base.num_layers, 1, 8),
            learning_rate=_pick("learning_rate", base.learning_rate, 0.00001, 1.0),
            learning_rate_decay=_choose(
                "learning_rate_decay", base.learning_rate_decay, list(_DECAY_NAMES)
            ),
            dropout_rate=_pick("dropout_rate", base.dropout_rate, 0.0, 0.9),
            batch_size=_pick("batch_size", base.batch_size, 1, 10_000),
            early_stopping_patience=_pick(
                "early_stopping_patience", base.early_stopping_patience or 0, 0, 1000
            )
            or None,
            max_sessions=_pick("max_sessions", base.max_sessions, 1, 1000),
            max_session_len=_pick("max_session_len", base.max_session_len, 1, 1000),
            random_state=_pick("random_state", 42, 0, 2**31),
        )
    if training != base.for_loss(training.loss):
        took = seconds(expected_seconds(training, *size))
        st.caption(f"As changed: about {took}.")
    return ExperimentConfig.of(cut, training, model)


def experiment_of(cut: SplitConfig, split: Split, preset: TrainConfig) -> ExperimentConfig:
    """Return a preset's experiment, with the loss that is usual for a log's outcomes."""
    loss = _LOSSES[_mode_of(split.data.outcome, cut)][0]
    return ExperimentConfig.of(cut, preset.for_loss(loss))


def _pick_preset(interactions: int, items: int) -> TrainConfig:
    """Let a preset be chosen, which is what inputs hold unless they are changed."""
    state.prepare(_PRESET, _USUAL, PRESETS)
    if st.session_state.get(_FILLED) not in (None, st.session_state[_PRESET]):
        _forget_settings()  # the preset came with a link, or with the browser's Back
    st.session_state[_FILLED] = st.session_state[_PRESET]
    costs = (
        f"{name} {seconds(expected_seconds(one, interactions, items))}"
        for name, one in PRESETS.items()
    )
    name = st.segmented_control(
        "Preset",
        list(PRESETS),
        format_func=str.capitalize,
        key=_PRESET,
        required=True,
        on_change=_forget_settings,
        help="How much is spent. Quick is enough to see whether there is anything to learn. Best is"
        " made for logs of some hundred thousand interactions; on small ones it is no better.",
    )
    st.caption(f"About {', '.join(costs)} on one core, where nothing else runs.")
    state.remember(_PRESET, name if name != _USUAL else None)
    return PRESETS[name or _USUAL]


def _forget_settings() -> None:
    """Let the inputs of a training take what the chosen preset says, but for what the link says."""
    for key in TrainConfig().plain():
        if key not in ("loss", "user_state", "random_state") and not state.from_outside(key):
            st.session_state.pop(key, None)
            state.remember(key, None)


def _choose(key: str, default: str, options: list[str]) -> Any:
    return pick_choice(key, LABELS[key], default, options, _NAMES[key])


def _pick(key: str, default: N, low: N, high: N) -> N:
    return pick_number(key, LABELS[key], default, low, high)


def fill_inputs(experiment: ExperimentConfig) -> None:
    """Put the settings of a run into the inputs; to be called before they are drawn."""
    for key in (_PRESET, _FILLED):
        st.session_state.pop(key, None)
    state.remember(_PRESET, None)
    usual = _input_values(ExperimentConfig())
    for key, value in _input_values(experiment).items():
        st.session_state.pop(key, None)
        # Without a timeout that of the newest run would be taken, which need not be this one.
        says = key == state.TIMEOUT or value != usual[key]
        state.remember(key, value if says else None)


def _input_values(experiment: ExperimentConfig) -> dict[str, Any]:
    """Return the settings that have inputs, as these hold them."""
    values = {key: one for key, one in settings_of(experiment).items() if key in LABELS}
    values["early_stopping_patience"] = values["early_stopping_patience"] or 0
    values["sampled_items"] = "all" if values["sampled_items"] is None else "auto"
    return values


def settings_of(experiment: ExperimentConfig) -> dict[str, Any]:
    """Return all settings of a run: what its log is cut by, then what trains."""
    cut = asdict(experiment.cut)  # pyright: ignore[reportArgumentType]
    return {"model": experiment.model, **cut, **experiment.training.plain()}


def settings_table(experiments: Mapping[str, ExperimentConfig]) -> pd.DataFrame:
    """Lay the settings of runs out side by side, those that differ first and marked.

    Args:
        experiments: what a run is called → its settings.

    Returns:
        ``Setting``, ``Differs``, and a column a run.
    """
    columns = {name: settings_of(one) for name, one in experiments.items()}
    for name, one in experiments.items():
        columns[name] |= _as_it_works(one)
    rows = []
    for key in next(iter(columns.values())):
        words = [_value_words(key, own[key]) for own in columns.values()]
        differs = "differs" if len(set(words)) > 1 else ""
        label = LABELS.get(key, key.replace("_", " ").capitalize())
        rows.append([label, differs, *words])
    rows.sort(key=lambda row: row[1] == "")
    return pd.DataFrame(rows, columns=["Setting", "Differs", *columns])


def _as_it_works(experiment: ExperimentConfig) -> dict[str, Any]:
    """Return the settings that mean something else for a run, or nothing (None)."""
    idle, loss = ["verbose"], experiment.training.loss
    if loss not in ("bce", "bpr_max", "top1"):
        idle.append("num_negatives")
    if loss != "cross_entropy":
        idle.append("sampled_items")
    if experiment.model == "hrnn":
        return dict.fromkeys(idle)
    read = experiment.training.max_sessions * experiment.training.max_session_len
    one_sequence = {"max_session_len": f"{read:,} in one sequence"}
    return dict.fromkeys([*idle, "user_state", "max_sessions"]) | one_sequence


def _value_words(key: str, value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _NAMES.get(key, {}).get(value, value.replace("_", " "))
    assert isinstance(value, int | float)
    return minutes(value) if key == "timeout_minutes" else f"{value:.10g}"
