"""What is packed is unpacked by its first bytes, once, and no further than is safe."""

import gzip
import io
import random
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from hrnn import DataError, read_interactions
from hrnn.data import unpacking
from hrnn.data.tables import ReadAs, load_text
from hrnn.data.unpacking import Package
from tests.hrnn.logs import csv_log, parquet
from tests.hrnn.written import PACKINGS, gzipped, zip_of, zipped, zstandard

LOG = csv_log("u1,a,1704456000", "u1,b,1704456060", "u2,a,1704456120")
PACKED = {name: pack for name, pack in PACKINGS.items() if name}
MB = 10**6


def unpacked(raw: bytes, **options) -> bytes:
    with Package(raw, **options) as package, package.stream() as stream:
        return stream.read()


@pytest.mark.parametrize("name", PACKINGS)
def test_every_packing_gives_the_bytes_and_is_named(name):
    with Package(PACKINGS[name](LOG)) as package:
        with package.stream() as stream:
            assert stream.read() == LOG
        assert package.packing == (name and ("ZIP (log.csv)" if name == "ZIP" else name))


@pytest.mark.parametrize("outer", PACKED)
@pytest.mark.parametrize("inner", PACKED)
def test_one_packing_in_another_is_opened(outer, inner):
    assert unpacked(PACKED[outer](PACKED[inner](LOG))) == LOG
    assert len(read_interactions(PACKED[outer](PACKED[inner](LOG)))) == 3


def test_a_third_layer_is_refused():
    with pytest.raises(DataError, match=r"packed more than 2 times \(gzip, Zstandard, gzip\)"):
        unpacked(gzipped(zstandard(gzipped(LOG))))


@pytest.mark.parametrize("name", PACKED)
def test_the_name_of_a_file_says_nothing(name, tmp_path):
    path = tmp_path / "log.parquet"
    path.write_bytes(PACKED[name](LOG))
    assert len(read_interactions(path)) == 3


def test_several_gzip_or_zstandard_streams_in_a_row_are_one_file():
    for pack in (gzipped, zstandard):
        assert unpacked(pack(LOG[:40]) + pack(LOG[40:])) == LOG


def test_a_packed_parquet_lies_in_the_folder_given_and_is_gone_afterwards(tmp_path):
    whole = gzipped(parquet(load_text(LOG).table))
    with Package(whole, tmp_path) as package:
        place = package.place()
        assert isinstance(place, Path)
        assert place.parent == tmp_path
        assert package.place() == place
    assert not list(tmp_path.iterdir())
    load_text(whole, folder=tmp_path)
    with pytest.raises(DataError):
        load_text(gzipped(b"PAR1 and no more"), folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_plain_file_and_packed_text_need_no_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(Package, "_unpacked", None)
    path = tmp_path / "log.csv"
    for pack in PACKINGS.values():
        path.write_bytes(pack(LOG))
        assert load_text(path).rows == 3
    with Package(path) as package:
        assert package.packing


def test_the_only_table_among_notes_and_what_macos_adds():
    notes = {"README.txt": b"Ratings of 2024.\n", "LICENSE": b"CC0", "docs/about.md": b"a,b\n1,2\n"}
    macos = {"__MACOSX/._log.csv": b"\0\1", ".DS_Store": b"\0"}
    raw = zip_of({**notes, **macos, "data/": b"", "data/log.csv": LOG})
    assert load_text(raw).format == "CSV, separator comma, ZIP (data/log.csv)"


def test_of_several_files_the_only_one_that_looks_like_a_table_is_taken():
    raw = zip_of({"notes.txt": b"About this log.\nIt is long.\n", "ratings.dat": LOG})
    assert unpacked(raw) == LOG
    assert unpacked(zip_of({"log": LOG})) == LOG


def test_several_tables_are_listed_and_one_can_be_said():
    raw = zip_of({"ratings.csv": LOG, "items.csv": b"id,title\na,Tea\n"})
    with pytest.raises(DataError, match=r"2 files .* \('ratings.csv', 'items.csv'\); say which"):
        load_text(raw)
    assert load_text(raw, read_as=ReadAs(member="ratings.csv")).rows == 3
    with pytest.raises(DataError, match=r"no file 'x' in the ZIP; it holds 'ratings.csv', 'items"):
        load_text(raw, read_as=ReadAs(member="x"))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no file in the ZIP looks like a table; it is empty"),
        ({"README.md": b"x"}, "looks like a table; it holds 'README.md'"),
    ],
)
def test_a_zip_without_a_table(files, message):
    with pytest.raises(DataError, match=message):
        load_text(zip_of(files))


def test_a_protected_zip_is_refused_in_one_sentence():
    raw = bytearray(zip_of({"log.csv": LOG}))
    raw[6] |= 1  # the local header
    raw[raw.index(b"PK\x01\x02") + 8] |= 1  # and the directory say: encrypted
    with pytest.raises(DataError, match=r"'log.csv' in the ZIP is protected by a password; unpack"):
        load_text(bytes(raw))


def test_a_zip_packed_in_an_unknown_way_is_refused():
    raw = bytearray(zip_of({"log.csv": LOG}))
    raw[8] = raw[raw.index(b"PK\x01\x02") + 10] = 9  # Deflate64
    with pytest.raises(DataError, match=r"cannot be taken out of the ZIP \(.*unpack it yourself"):
        load_text(bytes(raw))


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_file_cut_short_is_damaged(name, keep):
    log = csv_log(*(f"u{n},i{n * 7919 % 1000},{1_704_456_000 + n * n}" for n in range(2000)))
    whole = PACKED[name](log)
    with pytest.raises(DataError, match=r"(gzip|ZIP|Zstandard) file is damaged.*pack it again"):
        load_text(whole[: int(len(whole) * keep)])


@pytest.mark.parametrize("name", PACKED)
def test_damage_anywhere_is_a_data_error_or_leaves_the_bytes(name):
    whole, chance = PACKED[name](LOG), random.Random(0)
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[chance.randrange(4, len(whole))] = chance.randrange(256)
        try:
            load_text(bytes(damaged))
        except DataError:
            continue


def test_rubbish_after_a_gzip_stream_is_damage():
    with pytest.raises(DataError, match="gzip file is damaged"):
        load_text(gzipped(LOG) + b"rubbish")


def test_a_tar_in_gzip_is_named():
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as archive:
        entry = tarfile.TarInfo("log.csv")
        entry.size = len(LOG)
        archive.addfile(entry, io.BytesIO(LOG))
    with pytest.raises(DataError, match="TAR archive"):
        load_text(sink.getvalue())


BOMB = b"u,i,1704456000\n" * (40 * MB // 15)


@pytest.mark.parametrize("name", PACKED)
def test_a_bomb_is_stopped_at_ten_megabytes_and_never_lies_in_memory_or_on_the_disk(name, tmp_path):
    packed = PACKED[name](BOMB)
    assert len(packed) < 10 * MB / 100
    tracemalloc.start()
    with pytest.raises(DataError) as caught, Package(packed, tmp_path) as package:
        package.place()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not list(tmp_path.iterdir())
    assert peak < 8 * MB
    assert str(caught.value) == (
        f"the {name} file of {len(packed):,} bytes unpacks to more than 10 MB, the limit for small"
        " files (stopped at 10,000,000 bytes); if it is sound, unpack it yourself and choose the"
        " table inside"
    )
    with pytest.raises(DataError, match="unpacks to more than 10 MB"):
        load_text(packed)


def test_the_limits_are_a_hundred_times_the_packed_size_and_five_gigabytes(monkeypatch):
    assert (unpacking.MOST_BYTES, unpacking.MOST_TIMES) == (5 * 10**9, 100)
    packed = gzipped(BOMB[:MB])
    monkeypatch.setattr(unpacking, "NEVER_BELOW", 100)
    with pytest.raises(DataError, match=rf"more than 100 times its size \(.*{len(packed) * 100:,}"):
        load_text(packed)
    monkeypatch.setattr(unpacking, "NEVER_BELOW", MB)
    assert len(unpacked(packed)) == MB - MB % 15 or len(unpacked(packed)) == MB
    monkeypatch.setattr(unpacking, "MOST_BYTES", MB // 2)
    with pytest.raises(DataError, match=r"more than 0.0005 GB \(stopped at 500,000 bytes\)"):
        load_text(packed)


def test_a_file_just_at_its_limit_is_read(monkeypatch):
    monkeypatch.setattr(unpacking, "NEVER_BELOW", len(LOG))
    monkeypatch.setattr(unpacking, "MOST_TIMES", 0)
    assert load_text(gzipped(LOG)).rows == 3
    monkeypatch.setattr(unpacking, "NEVER_BELOW", len(LOG) - 1)
    with pytest.raises(DataError, match="unpacks to more than"):
        load_text(gzipped(LOG))


def test_a_bomb_in_a_packing_is_stopped_by_the_size_of_the_outer_file():
    with pytest.raises(DataError, match="unpacks to more than"):
        load_text(gzip.compress(gzip.compress(BOMB)))


@pytest.mark.parametrize("name", PACKED)
def test_a_preview_reads_the_head_of_a_packed_file(name):
    rows = [f"u{n},i{n},{1_704_456_000 + n}" for n in range(200_000)]
    packed = PACKED[name](csv_log(*rows))
    preview = load_text(packed[: -len(packed) // 2] if name != "ZIP" else packed, most_rows=50)
    assert preview.rows == 50  # the second half is not even there
    assert preview.table["c0"].to_pylist()[-1] == "u49"


@pytest.mark.parametrize(
    "raw", [b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x05\x06", b"PK\x03\x04"]
)
def test_heads_alone_are_refused(raw):
    with pytest.raises(DataError, match=r"empty|damaged"):
        load_text(raw)


def test_an_empty_file_in_a_packing_is_empty():
    for pack in PACKED.values():
        with pytest.raises(DataError, match="file is empty; choose one with a header line"):
            load_text(pack(b""))


def test_files_are_closed_after_reading(tmp_path):
    path = tmp_path / "log.zip"
    path.write_bytes(zipped(LOG))
    for _ in range(3):
        load_text(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more", b"")
    path.unlink()
