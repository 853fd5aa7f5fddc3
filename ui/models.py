"""Trained models, each opened or fitted once for all visits."""

import streamlit as st

import hrnn
from hrnn.experiment import make_baseline, use_threads
from hrnn.recommend.base import Recommender
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.training.config import SplitConfig
from ui import logs
from ui.quiet import freeze
from workspace.runs import Run


@st.cache_resource(
    max_entries=4, show_spinner="Opening the model", hash_funcs={Run: Run.model_stamp}
)
def model_of(run: Run) -> NetworkRecommender:
    """Open a run's model once for all visits."""
    use_threads(1)
    model = hrnn.load(run.model_folder)
    assert isinstance(model, NetworkRecommender)  # nothing else is trained by a run
    freeze()  # torch came with it
    return model


@st.cache_resource(max_entries=8, show_spinner="Fitting what it is compared with")
def baseline_of(owner: str, made: str, cut: SplitConfig, name: str) -> Recommender:
    """Fit a baseline on what a split lets a model learn from."""
    split = logs.split_of(owner, made, cut)
    model = make_baseline(name, cut)
    model.fit(*split.known(), split=split.name)
    freeze()
    return model
