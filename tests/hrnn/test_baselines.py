"""What the baselines are called."""

from hrnn.baselines import BASELINES, CoOccurrence, OwnPopularity, Popularity, SessionKNN


def test_baselines_have_a_name_and_a_kind_each_and_need_no_argument():
    assert list(BASELINES) == ["popularity", "own popularity", "co-occurrence", "session kNN"]
    made = [model() for model in BASELINES.values()]
    assert [type(model) for model in made] == [Popularity, OwnPopularity, CoOccurrence, SessionKNN]
    assert len({model.kind for model in made}) == 4
    for model in made:
        assert type(model).from_settings(model.settings()).settings() == model.settings()
