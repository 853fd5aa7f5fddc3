"""What starting the app costs, beside an empty Streamlit app.

Each is started with the same configuration, on an empty home, and asked for its first page by a
websocket client, as a browser asks, until Streamlit says that the script has finished. Wall time
counts from starting the process, CPU time is that of the process (the client's is not in it). Both
start in turn; the first start of each only warms the disk.

Prints one JSON object; ratios are medians of the app's over the empty app's, round by round. Takes
about a minute.
"""

import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from benchmarks.parts.studio import App

SCRIPTS = {"app": "app.py", "empty": "benchmarks/parts/empty_app.py"}
ROUNDS = 7


def first_page(address: str) -> int:
    """Ask for the first page; return the messages it took, once the script has finished."""
    ask = BackMsg()
    ask.rerun_script.query_string = ""
    stream = f"ws://{address}/_stcore/stream"
    with connect(stream, subprotocols=["streamlit"], max_size=None) as socket:  # pyright: ignore
        socket.send(ask.SerializeToString())
        for count, message in enumerate(socket, 1):
            assert isinstance(message, bytes)
            if ForwardMsg.FromString(message).WhichOneof("type") == "script_finished":
                return count
    raise OSError("the app closed the connection")


def started(script: str) -> dict[str, Any]:
    """Start an app until its first page is there."""
    with tempfile.TemporaryDirectory() as home, App(script, Path(home)) as app:
        messages = first_page(app.address)
        return {
            "wall": time.perf_counter() - app.started,
            "cpu": app.cpu_seconds(),
            "messages": messages,
            "torch": app.has_loaded("libtorch"),
        }


def main() -> None:
    """Start both in turn."""
    rounds = [
        {name: started(script) for name, script in SCRIPTS.items()} for _ in range(ROUNDS + 1)
    ]
    rounds = rounds[1:]

    def seconds(name: str, clock: str) -> float:
        return round(median(one[name][clock] for one in rounds), 2)

    def ratio(clock: str) -> float:
        return round(median(one["app"][clock] / one["empty"][clock] for one in rounds), 2)

    print(
        json.dumps(
            {
                "until": "a websocket client has the first page of an empty home",
                "rounds": ROUNDS,
                "ratio_cpu": ratio("cpu"),
                "ratio_wall": ratio("wall"),
                "torch_loaded": any(one["app"]["torch"] for one in rounds),
                "seconds": {
                    name: {"cpu": seconds(name, "cpu"), "wall": seconds(name, "wall")}
                    for name in SCRIPTS
                },
                "messages": {name: rounds[0][name]["messages"] for name in SCRIPTS},
            }
        )
    )


if __name__ == "__main__":
    main()
