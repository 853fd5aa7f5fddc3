"""Models to beat, with the interface of the HRNN."""

from hrnn.baselines.co_occurrence import CoOccurrence
from hrnn.baselines.flat_gru import FlatGRU
from hrnn.baselines.own_popularity import OwnPopularity
from hrnn.baselines.popularity import Popularity
from hrnn.baselines.sasrec import SASRec
from hrnn.baselines.session_knn import SessionKNN
from hrnn.recommend.base import Recommender

#: Every baseline that needs no settings, by the name that tables show.
BASELINES: dict[str, type[Recommender]] = {
    "popularity": Popularity,
    "own popularity": OwnPopularity,
    "co-occurrence": CoOccurrence,
    "session kNN": SessionKNN,
}

__all__ = [
    "BASELINES",
    "CoOccurrence",
    "FlatGRU",
    "OwnPopularity",
    "Popularity",
    "SASRec",
    "SessionKNN",
]
