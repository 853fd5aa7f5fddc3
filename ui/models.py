"""Trained models, each opened once for all visits."""

import streamlit as st

import hrnn
from hrnn.experiment import use_threads
from hrnn.recommend.network_recommender import NetworkRecommender
from ui.quiet import freeze
from workspace.runs import Run


@st.cache_resource(max_entries=4, show_spinner="Opening the model")
def model_of(run_id: str, _run: Run) -> NetworkRecommender:
    """Open a run's model once for all visits."""
    use_threads(1)
    model = hrnn.load(_run.model_folder)
    assert isinstance(model, NetworkRecommender)  # nothing else is trained by a run
    freeze()  # torch came with it
    return model
