import dataclasses
import io
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import hrnn
from hrnn.__main__ import main
from hrnn.training.config import PRESETS, TrainConfig

ROWS = [
    (user, f"i{(user * 3 + step) % 7}", 1_700_000_000 + step * 600 + (step // 3) * 7200)
    for user in range(8)
    for step in range(9)
]
FAST = ["--epochs", "2", "--hidden-units", "4"]


@pytest.fixture
def log(tmp_path) -> Path:
    path = tmp_path / "log.csv"
    pd.DataFrame(ROWS, columns=["user_id", "item_id", "timestamp"]).to_csv(path, index=False)
    return path


@pytest.fixture
def trained(log, tmp_path, capsys) -> Path:
    assert main(["train", str(log), "--out", str(tmp_path / "model"), *FAST]) == 0
    capsys.readouterr()
    return tmp_path / "model"


def error_of(capsys, *arguments) -> str:
    """Run a command that must fail, and return the one line that says why."""
    assert main([str(one) for one in arguments]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    lines = [line for line in told.err.splitlines() if not line.startswith("note: ")]
    errors = [line for line in lines if line.startswith("error: ")]
    assert len(errors) == 1
    assert lines[-1] == errors[0]
    assert [line for line in lines[:-1] if "rows kept" not in line] == []
    return errors[0]


def test_train_shows_progress_and_figures_and_saves_a_model(log, tmp_path, capsys):
    out = tmp_path / "deep" / "model"
    assert main(["train", str(log), "--out", str(out), *FAST]) == 0
    told = capsys.readouterr()
    assert "72 of 72 rows kept" in told.err
    assert "epoch   1  train" in told.err
    assert "epoch   2  train" in told.err
    assert "saved in" in told.err
    heading, figures = told.out.split("\n", 1)
    assert heading.startswith("leave-last-out, 8 held-out interactions of 8 users · ")
    table = pd.read_csv(io.StringIO(figures), sep=r"\s+")
    assert table.columns.tolist() == ["MODEL", "METRIC", "VALUE", "LOW", "HIGH", "N", "LEAKED"]
    assert set(table["MODEL"]) == {"HRNN", "popularity"}
    named = {"HR", "NDCG", "MRR", "coverage"}
    assert {f"{name}@{k}" for name in named for k in (5, 10, 20)} <= set(table["METRIC"])
    assert not table["LEAKED"].any()
    assert set(table["N"]) == {8}
    assert hrnn.load(out).record.facts["users"] == 8


def test_figures_are_those_of_the_model_that_was_saved(log, tmp_path, capsys):
    assert main(["train", str(log), "--out", str(tmp_path / "m"), *FAST]) == 0
    told = pd.read_csv(io.StringIO(capsys.readouterr().out.split("\n", 1)[1]), sep=r"\s+")
    model = hrnn.load(tmp_path / "m")
    report = hrnn.evaluate({"HRNN": model}, hrnn.read_interactions(log))
    assert not report.leaked
    expected = report.table[report.table["METRIC"] == "HR@5"]["VALUE"].tolist()
    found = told[(told["MODEL"] == "HRNN") & (told["METRIC"] == "HR@5")]["VALUE"].tolist()
    assert found == pytest.approx(expected, abs=1e-4)


def test_settings_reach_the_model(log, tmp_path):
    options = ["--loss", "bce", "--user-state", "none", "--num-negatives", "3", "--timeout", "90"]
    assert main(["train", str(log), "--out", str(tmp_path / "m"), *FAST, *options]) == 0
    model = hrnn.load(tmp_path / "m")
    config = model.estimator.config
    assert (config.loss, config.user_state, config.num_negatives) == ("bce", "none", 3)
    assert (config.epochs, config.hidden_units, model.session_timeout_minutes) == (2, 4, 90)


def test_settings_of_every_kind_reach_the_model(log, tmp_path):
    options = [
        "--loss", "top1", "--user-state", "all", "--num-negatives", "2", "--optimizer-name", "sgd",
        "--truncate-training", "True", "--early-stopping-patience", "None", "--max-sessions", "3",
        "--dropout-rate", "0", "--device", "cpu", "--restore-best-weights", "false",
    ]  # fmt: skip
    assert main(["train", str(log), "--out", str(tmp_path / "m"), *FAST, *options]) == 0
    config = hrnn.load(tmp_path / "m").estimator.config
    assert (config.loss, config.user_state, config.num_negatives) == ("top1", "all", 2)
    assert (config.optimizer_name, config.truncate_training, config.max_sessions) == (
        "sgd",
        True,
        3,
    )
    assert (config.early_stopping_patience, config.dropout_rate) == (None, 0)
    assert config.restore_best_weights is False


def test_every_setting_of_a_training_is_an_option(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--help"])
    assert stopped.value.code == 0
    told = capsys.readouterr().out
    for setting in dataclasses.fields(TrainConfig):
        if setting.name == "verbose":  # the shell always says each epoch
            continue
        assert f"--{setting.name.replace('_', '-')}" in told
    assert "default cross_entropy" in told


def test_loss_mse_trains_a_regressor(tmp_path, capsys):
    path = tmp_path / "stars.csv"
    rows = [(*row, 1 + row[0] % 5) for row in ROWS]
    names = ["user_id", "item_id", "timestamp", "outcome"]
    pd.DataFrame(rows, columns=names).to_csv(path, index=False)
    assert "HRNNRegressorEstimator (loss='mse')" in error_of(
        capsys, "train", path, "--out", tmp_path / "m", *FAST
    )
    assert main(["train", str(path), "--out", str(tmp_path / "m"), *FAST, "--loss", "mse"]) == 0
    model = hrnn.load(tmp_path / "m")
    assert model.predicts_outcome
    assert model.estimator.config.loss == "mse"
    scores = model.score_items(hrnn.read_interactions(path))
    assert 1 < scores.to_numpy().mean() < 5  # in stars


def test_each_epoch_is_said_once(log, tmp_path, capsys):
    assert main(["train", str(log), "--out", str(tmp_path / "m"), *FAST]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert sum(line.startswith("epoch ") for line in lines) == 2


def test_all_rows_are_learned_from_without_figures(log, tmp_path, capsys):
    options = ["--split", "all_rows", *FAST]
    assert main(["train", str(log), "--out", str(tmp_path / "m"), *options]) == 0
    assert capsys.readouterr().out == ""
    assert hrnn.load(tmp_path / "m").record.facts["trained"] == 72


def test_recommend_writes_csv_that_equals_the_models_answer(log, trained, capsys):
    assert main(["recommend", str(trained), str(log), "--top-k", "3"]) == 0
    answer = pd.read_csv(io.StringIO(capsys.readouterr().out), dtype={"USER_ID": str})
    expected = hrnn.load(trained).recommend_frame(hrnn.read_interactions(log), top_k=3)
    assert answer.columns.tolist() == ["USER_ID", "RANK", "ITEM_ID", "SCORE"]
    assert answer[["USER_ID", "RANK", "ITEM_ID"]].values.tolist() == (
        expected[["USER_ID", "RANK", "ITEM_ID"]].values.tolist()
    )
    assert answer["SCORE"].tolist() == pytest.approx(expected["SCORE"].tolist())


def test_recommend_serves_the_users_asked_for_with_the_options_given(log, trained, capsys):
    options = ["--user", "5", "--user", "2", "--start", "new", "--exclude-seen", "--top-k", "9"]
    assert main(["recommend", str(trained), str(log), *options]) == 0
    answer = pd.read_csv(io.StringIO(capsys.readouterr().out), dtype=str)
    assert len(answer) == 0  # in nine steps each of them has seen all seven items
    assert main(["recommend", str(trained), str(log), *options[:4], "--start", "new"]) == 0
    answer = pd.read_csv(io.StringIO(capsys.readouterr().out), dtype=str)
    assert answer["USER_ID"].tolist() == ["2"] * 7 + ["5"] * 7
    data = hrnn.read_interactions(log)
    model = hrnn.load(trained)
    expected = model.recommend_frame(data, top_k=7, start="new").set_index("USER_ID")
    assert answer["ITEM_ID"].tolist() == expected.loc[["2", "5"], "ITEM_ID"].tolist()


def test_top_k_beyond_the_catalogue_is_noted(log, trained, capsys):
    assert main(["recommend", str(trained), str(log), "--top-k", "9"]) == 0
    told = capsys.readouterr()
    assert "note: top_k=9 is beyond the catalogue of 7 items; rows end in None" in told.err
    assert "\n0,7," in told.out
    assert "\n0,8," not in told.out


def test_unknown_items_are_noted(trained, tmp_path, capsys):
    later = tmp_path / "later.csv"
    later.write_text("user_id,item_id,timestamp\nu,i1,1700000000\nu,new,1700000060\n")
    assert main(["recommend", str(trained), str(later), "--top-k", "3"]) == 0
    assert "note: 1 of 2 items are unknown to the model" in capsys.readouterr().err


def test_columns_can_be_named(tmp_path, capsys):
    path = tmp_path / "odd.csv"
    pd.DataFrame(ROWS, columns=["alpha", "beta", "gamma"]).to_csv(path, index=False)
    named = ["--column", "USER_ID=alpha", "--column", "ITEM_ID=beta", "--column", "TIMESTAMP=gamma"]
    assert main(["train", str(path), "--out", str(tmp_path / "m"), *FAST, *named]) == 0
    assert hrnn.load(tmp_path / "m").record.facts["items"] == 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "epochs='0': it must be greater than or equal to 1"),
        (["--hidden-units", "many"], "hidden_units='many'"),
        (["--loss", "hinge"], "loss='hinge'"),
        (["--loss", "top1", "--num-negatives", "0"], "num_negatives=0: it must be at least 1"),
        (["--device", "tpu"], "device='tpu': it must be 'cpu', 'cuda' or 'mps'"),
        (["--sampled-items", "0"], "sampled_items='0'"),
        (["--split", "random"], "split='random'"),
        (["--timeout", "0"], "timeout_minutes=0.0"),
        (["--timeout", "nan"], "timeout_minutes=nan"),
        (["--column", "USER_ID=nobody"], "nobody"),
        (["--column", "USER_ID"], "USER_ID"),
    ],
)
def test_wrong_option_of_train_is_one_line_and_status_1(log, tmp_path, capsys, options, message):
    assert message in error_of(capsys, "train", log, "--out", tmp_path / "m", *FAST, *options)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--user", "stranger"], "user 'stranger' is not in the log"),
        (["--top-k", "0"], "top_k=0"),
        (["--start", "later"], "start='later'"),
    ],
)
def test_wrong_option_of_recommend_is_one_line_and_status_1(log, trained, capsys, options, message):
    assert message in error_of(capsys, "recommend", trained, log, *options)


def test_unreadable_logs_and_models_are_one_line_and_status_1(log, trained, tmp_path, capsys):
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert "empty" in error_of(capsys, "train", empty, "--out", tmp_path / "m")
    assert "nothing.csv" in error_of(capsys, "train", tmp_path / "nothing.csv", "--out", tmp_path)
    assert "there is no model" in error_of(capsys, "recommend", tmp_path / "none", log)
    assert "there is no model" in error_of(capsys, "recommend", log, log)
    (trained / "model.safetensors").write_bytes(b"")
    assert "cannot be read" in error_of(capsys, "recommend", trained, log)


def test_log_that_is_too_short_says_so(tmp_path, capsys):
    short = tmp_path / "short.csv"
    short.write_text("user_id,item_id,timestamp\nu,a,1700000000\nu,b,1700000060\n")
    assert "no user has three" in error_of(capsys, "train", short, "--out", tmp_path / "m")


def test_folder_that_cannot_be_written_is_found_out_before_the_training(log, capsys):
    told = error_of(capsys, "train", log, "--out", log, *FAST)  # a file stands in its place
    assert "log.csv" in told


def test_module_runs_as_a_program(log, tmp_path):
    root = Path(hrnn.__file__).parents[1]
    command = [sys.executable, "-m", "hrnn", "recommend", str(tmp_path / "none"), str(log)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: there is no model in")
    assert done.stderr.count("\n") == 1


def test_a_preset_gives_what_is_not_given(log, tmp_path):
    out = tmp_path / "m"
    arguments = ["train", str(log), "--out", str(out), "--preset", "quick", "--model", "flat_gru"]
    assert main([*arguments, *FAST]) == 0
    model = hrnn.load(out)
    given = {"epochs": 2, "hidden_units": 4, "user_state": "none"}
    assert isinstance(model, hrnn.FlatGRU)
    assert model.estimator.config == dataclasses.replace(PRESETS["quick"], **given)


def test_timeouts_are_compared_on_the_same_validation_rows(log, capsys):
    assert main(["timeouts", str(log), "5", "60", "300", *FAST]) == 0
    told = capsys.readouterr()
    heading, figures = told.out.split("\n", 1)
    assert heading.startswith("NDCG@10, leave-last-out on validation rows, 8 held-out")
    table = pd.read_csv(io.StringIO(figures), sep=r"\s+")
    assert table["MINUTES"].tolist() == [5, 60, 300]
    assert (table["BEHIND"] == 0).sum() >= 1
    assert "5 minutes: 64 sessions" in told.err  # of 72 rows the last of each user is put aside
    assert "60 minutes: 24 sessions" in told.err


def test_a_timeout_that_cannot_be_is_said_before_anything_is_trained(log, capsys):
    assert main(["timeouts", str(log), "5", "-1", *FAST]) == 1
    told = capsys.readouterr()
    assert "timeout_minutes=-1" in told.err
    assert "sessions" not in told.err
