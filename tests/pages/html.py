"""An HTML file in a test: its elements, its words, its tables, and the pictures in it."""

from base64 import b64decode
from html.parser import HTMLParser

_VOID = ("meta", "img")


class Page(HTMLParser):
    """An HTML file, read as a browser reads it.

    Attributes:
        tags: what elements there are.
        attributes: (element, name, value) of all of them.
        words: all text, a space between elements.
        figures: the cells of the table of figures, row by row.
        pictures: the SVGs.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.figures: list[list[str]] = []
        self._said: list[str] = []
        self._open: list[tuple[str, str | None]] = []
        self.feed(content.decode())
        assert self._open == [], "an element is not closed"
        self.words = " ".join(" ".join(self._said).split())
        self.figures = [[" ".join(cell.split()) for cell in row] for row in self.figures]
        heads = (value for tag, name, value in self.attributes if (tag, name) == ("img", "src"))
        self.pictures = [b64decode((head or "").partition(",")[2]).decode() for head in heads]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, *one) for one in attrs]
        if tag not in _VOID:
            self._open.append((tag, dict(attrs).get("id")))
        if self._in_figures():
            if tag == "tr":
                self.figures.append([])
            elif tag in ("th", "td"):
                self.figures[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] != "style":
            self._said.append(data)
        if self._in_figures() and self.figures and self.figures[-1]:
            self.figures[-1][-1] += data

    def _in_figures(self) -> bool:
        return ("table", "figures") in self._open
