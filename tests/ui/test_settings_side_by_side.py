"""Settings of runs side by side."""

from dataclasses import fields, replace

from hrnn.training.config import RECOMMENDED, ExperimentConfig, SplitConfig, TrainConfig
from ui.experiment import LABELS, settings_table


def test_settings_that_differ_come_first_and_are_marked() -> None:
    wide = replace(RECOMMENDED, hidden_units=128)
    table = settings_table(
        {
            "plain": ExperimentConfig(),
            "wide": ExperimentConfig(training=wide, timeout_minutes=60.0),
        }
    )
    assert list(table.columns) == ["Setting", "Differs", "plain", "wide"]
    marked = table[table["Differs"] == "differs"].to_numpy().tolist()
    assert marked == table.head(2).to_numpy().tolist()
    assert marked == [
        ["Timeout", "differs", "30 min", "60 min"],
        ["Hidden units", "differs", "64", "128"],
    ]


def test_every_setting_is_shown() -> None:
    table = settings_table({"one": ExperimentConfig()})
    names = {one.name for config in (SplitConfig, TrainConfig) for one in fields(config)}
    names.add("model")
    assert len(table) == len(names)
    assert set(LABELS) <= names
    assert not (table["Differs"] != "").any()


def test_a_setting_without_effect_is_a_dash() -> None:
    peer = ExperimentConfig(model="sasrec")
    bce = ExperimentConfig(training=replace(RECOMMENDED, loss="bce"))
    table = settings_table({"HRNN": ExperimentConfig(), "SASRec": peer, "bce": bce})
    shown = table.set_index("Setting")[["HRNN", "SASRec", "bce"]]
    assert shown.loc[LABELS["num_negatives"]].tolist() == ["–", "–", "1"]
    assert shown.loc[LABELS["user_state"]].tolist()[1] == "–"
    assert "–" not in shown.loc[LABELS["user_state"]].tolist()[::2]
    assert (shown.loc[LABELS["sampled_items"]] == "–").tolist() == [False, False, True]
    assert set(shown.loc["Verbose"]) == {"–"}
    assert shown.loc[LABELS["max_sessions"]].tolist() == ["10", "–", "10"]
    assert shown.loc[LABELS["max_session_len"]].tolist() == ["20", "200 in one sequence", "20"]
