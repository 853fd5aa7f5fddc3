"""An app that does nothing, to compare with."""

import streamlit as st

st.write("Nothing.")
