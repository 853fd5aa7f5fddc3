"""One table written in every format and packed in every way, by the standard library and Arrow."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

Columns = Mapping[str, Sequence[Any]]


def gzipped(raw: bytes, name: str = "") -> bytes:
    return gzip.compress(raw, mtime=0)


def zipped(raw: bytes, name: str = "log.csv", **others: bytes) -> bytes:
    return zip_of({name: raw, **others})


def zip_of(files: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def zstandard(raw: bytes, name: str = "") -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(raw)
    return sink.getvalue().to_pybytes()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda raw: raw,
    "gzip": gzipped,
    "ZIP": zipped,
    "Zstandard": zstandard,
}


def delimited(columns: Columns, separator: str = ",", header: bool = True) -> bytes:
    rows = [list(columns)] if header else []
    rows += [["" if one is None else str(one) for one in row] for row in rows_of(columns)]
    return "".join(separator.join(row) + "\n" for row in rows).encode()


def rows_of(columns: Columns) -> list[tuple[Any, ...]]:
    return list(zip(*columns.values(), strict=True))


def records_of(columns: Columns) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows_of(columns)]


def json_lines(records: Sequence[Any]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def parquet_of(columns: Columns) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), sink)
    return sink.getvalue()


def feather_of(columns: Columns, compression: str = "lz4") -> bytes:
    sink = io.BytesIO()
    pa.feather.write_feather(pa.table(dict(columns)), sink, compression=compression)
    return sink.getvalue()


def arrow_stream(columns: Columns) -> bytes:
    sink = io.BytesIO()
    table = pa.table(dict(columns))
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def xlsx(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    """Write a workbook; a cell is text, a number, a truth, None, or ("date", serial number)."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbers = range(1, len(sheets) + 1)
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{content}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{content}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{one}.xml"'
            f' ContentType="{content}.worksheet+xml"/>'
            for one in numbers
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1"'
        f' Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{one}" r:id="r{one}"/>'
            for one, name in zip(numbers, sheets, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(
            f'<Relationship Id="r{one}" Type="{office}/worksheet"'
            f' Target="worksheets/sheet{one}.xml"/>'
            for one in numbers
        )
        + f'<Relationship Id="r0" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        # Style 1 is a date with a time, as Excel's own format 22.
        "xl/styles.xml": f'<styleSheet {main}><fonts count="1"><font/></fonts><fills count="1">'
        '<fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/>'
        '</cellStyleXfs><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"'
        ' applyNumberFormat="1"/></cellXfs></styleSheet>',
    }
    for one, rows in zip(numbers, sheets.values(), strict=True):
        lines = "".join(
            "".join([f'<row r="{row}">', *(_cell(row, *one) for one in enumerate(cells)), "</row>"])
            for row, cells in enumerate(rows, start=1)
        )
        files[f"xl/worksheets/sheet{one}.xml"] = (
            f"<worksheet {main}><sheetData>{lines}</sheetData></worksheet>"
        )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return zip_of({name: (head + text).encode() for name, text in files.items()})


def _cell(row: int, column: int, value: Any) -> str:
    where = f'r="{chr(ord("A") + column)}{row}"'
    match value:
        case None:
            return ""
        case bool():
            return f'<c {where} t="b"><v>{int(value)}</v></c>'
        case int() | float():
            return f"<c {where}><v>{value!r}</v></c>"
        case ("date", serial):
            return f'<c {where} s="1"><v>{serial!r}</v></c>'
        case _:
            return f'<c {where} t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def ods(rows: Sequence[Sequence[Any]]) -> bytes:
    """Write an OpenDocument workbook of one sheet."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )

    def cell(value: Any) -> str:
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, int | float):
            return (
                f'<table:table-cell office:value-type="float" office:value="{value}">'
                f"<text:p>{value}</text:p></table:table-cell>"
            )
        return (
            '<table:table-cell office:value-type="string">'
            f"<text:p>{escape(str(value))}</text:p></table:table-cell>"
        )

    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}>'
        f'<office:body><office:spreadsheet><table:table table:name="Log">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    return zip_of(
        {
            "mimetype": kind.encode(),
            "content.xml": content.encode(),
            "META-INF/manifest.xml": manifest.encode(),
        }
    )
