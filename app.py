"""HRNN Studio: ``streamlit run app.py``."""

import streamlit as st

from ui import page, sidebar
from ui import quiet as quiet  # last: it freezes what the imports above made

st.set_page_config(page_title="HRNN Studio", layout="wide", initial_sidebar_state="expanded")
pages = [
    st.Page(page.DATA, title="Data", url_path="data", default=True),
    st.Page(page.SESSIONS, title="Sessions", url_path="sessions"),
    st.Page(page.TRAIN, title="Train", url_path="train"),
    st.Page(page.EXPLORE, title="Explore", url_path="explore"),
]
chosen = st.navigation(pages, position="hidden")
sidebar.draw()
chosen.run()
