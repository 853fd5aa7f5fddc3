"""HRNN Studio: ``streamlit run app.py``."""

import streamlit as st

from ui import page, sidebar
from ui.quiet import freeze

freeze()
st.set_page_config(page_title="HRNN Studio", layout="wide", initial_sidebar_state="auto")
chosen = page.navigation()
try:
    chosen.run()
finally:  # after the page, since it shows what was picked there; whatever became of the page
    sidebar.draw()
