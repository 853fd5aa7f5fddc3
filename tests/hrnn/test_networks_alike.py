"""What holds for every model, of those that train a network: a class each."""

import numpy as np

import hrnn
from hrnn.baselines import FlatGRU, SASRec
from hrnn.training.config import TrainConfig
from hrnn.training.roles import TRAIN
from tests.hrnn.test_models_alike import DATA, ITEMS, Alike


class AlikeNetwork(Alike):
    """A model that trains a network."""

    exact = False
    answers_are_new = False

    @staticmethod
    def settings(**more) -> TrainConfig:
        return TrainConfig(
            **{
                "loss": "cross_entropy",
                "hidden_units": 12,
                "dropout_rate": 0.0,
                "learning_rate": 0.05,
                "epochs": 30,
                "batch_size": 64,
                "restore_best_weights": False,  # else the validation rows choose the epoch
                **more,
            }
        )

    @staticmethod
    def known():
        """Items in a fixed ring, begun anywhere."""
        rows = [
            f"u{user} {ITEMS[(user + place) % 8]} {place + 200 * (place // 6)}"
            for user in range(24)
            for place in range(12)
        ]
        return "\n".join(rows), {"a 0": "b", "c 0\nd 1\ne 2": "f", "f 0\ng 1\nh 2": "a"}

    def tied(self, weights):
        for name in ("items_IH.weight", "bias_I"):
            weights[name][-1] = weights[name][-2]
        return weights


class TestHRNN(AlikeNetwork):
    @classmethod
    def make(cls):
        return hrnn.HierarchicalSequentialRecommender.of_training(cls.settings(), 30, True)


class AlikeByCosine(AlikeNetwork):
    """A network whose scores are cosines."""

    @classmethod
    def settings(cls, **more) -> TrainConfig:
        return super().settings(scoring="cosine", **more)

    def test_embeddings_are_of_length_one_after_every_update(self):
        model, lengths = self.make(), []

        def measure(record, running):
            if record["kind"] == "update":
                weight = running.network.items_IH.weight.detach()
                lengths.append(weight[1:].norm(dim=1).numpy().copy())

        model.fit(DATA, np.full(len(DATA), TRAIN, np.int8), callbacks=[measure])
        assert len(lengths) == model.estimator.config.epochs
        np.testing.assert_allclose(lengths, 1, rtol=1e-6)


class TestHRNNByCosine(AlikeByCosine, TestHRNN):
    pass


class TestFlatGRU(AlikeNetwork):
    @classmethod
    def make(cls):
        return FlatGRU(cls.settings())


class TestSASRec(AlikeNetwork):
    @classmethod
    def make(cls):
        return SASRec(cls.settings(learning_rate=0.01, hidden_units=16, epochs=60))


class TestSASRecWithOneNegative(AlikeNetwork):
    @classmethod
    def make(cls):
        one = {"loss": "bce", "num_negatives": 1, "epochs": 100}
        return SASRec(cls.settings(learning_rate=0.01, hidden_units=16, **one))


class TestSASRecByCosine(AlikeByCosine, TestSASRec):
    pass
