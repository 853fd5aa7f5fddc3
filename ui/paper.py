"""Charts on paper: a Vega-Lite specification in, a picture for an HTML file out, no browser."""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from ui.charts import ACCENT

#: What Streamlit's names for colours are on white paper.
_INKS = {"primary": ACCENT}


@dataclass(frozen=True)
class Picture:
    """A picture in an HTML file: its address, which holds it whole, and what it shows."""

    address: str
    alt: str


def picture_of(spec: dict[str, Any], width: int, alt: str) -> Picture:
    """Draw a chart that the pages draw with Streamlit.

    Args:
        spec: a specification whose data sets are frames.
        width: of the plot, pixels.
        alt: what it shows, in words.
    """
    import vl_convert  # noqa: PLC0415 - 60 MB that only a download needs

    frames = spec["datasets"].items()
    data = {name: json.loads(one.to_json(orient="records")) for name, one in frames}
    plain = _inked({key: one for key, one in spec.items() if key != "datasets"})
    whole = {**plain, "datasets": data, "width": width, "background": "white", "padding": 8}
    return as_picture(vl_convert.vegalite_to_svg(whole).encode(), alt)


def as_picture(svg: bytes, alt: str) -> Picture:
    """Put an SVG into an address.

    As an image of its own, nothing in it is markup of the file that shows it, whatever titles it
    holds; and names in it cannot meet those of another picture.
    """
    return Picture(f"data:image/svg+xml;base64,{b64encode(svg).decode()}", alt)


def _inked(spec: Any) -> Any:
    """Return a specification with colours that any drawing program knows."""
    if isinstance(spec, dict):
        if spec.get("value") in _INKS and len(spec) == 1:
            return {"value": _INKS[spec["value"]]}
        return {key: _inked(one) for key, one in spec.items()}
    return [_inked(one) for one in spec] if isinstance(spec, list) else spec
