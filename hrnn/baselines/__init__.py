"""Models to beat, with the interface of the HRNN."""

from hrnn.baselines.co_occurrence import CoOccurrence
from hrnn.baselines.own_popularity import OwnPopularity
from hrnn.baselines.popularity import Popularity
from hrnn.baselines.session_knn import SessionKNN
from hrnn.recommend.base import Recommender

#: Every baseline by the name that tables show.
BASELINES: dict[str, type[Recommender]] = {
    "popularity": Popularity,
    "own popularity": OwnPopularity,
    "co-occurrence": CoOccurrence,
    "session kNN": SessionKNN,
}
