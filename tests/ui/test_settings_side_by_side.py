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
