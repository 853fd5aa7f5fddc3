"""A run's model as one file, to be opened without the studio."""

import io
import zipfile

import hrnn
from workspace.home import WorkspaceError
from workspace.runs import Run

FOLDER, README = "model", "README.txt"
#: A ZIP has to say a time; the first that it can say is not that of anything.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_TEXT = f"""A model of HRNN Studio, for hrnn {hrnn.__version__}.

The folder {FOLDER}/ holds weights (safetensors), settings and items (JSON), and keys of the rows
that it was trained and validated on. Nothing in it is code, and nothing is unpickled.

To open it, have the folder hrnn of HRNN Studio on Python's path, and installed what its
requirements.txt names:

    import hrnn

    model = hrnn.load("{FOLDER}")
    data = hrnn.read_interactions("log.csv")      # the histories of the users
    print(model.recommend_frame(data, top_k=10))  # USER_ID, RANK, ITEM_ID, SCORE

Or from a shell:

    python -m hrnn recommend {FOLDER} log.csv --top-k 10
"""


def zip_model(run: Run) -> bytes:
    """Put a run's model and how to open it into a ZIP; the same model gives the same bytes.

    Raises:
        WorkspaceError: the run has no model.
    """
    if not run.has_model():
        raise WorkspaceError(f"run {run.name!r} has no model; choose a run that has one")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:  # stored as they are: weights do not shrink
        zipped.writestr(_entry(README), _TEXT)
        for path in sorted(run.model_folder.iterdir()):
            if path.is_file() and not path.name.startswith("."):  # which is half written
                with zipped.open(_entry(f"{FOLDER}/{path.name}"), "w", force_zip64=True) as file:
                    file.write(path.read_bytes())
    return made.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.external_attr = 0o644 << 16
    return entry
