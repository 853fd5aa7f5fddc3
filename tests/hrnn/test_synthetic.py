import numpy as np
import pandas as pd
import pytest

from hrnn import ConfigError, read_interactions, segment
from hrnn.synthetic import THEMES, Synthetic, SyntheticConfig, generate, item_titles

SMALL = SyntheticConfig(users=40, items=60, interactions=2000, seed=3)


@pytest.fixture(scope="module")
def small() -> Synthetic:
    return generate(SMALL)


def test_the_same_settings_give_the_same_log(small):
    again = generate(SMALL)
    pd.testing.assert_frame_equal(small.frame, again.frame)
    assert np.array_equal(small.session, again.session)


def test_another_seed_gives_another_log(small):
    other = generate(SyntheticConfig(users=40, items=60, interactions=2000, seed=4))
    assert not small.frame["ITEM_ID"].equals(other.frame["ITEM_ID"])


def test_the_global_random_state_is_left_alone():
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    generate(SyntheticConfig(users=2, items=12, interactions=9))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize("cut", [8.0, 25.0, 240.0])
def test_planted_sessions_are_found_exactly_at_the_planted_timeout(cut):
    made = generate(SyntheticConfig(users=30, items=24, interactions=1500, cut_minutes=cut))
    planted = made.frame.assign(planted=made.session)
    found = segment(read_interactions(planted), cut).frame()
    assert found["SESSION"].astype(str).tolist() == found["planted"].tolist()


def test_items_of_a_session_come_from_its_theme(small):
    item = small.frame["ITEM_ID"].str.removeprefix("item").astype(int).to_numpy() - 1
    assert np.array_equal(small.item_theme[item], small.theme)
    assert (small.frame["theme"] == np.array(list(THEMES))[small.theme]).all()


def test_a_certain_cause_makes_every_session_follow_the_one_before():
    made = generate(SyntheticConfig(users=20, items=12, interactions=1000, cause=1.0))
    rows = made.frame.assign(session=made.session, theme=made.theme)
    themes = rows.groupby(["USER_ID", "session"])["theme"].first()
    steps = themes.groupby("USER_ID").diff().dropna()
    assert len(steps) > 100
    assert (steps % len(THEMES) == 1).all()


def test_without_a_cause_themes_follow_each_other_by_chance():
    made = generate(SyntheticConfig(users=50, items=12, interactions=10_000, cause=0.0))
    rows = made.frame.assign(session=made.session, theme=made.theme)
    steps = rows.groupby(["USER_ID", "session"])["theme"].first().groupby("USER_ID").diff().dropna()
    assert (steps % len(THEMES) == 1).mean() == pytest.approx(1 / 12, abs=0.03)


def test_rows_are_sorted_by_time_and_exactly_as_many_as_asked(small):
    assert len(small.frame) == len(small.session) == 2000
    assert small.frame["TIMESTAMP"].is_monotonic_increasing
    assert str(small.frame["TIMESTAMP"].dtype) == "datetime64[us, UTC]"
    assert small.frame["USER_ID"].nunique() == 40


def test_session_length_is_about_as_asked():
    made = generate(SyntheticConfig(users=20, items=12, interactions=6000, session_length=4.0))
    count = segment(read_interactions(made.frame), 25).count
    assert 6000 / count == pytest.approx(4.0, rel=0.1)


def test_one_interaction():
    made = generate(SyntheticConfig(users=1, items=12, interactions=1))
    assert len(made.frame) == 1
    assert made.session.tolist() == [0]


def test_titles_are_distinct_and_name_their_theme():
    theme = np.arange(2000) % len(THEMES)
    titles = item_titles(theme)
    assert len(set(titles)) == 2000
    nouns = list(THEMES.values())
    assert all(
        any(noun in title for noun in nouns[t]) for title, t in zip(titles, theme, strict=True)
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"users": 0}, "users=0: it must be greater than or equal to 1"),
        ({"items": 11}, "items=11: it must be greater than or equal to 12"),
        ({"session_length": 1}, "session_length=1: it must be greater than 1"),
        ({"cause": 1.5}, "cause=1.5: it must be less than or equal to 1"),
        ({"cut_minutes": 0.01}, "cut_minutes=0.01: it must be greater than or equal to 1"),
        ({"seed": -1}, "seed=-1: it must be greater than or equal to 0"),
        ({"user": 5}, "user is not a setting; the settings are users, items, interactions"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        SyntheticConfig(**settings)


def test_fewer_interactions_than_users_are_refused():
    with pytest.raises(ConfigError, match="interactions=5: 6 users need at least one each"):
        generate(SyntheticConfig(users=6, interactions=5))
