"""Curves are smoothed over every record, then thinned; figures of a training are worked out."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hrnn.training.config import ExperimentConfig, TrainConfig
from ui.curve_charts import CurveStyle, curves, picture
from ui.curves import (
    MOST_POINTS,
    best_epoch,
    countdown,
    csv_of,
    curves_frame,
    numbers,
    smoothed,
    speed,
    thinned,
)
from workspace.runs import Run

STYLE = CurveStyle((("a", "#0d9488"),))


def update(number: int, loss: float = 1.0, updates: int = 10, **more: object) -> dict[str, Any]:
    at = {"kind": "update", "epoch": number / updates, "update": number, "updates": updates}
    return {**at, "loss": loss, "seconds": number / 2, **more}


def epoch(number: int, best: int | None = None, **more: object) -> dict[str, Any]:
    losses = {"train_loss": 2.0, "valid_loss": None if best is None else 3.0}
    at = {"updates": 10 * number, "seconds": 5.0 * number, "best_epoch": best or number}
    return {"kind": "epoch", "epoch": number, **losses, **at, **more}


def test_smoothing_weighs_half_after_a_half_life_and_starts_at_the_first_loss() -> None:
    # Weights of two updates, one a half-life each: 1/4 and 1/2, so (4/4 + 2/2) / (3/4) = 8/3.
    assert smoothed([4, 2], [1, 1], 1) == pytest.approx([4, 8 / 3])
    # A mean of two updates after one: what came before keeps 1/4, the mean gets 3/4.
    assert smoothed([4, 2], [1, 2], 1) == pytest.approx([4, (4 / 8 + 2 * 3 / 4) / (7 / 8)])


def test_a_mean_of_updates_is_smoothed_like_the_updates_it_is_of() -> None:
    each = smoothed([5, 1, 1, 1, 3], [1, 1, 1, 1, 1], 2)
    means = smoothed([5, 1, 3], [1, 3, 1], 2)
    assert means == pytest.approx(each[[0, 3, 4]])


def test_without_smoothing_the_losses_stay() -> None:
    assert smoothed([3, 1], [1, 1], 0).tolist() == [3, 1]


@pytest.mark.parametrize("count", [1, MOST_POINTS, MOST_POINTS + 1, 5_000, 100_000])
def test_few_points_are_drawn_among_them_the_extremes_and_the_last(count: int) -> None:
    values = np.random.default_rng(0).normal(size=count)
    places = thinned(values)
    assert len(places) <= MOST_POINTS + 1
    assert (np.diff(places) > 0).all()
    assert {values.argmin(), values.argmax(), count - 1} <= set(places)


def test_points_that_were_drawn_stay_while_the_series_grows() -> None:
    values = np.random.default_rng(0).normal(size=1_000)
    before, after = thinned(values[:900]), thinned(values)
    size = 8  # 2 · 900 / 400 and 2 · 1000 / 400, up to a power of two
    whole = 900 // size * size
    assert before[before < whole].tolist() == after[after < whole].tolist()


def test_smoothing_sees_the_records_that_are_not_drawn() -> None:
    losses = np.random.default_rng(0).normal(size=5_000)
    records = [update(n + 1, float(loss)) for n, loss in enumerate(losses)]
    frame = curves_frame({"a": records}, 0.5)
    whole = smoothed(losses.tolist(), [1] * 5_000, 5)
    drawn = frame["update"].to_numpy(int) - 1
    assert len(drawn) <= MOST_POINTS + 1
    assert frame["smooth"].to_numpy() == pytest.approx(whole[drawn])


def test_a_record_counts_the_updates_since_the_one_before() -> None:
    frame = curves_frame({"a": [update(1, 4.0), update(3, 2.0)]}, 0.1)
    assert frame["smooth"].tolist() == pytest.approx([4, (4 / 8 + 2 * 3 / 4) / (7 / 8)])


def test_rows_of_the_chart_say_what_was_measured_when() -> None:
    records = [update(10), epoch(1, best=1, valid_ndcg=0.25), update(20), epoch(2, best=1)]
    frame = curves_frame({"a": records, "b": [epoch(1)]}, 0.0)
    own = frame[(frame["run"] == "a") & (frame["kind"] == "epoch")]
    assert own["epoch"].tolist() == [1, 2]
    assert own["update"].tolist() == [10, 20]
    assert own["time"].tolist() == [5_000, 10_000]
    assert own["valid"].tolist() == [3, 3]
    assert own["ndcg"].tolist() == pytest.approx([0.25, math.nan], nan_ok=True)
    assert own["best"].tolist() == [True, False]
    assert not frame.loc[frame["run"] == "b", "best"].any()


def test_no_records_make_an_empty_frame_of_the_same_columns() -> None:
    empty, full = curves_frame({"a": []}, 0.5), curves_frame({"a": [epoch(1, 1), update(11)]}, 0.5)
    assert not len(empty)
    assert empty.dtypes.to_dict() == {**full.dtypes.to_dict(), **empty.dtypes[["run", "kind"]]}


def test_the_best_epoch_is_known_once_something_validated() -> None:
    assert best_epoch([update(1)]) is None
    assert best_epoch([epoch(1)]) is None
    assert best_epoch([epoch(1, 1), epoch(2, 1), update(21)]) == 1


def test_early_stopping_is_counted_down_to() -> None:
    config = TrainConfig(epochs=40, early_stopping_patience=4)
    records = [epoch(9, 7), update(95)]
    # It stops after epoch 7 + 4 = 11: two epochs after the ninth, 1.5 after now, at 5 s each.
    assert countdown(config, records) == "stops in 2 epochs (7.5 s) unless validation improves"
    assert countdown(config, [epoch(10, 7), update(105)]).startswith("stops in 1 epoch (")


@pytest.mark.parametrize(
    ("settings", "records"),
    [
        ({"early_stopping_patience": None}, [epoch(9, 7)]),
        ({"early_stopping_patience": 33}, [epoch(9, 7)]),  # the epochs end it by then
        ({"early_stopping_patience": 4}, [epoch(9)]),
        ({"early_stopping_patience": 4}, [update(1)]),
    ],
)
def test_nothing_is_counted_down_to_where_early_stopping_ends_nothing(
    settings: dict, records: list
) -> None:
    assert countdown(TrainConfig(epochs=40, **settings), records) == ""


def test_speed_is_that_of_the_last_seconds() -> None:
    slow = [update(n, interactions=100 * n) for n in range(1, 41)]  # 200 a second, to 20 s
    fast = [update(n, interactions=4_000 + 500 * (n - 40)) for n in range(41, 61)]  # 1,000, to 30 s
    assert speed(slow) == pytest.approx(200)
    assert speed(slow + fast) == pytest.approx(1_000)
    assert math.isnan(speed([update(1)]))


def test_numbers_say_what_is_known_and_dash_what_is_not() -> None:
    config = TrainConfig(epochs=40)
    known = numbers(config, [update(100, interactions=20_000, rss=312_400_000)])
    # Ten epochs took 50 s, thirty are left.
    assert list(known.values()) == ["10.0", "400", "2.5 min", "312 MB"]
    assert list(numbers(config, [update(100)]).values()) == ["10.0", "–", "2.5 min", "–"]
    assert numbers(config, []) == {}


def test_the_specification_stays_the_same_while_data_come() -> None:
    few, many = ([update(n) for n in range(1, count)] for count in (3, 1_000))
    specs = [curves(curves_frame({"a": records}, 0.5), STYLE) for records in (few, many)]
    for spec in specs:
        assert list(spec.pop("datasets")) == ["curves"]
    assert specs[0] == specs[1]


def test_both_panels_move_together_and_each_stretches_alone() -> None:
    spec = curves(curves_frame({"a": []}, 0.5), STYLE)
    views = {one["name"]: one["views"] for one in spec["params"]}
    assert views == {
        "move": ["loss", "ndcg"],
        "stretch_loss": ["loss"],
        "stretch_ndcg": ["ndcg"],
    }
    assert [panel["layer"][0]["name"] for panel in spec["vconcat"]] == ["loss", "ndcg"]


@pytest.mark.parametrize("axis", ["epoch", "update", "time"])
@pytest.mark.parametrize("log", [False, True])
def test_pictures_are_made_without_a_browser(axis: str, log: bool) -> None:
    records = [update(5), update(10), epoch(1, 1, valid_ndcg=0.2)]
    name = "<b>& one"
    frame = curves_frame({name: records, "two": records}, 0.5)
    style = CurveStyle(((name, "#0d9488"), ("two", "#2563eb")), axis, log)
    svg = picture(frame, style, "svg").decode()
    assert "&lt;b&gt;&amp; one" in svg
    assert "<b>" not in svg
    assert "validation NDCG@10" in svg
    assert "#2563eb" in svg
    assert picture(frame, style, "png").startswith(b"\x89PNG")


def test_a_csv_holds_all_records_and_runs_no_formula() -> None:
    records = [update(n) for n in range(1, 1_000)] + [epoch(1, 1)]
    run = Run(
        id="x",
        owner="local",
        made="",
        dataset="d",
        dataset_name="d",
        name="=1+1",
        experiment=ExperimentConfig(),
    )
    lines = csv_of([run], {"x": records}).decode().splitlines()
    assert len(lines) == 1 + 1_000
    assert lines[1].startswith("x,'=1+1,update,0.1,1")
    assert pd.Series(lines[0].split(",")).isin(["train_loss", "valid_loss", "loss"]).sum() == 3
