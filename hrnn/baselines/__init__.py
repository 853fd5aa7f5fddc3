"""Models to beat, with the interface of the HRNN."""
