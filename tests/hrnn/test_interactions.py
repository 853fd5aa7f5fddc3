import numpy as np
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from hrnn import DataError, InteractionsDataset, ItemsDataset, read_interactions, segment
from hrnn.data.interactions import Interactions
from tests.hrnn.logs import csv_log, items_of

HEADER = "user_id,item_id,timestamp,session_id,note"
ROWS = [
    f"u{n % 7},i{n % 50},{1_700_000_000 + 600 * n},s{n // 9 if n % 4 else ''},x{n}"
    for n in range(400)
]
ROWS = [row.replace(",s,", ",,") for row in ROWS]


@pytest.fixture(scope="module")
def data() -> Interactions:
    return read_interactions(csv_log(*ROWS, "u0,,1,,", header=HEADER))


def test_indices_point_at_the_ids(data):
    frame = data.frame()
    assert data.user_ids[data.user_index].tolist() == frame["USER_ID"].tolist()
    assert data.item_ids[data.item_index].tolist() == frame["ITEM_ID"].tolist()
    assert (np.diff(data.user_index) >= 0).all()
    assert data.item_ids.tolist() == list(dict.fromkeys(frame["ITEM_ID"]))


def test_user_starts_bound_each_user(data):
    for place, user in enumerate(data.user_ids):
        start, stop = data.user_starts[place : place + 2]
        assert set(data.frame()["USER_ID"].iloc[start:stop]) == {user}
    assert data.user_starts[-1] == len(data)


def test_rows_of_one_user(data):
    one = data.of_user("u3")
    frame = data.frame()
    assert_frame_equal(one.frame(), frame[frame["USER_ID"] == "u3"].reset_index(drop=True))
    assert one.user_index.tolist() == [0] * len(one)
    assert len(data.of_user("nobody")) == 0


@pytest.mark.parametrize("kind", ["mask", "positions"])
def test_some_rows_and_their_own_indices(data, kind):
    mask = np.arange(len(data)) % 3 == 1
    some = data.take(mask if kind == "mask" else np.flatnonzero(mask))
    assert_frame_equal(some.frame(), data.frame()[mask].reset_index(drop=True))
    assert some.item_ids[some.item_index].tolist() == some.frame()["ITEM_ID"].tolist()
    assert set(some.item_ids) == set(some.frame()["ITEM_ID"])


def test_saved_and_opened_again(data, tmp_path):
    data.save(tmp_path)
    again = Interactions.open(tmp_path)
    assert again.table.equals(data.table)
    assert list(again.report.rejected) == list(data.report.rejected)
    assert again.report.warnings == data.report.warnings
    assert again.report.columns == data.report.columns
    assert again.report.summary() == data.report.summary()


def test_a_file_in_many_row_groups_has_the_same_sessions(data, tmp_path):
    data.save(tmp_path)
    pq.write_table(data.table, tmp_path / "interactions.parquet", row_group_size=30)
    again = Interactions.open(tmp_path)
    assert again.table["SESSION_ID"].num_chunks > 1
    assert_frame_equal(segment(again).frame(), segment(data).frame())


@pytest.mark.parametrize("damage", ["interactions.parquet", "report.json", "rejected.parquet"])
@pytest.mark.parametrize("how", ["gone", "cut"])
def test_damaged_dataset_is_refused_by_name(data, tmp_path, damage, how):
    folder = tmp_path / "mine"
    folder.mkdir()
    data.save(folder)
    if how == "gone":
        (folder / damage).unlink()
    else:
        (folder / damage).write_bytes((folder / damage).read_bytes()[:40])
    with pytest.raises(DataError, match=r"dataset in mine is damaged .*; import it again"):
        Interactions.open(folder)


def test_merging_puts_rows_in_order_and_its_own_first_where_times_tie():
    mine = read_interactions(csv_log("u,a,5", "u,b,9", "v,c,1", header="user,item,time"))
    other = read_interactions(csv_log("u,x,5", "u,y,1", "a,z,1", header="user,item,time"))
    merged = mine.merged(other)
    assert items_of(merged) == {"a": ["z"], "u": ["y", "a", "x", "b"], "v": ["c"]}
    assert merged.session_index is None
    assert segment(merged, 0.05).count == 5


def test_session_numbers_tell_the_ids_apart():
    data = read_interactions(
        csv_log("u,a,1,s", "u,b,2,", "u,c,3,t", "v,d,4,s", header="user,item,time,session")
    )
    index = data.session_index
    assert index is not None
    assert index[1] == -1
    assert index[0] == index[3] != index[2]
    assert (
        read_interactions(csv_log("u,a,1,", header="user,item,time,session")).session_index is None
    )


def test_dataset_reads_once_and_takes_what_is_read(data, tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(csv_log("who,i,1", header="visitor,what,when"))
    dataset = InteractionsDataset(path, columns={"ITEM_ID": "what", "TIMESTAMP": "when"})
    first = dataset.data
    path.unlink()
    assert dataset.data is first
    assert InteractionsDataset(data).data is data


def test_items_are_distinct_ids_in_their_order():
    assert catalogue("ITEM_ID,title", " b ,x", "a,y").item_ids == ["b", "a"]


def catalogue(header: str, *rows: str) -> ItemsDataset:
    return ItemsDataset(csv_log(*rows, header=header))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        ("id,title", ["a,x"], "need a column ITEM_ID; there is 'id', 'title'"),
        ("ITEM_ID,title", ["a,x", ",y", " ,z"], "2 of 3 items have no ITEM_ID; remove those"),
        ("ITEM_ID,title", ["a,x", "b,y", "a,z"], r"1 ids stand more than once.*\('a'\); keep one"),
    ],
)
def test_faulty_items_are_refused_with_count_example_and_remedy(header, rows, message):
    with pytest.raises(DataError, match=message):
        _ = catalogue(header, *rows).item_ids
