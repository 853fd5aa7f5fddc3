"""Every code block of the reference's guide that can run, with the imports changed and no more."""

import pandas as pd
import pytest

import hrnn
from hrnn.data.interactions import Interactions

IMPORTS = {
    "skrec.estimator.sequential.hrnn_estimator": "hrnn",
    "skrec.scorer.hierarchical": "hrnn",
    "skrec.recommender.sequential.hierarchical_recommender": "hrnn",
    "skrec.dataset.interactions_dataset": "hrnn",
}


def run_block(code: str, **names: object) -> dict:
    """Run a block of the guide among some names; return them and what it made."""
    for theirs, ours in IMPORTS.items():
        code = code.replace(f"from {theirs} import", f"from {ours} import")
    space = dict(names)
    exec(compile(code, "guide", "exec"), space)
    return space


def ratings(users: int = 12) -> pd.DataFrame:
    """Users who walk round ten items in steps, in sessions of three, two days apart."""
    rows = [
        (
            f"u{u}",
            f"i{(u + place) % 10}",
            86_400 * 2 * (place // 3) + 60 * place,
            1 + (u + place) % 5,
        )
        for u in range(users)
        for place in range(12)
    ]
    frame = pd.DataFrame(rows, columns=["USER_ID", "ITEM_ID", "TIMESTAMP", "rating"])
    return frame.assign(OUTCOME=1.0, session=frame["TIMESTAMP"] // 86_400)


@pytest.fixture
def _files(tmp_path, monkeypatch):
    """The guide's files, where its blocks look for them."""
    monkeypatch.chdir(tmp_path)
    ratings().to_csv("interactions.csv", index=False)


QUICK_START = """
from skrec.estimator.sequential.hrnn_estimator import HRNNClassifierEstimator
from skrec.scorer.hierarchical import HierarchicalScorer
from skrec.recommender.sequential.hierarchical_recommender import HierarchicalSequentialRecommender
from skrec.dataset.interactions_dataset import InteractionsDataset

# 1. Define the model
estimator = HRNNClassifierEstimator(
    hidden_units=50,               # GRU hidden size and item embedding dimension
    num_layers=1,                  # GRU depth
    dropout_rate=0.2,
    num_negatives=1,               # Negatives sampled per positive during training
    max_sessions=10,               # Max past sessions retained per user
    max_session_len=20,            # Max items per session
    learning_rate=0.001,
    epochs=200,                    # Upper bound — early stopping may stop sooner
    batch_size=128,
    early_stopping_patience=5,     # Stop if val loss doesn't improve for 5 epochs
    restore_best_weights=True,     # Restore weights from best val-loss epoch
    random_state=42,
)

# 2. Wrap in scorer and recommender
scorer = HierarchicalScorer(estimator)
recommender = HierarchicalSequentialRecommender(
    scorer,
    max_sessions=10,
    max_session_len=20,
    session_timeout_minutes=30,   # Gap threshold for automatic session splitting
)

# 3. Train (optionally pass a validation split for early stopping)
recommender.train(
    items_ds=items_dataset,
    interactions_ds=interactions_dataset,         # Must contain TIMESTAMP column
    valid_interactions_ds=valid_interactions_ds,  # Optional: enables early stopping
)

# 4. Recommend
recs = recommender.recommend(
    interactions=recent_interactions_df,    # USER_ID, ITEM_ID, TIMESTAMP
    top_k=10,
)
"""


def test_quick_start_runs_as_it_stands_and_finds_what_follows():
    log = ratings(users=60)
    last = log.groupby("USER_ID").cumcount(ascending=False)
    train, valid = log[last >= 2], log[last == 1]
    recent = train[train["USER_ID"].isin(["u0", "u7"])][["USER_ID", "ITEM_ID", "TIMESTAMP"]]
    made = run_block(
        QUICK_START,
        items_dataset=hrnn.ItemsDataset(pd.DataFrame({"ITEM_ID": [f"i{n}" for n in range(10)]})),
        interactions_dataset=hrnn.InteractionsDataset(train),
        valid_interactions_ds=hrnn.InteractionsDataset(valid),
        recent_interactions_df=recent,
    )
    assert made["recs"].shape == (2, 10)
    assert sorted(made["recs"][0]) == [f"i{n}" for n in range(10)]
    assert made["recs"][0][0] == "i0"  # u0 has done i0 … i9: round the ring comes i0
    assert made["recs"][1][0] == "i7"
    history = made["estimator"].history_
    assert all(one["valid_loss"] is not None for one in history)
    assert history[-1]["train_loss"] < 0.5 * history[0]["train_loss"]


INPUT_DATA = """
import pandas as pd

interactions_df = pd.DataFrame({
    "USER_ID":   ["u1", "u1", "u1", "u1"],
    "ITEM_ID":   ["i1", "i2", "i3", "i4"],
    "OUTCOME":   [1.0,  1.0,  1.0,  1.0],
    "TIMESTAMP": [100,  200,  5000, 5100],   # gap between i2→i3 starts new session
})
"""
SCHEMA = """
dataset = InteractionsDataset(
    data_location="interactions.csv",
    client_schema_path="skrec/dataset/required_schemas/interactions_schema_with_timestamp_training.yaml",
)
"""


def test_toy_data_is_cut_where_the_comment_says_and_can_be_trained_on():
    frame = run_block(INPUT_DATA)["interactions_df"]
    sessions = hrnn.segment(hrnn.read_interactions(frame), timeout_minutes=30)
    assert sessions.frame()["SESSION"].tolist() == [0, 0, 1, 1]
    model = recommender_of(epochs=1)
    model.train(interactions_ds=hrnn.InteractionsDataset(frame))
    assert set(model.recommend(frame, top_k=4)[0]) == {"i1", "i2", "i3", "i4"}


@pytest.mark.usefixtures("_files")
def test_shared_schema_takes_the_log_and_keeps_times_and_sessions():
    ratings().rename(columns={"session": "SESSION_ID"}).to_csv("interactions.csv", index=False)
    data = run_block(SCHEMA, InteractionsDataset=hrnn.InteractionsDataset)["dataset"].data
    assert isinstance(data, Interactions)
    assert data.session_index is not None
    assert data.time_us[:2].tolist() == [0, 60_000_000]


def test_explicit_session_ids_take_priority():
    log = ratings().assign(session=lambda frame: frame.groupby("USER_ID").cumcount() // 2)
    log = run_block(
        'interactions_df["SESSION_ID"] = interactions_df["session"]\n', interactions_df=log
    )
    data = hrnn.read_interactions(log["interactions_df"])
    assert recommender_of().sessions(data).lengths.tolist() == [2] * 72


DETECTION = """
# Explicit session boundaries
recommender = HierarchicalSequentialRecommender(
    scorer, max_sessions=10, max_session_len=20
    # SESSION_ID column in data takes priority
)
made = [recommender]

# Implicit — 30-minute timeout (default)
recommender = HierarchicalSequentialRecommender(
    scorer, max_sessions=10, max_session_len=20,
    session_timeout_minutes=30,
)
made.append(recommender)

# Implicit — 24-hour timeout (e.g. daily sessions)
recommender = HierarchicalSequentialRecommender(
    scorer, max_sessions=15, max_session_len=30,
    session_timeout_minutes=1440,
)
made.append(recommender)
"""


def test_session_detection_goes_by_the_timeout_that_was_set():
    scorer = hrnn.HierarchicalScorer(hrnn.HRNNClassifierEstimator())
    with pytest.warns(UserWarning, match="max_session"):  # 15 × 30 against the estimator's 10 × 20
        made = run_block(
            DETECTION,
            scorer=scorer,
            HierarchicalSequentialRecommender=hrnn.HierarchicalSequentialRecommender,
        )["made"]
    hours = pd.DataFrame(
        {"USER_ID": "u", "ITEM_ID": list("abcd"), "TIMESTAMP": [0, 60, 7200, 200_000]}
    )
    data = hrnn.read_interactions(hours)
    assert [model.sessions(data).count for model in made] == [3, 3, 2]


def test_timeout_of_none_without_session_ids_is_an_error_that_says_so():
    model, log = recommender_of(timeout=None), ratings()
    with pytest.raises(hrnn.DataError, match="a timeout of None needs a SESSION_ID"):
        model.train(interactions_ds=hrnn.InteractionsDataset(log.drop(columns="session")))
    with_ids = log.rename(columns={"session": "SESSION_ID"})
    model.train(interactions_ds=hrnn.InteractionsDataset(with_ids))
    assert model.recommend(with_ids.head(3), top_k=1).shape == (1, 1)


ARCHITECTURE = """
made = HRNNClassifierEstimator(
    hidden_units=50,                  # GRU hidden size and item embedding dimension
    num_layers=1,                     # GRU depth (1 is standard; >1 adds inter-layer dropout)
    dropout_rate=0.2,                 # Applied to item embeddings and GRU inter-layer connections
    num_negatives=1,                  # Negatives per positive per training step (≥1)
    max_sessions=10,                  # Sessions retained per user (synced from recommender at train time)
    max_session_len=20,               # Items retained per session (synced from recommender at train time)
    learning_rate=0.001,
    epochs=200,                       # Max epochs — early stopping may stop sooner
    batch_size=128,
    weight_decay=0.0,                 # L2 regularization (e.g. 1e-4 to prevent overfitting)
    early_stopping_patience=None,     # Epochs without val-loss improvement before stopping
    restore_best_weights=True,        # Restore best-epoch weights when early stopping fires
    random_state=42,
)
"""


def test_architecture_parameters_of_the_guide_are_the_defaults():
    made = run_block(ARCHITECTURE, HRNNClassifierEstimator=hrnn.HRNNClassifierEstimator)["made"]
    assert made.config == hrnn.HRNNClassifierEstimator().config
    assert made.config.loss == "bce"
    assert hrnn.HRNNRegressorEstimator().config.loss == "mse"


EARLY_STOPPING = """
estimator = HRNNClassifierEstimator(
    epochs=200,
    early_stopping_patience=5,    # Stop if no improvement for 5 consecutive epochs
    restore_best_weights=True,    # Roll back to the best epoch's weights (default True)
)
"""
TRAIN = """
recommender.train(
    items_ds=items_ds,
    interactions_ds=interactions_ds,
    valid_interactions_ds=valid_inter_ds,   # Single interaction per user (e.g. second-to-last positive)
)
"""
PREPARE = """
interactions["rank"] = interactions.groupby("USER_ID").cumcount(ascending=False)

train_df = interactions.drop(columns=["rank"])       # ALL interactions
valid_df = interactions[interactions["rank"] == 1]   # Second-to-last per user
"""
OPEN = """
interactions_ds = InteractionsDataset(data_location="train.csv")
valid_inter_ds  = InteractionsDataset(data_location="valid.csv")
"""


@pytest.mark.usefixtures("_files")
def test_guides_split_trains_on_all_rows_but_those_that_validate():
    log = run_block(PREPARE, interactions=ratings())
    log["train_df"].to_csv("train.csv", index=False)
    log["valid_df"].to_csv("valid.csv", index=False)
    opened = run_block(OPEN, InteractionsDataset=hrnn.InteractionsDataset)
    stopping = run_block(EARLY_STOPPING, HRNNClassifierEstimator=hrnn.HRNNClassifierEstimator)
    model = hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(stopping["estimator"]), session_timeout_minutes=1440
    )
    with pytest.warns(UserWarning, match="validation interactions") as told:
        run_block(
            TRAIN,
            recommender=model,
            items_ds=None,
            interactions_ds=opened["interactions_ds"],
            valid_inter_ds=opened["valid_inter_ds"],
        )
    assert [str(one.message) for one in told] == [
        "12 validation interactions are among the training ones; they stay history and are no"
        " training targets"
    ]
    facts = model.record.facts
    assert (facts["trained"], facts["validated"]) == (12 * 11, 12)
    assert model.estimator.history_[-1]["valid_loss"] is not None


MODES = {
    "positives": 'interactions_df["OUTCOME"] = 1.0\n',
    "binary": """
interactions_df["OUTCOME"] = interactions_df["rating"].apply(
    lambda r: 1.0 if r >= 4 else (0.0 if r <= 2 else None)
)
interactions_df = interactions_df.dropna(subset=["OUTCOME"])
""",
    "soft": 'interactions_df["OUTCOME"] = interactions_df["rating"] / 5.0\n',
    "continuous": 'interactions_df["OUTCOME"] = interactions_df["rating"].astype(float)\n',
}


@pytest.mark.parametrize("mode", MODES)
def test_each_training_mode_is_found_and_trains_with_the_estimator_of_the_table(mode):
    frame = run_block(MODES[mode], interactions_df=ratings())["interactions_df"]
    data = hrnn.read_interactions(frame)
    assert data.report.outcome_mode == mode
    kind = hrnn.HRNNRegressorEstimator if mode == "continuous" else hrnn.HRNNClassifierEstimator
    model = recommender_of(kind, epochs=2)
    model.train(interactions_ds=hrnn.InteractionsDataset(frame))
    assert model.recommend(frame, top_k=3).shape == (12, 3)


def test_regressor_comes_from_where_the_guide_imports_it():
    code = """
from skrec.estimator.sequential.hrnn_estimator import HRNNRegressorEstimator
estimator = HRNNRegressorEstimator(hidden_units=50)
"""
    assert run_block(code)["estimator"].config.loss == "mse"


@pytest.mark.parametrize(
    "settings",
    [
        {"dropout_rate": 0.0}, {"dropout_rate": 0.2}, {"dropout_rate": 0.5}, {"weight_decay": 0.0},
        {"weight_decay": 1e-4}, {"epochs": 50}, {"epochs": 500}, {"learning_rate": 0.0005},
        {"num_negatives": 3}, {"max_sessions": 15}, {"max_session_len": 30},
    ],
)  # fmt: skip
def test_values_that_the_guide_suggests_are_taken(settings):
    name, value = next(iter(settings.items()))
    assert getattr(hrnn.HRNNClassifierEstimator(**settings).config, name) == value


def recommender_of(kind=None, timeout=30, **settings) -> hrnn.HierarchicalSequentialRecommender:
    estimator = (kind or hrnn.HRNNClassifierEstimator)(
        **{"epochs": 1, "hidden_units": 8, **settings}
    )
    return hrnn.HierarchicalSequentialRecommender(
        hrnn.HierarchicalScorer(estimator), session_timeout_minutes=timeout
    )
