"""HRNN Studio: ``streamlit run app.py``."""

import streamlit as st

from ui import page, sidebar
from ui import quiet as quiet  # last: it freezes what the imports above made

st.set_page_config(page_title="HRNN Studio", layout="wide", initial_sidebar_state="expanded")
chosen = page.navigation()
sidebar.draw()
chosen.run()
