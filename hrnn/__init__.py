"""HRNN: session-aware recommendation, from a log of interactions to honest figures.

The public names load when they are first used, so that ``import hrnn`` costs nothing and the app's
process holds no torch before it needs a model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hrnn.baselines.co_occurrence import CoOccurrence
    from hrnn.baselines.flat_gru import FlatGRU
    from hrnn.baselines.own_popularity import OwnPopularity
    from hrnn.baselines.popularity import Popularity
    from hrnn.baselines.sasrec import SASRec
    from hrnn.baselines.session_knn import SessionKNN
    from hrnn.data.datasets import InteractionsDataset, ItemsDataset
    from hrnn.data.interactions import Interactions
    from hrnn.data.reading import read_interactions
    from hrnn.errors import CheckpointError, ConfigError, DataError, HRNNError
    from hrnn.evaluation.protocol import evaluate
    from hrnn.recommend.estimators import HRNNClassifierEstimator, HRNNRegressorEstimator
    from hrnn.recommend.loading import load
    from hrnn.recommend.recommender import HierarchicalSequentialRecommender
    from hrnn.recommend.scorer import HierarchicalScorer
    from hrnn.sessions import Sessions, segment, suggest_timeout, sweep_timeouts

__version__ = "0.9.1"

_HOME = {
    "CoOccurrence": "hrnn.baselines.co_occurrence",
    "FlatGRU": "hrnn.baselines.flat_gru",
    "OwnPopularity": "hrnn.baselines.own_popularity",
    "Popularity": "hrnn.baselines.popularity",
    "SASRec": "hrnn.baselines.sasrec",
    "SessionKNN": "hrnn.baselines.session_knn",
    "InteractionsDataset": "hrnn.data.datasets",
    "ItemsDataset": "hrnn.data.datasets",
    "Interactions": "hrnn.data.interactions",
    "read_interactions": "hrnn.data.reading",
    "CheckpointError": "hrnn.errors",
    "ConfigError": "hrnn.errors",
    "DataError": "hrnn.errors",
    "HRNNError": "hrnn.errors",
    "evaluate": "hrnn.evaluation.protocol",
    "HRNNClassifierEstimator": "hrnn.recommend.estimators",
    "HRNNRegressorEstimator": "hrnn.recommend.estimators",
    "load": "hrnn.recommend.loading",
    "HierarchicalSequentialRecommender": "hrnn.recommend.recommender",
    "HierarchicalScorer": "hrnn.recommend.scorer",
    "Sessions": "hrnn.sessions",
    "segment": "hrnn.sessions",
    "suggest_timeout": "hrnn.sessions",
    "sweep_timeouts": "hrnn.sessions",
}

__all__ = [
    "CheckpointError",
    "CoOccurrence",
    "ConfigError",
    "DataError",
    "FlatGRU",
    "HRNNClassifierEstimator",
    "HRNNError",
    "HRNNRegressorEstimator",
    "HierarchicalScorer",
    "HierarchicalSequentialRecommender",
    "Interactions",
    "InteractionsDataset",
    "ItemsDataset",
    "OwnPopularity",
    "Popularity",
    "SASRec",
    "SessionKNN",
    "Sessions",
    "evaluate",
    "load",
    "read_interactions",
    "segment",
    "suggest_timeout",
    "sweep_timeouts",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hrnn' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
