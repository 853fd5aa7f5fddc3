"""What kill −9 leaves of a training: worker, app, or both are killed at random moments.

Each round starts a training through an app and kills what its turn says at a random moment: a third
of the moments lie before the first event, half while it trains, a sixth after the last epoch. The
app is a process that starts the run with a Launcher and looks at its state, as the real one does;
in every fifth round the real one, asked for the run's page again and again, is killed beside it,
and started anew. A run that was interrupted is then resumed.

All the time the run's state is held against the processes that there are: none is shown as running
without a worker, none as dead with one. (A look that a launcher may have disturbed is made again.)
After each kill, the files are read. At the end events, curve and weights are held against those of
the training that nobody disturbed: equal, but for times and memory.

    python benchmarks/kill_soak.py [ROUNDS] [SEED]

Prints one JSON object; "wrong" lists what was not as it should be. 50 rounds take a quarter of an
hour, of two cores that nobody else uses.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

import hrnn
from benchmarks.parts.measuring import ROOT
from benchmarks.parts.studio import App
from hrnn.errors import HRNNError
from hrnn.evaluation.report import Report
from hrnn.synthetic import SyntheticConfig, generate
from hrnn.training.checkpoint import read_checkpoint
from hrnn.training.config import ExperimentConfig, TrainConfig
from workspace.home import LOCAL, home
from workspace.importing import import_log
from workspace.journal import facts_of
from workspace.launcher import Launcher
from workspace.runs import EVENTS, LAST, Run, create_run, list_runs, open_run
from workspace.tasks import ACTIVE, FINAL, STARTED, State

LOG = SyntheticConfig(users=150, items=100, interactions=4_000, seed=0)
TRAINING = TrainConfig(hidden_units=8, batch_size=2, loss="cross_entropy", epochs=6)
VICTIMS = ("worker", "app", "both")
REAL_APP_EVERY = 5
#: An epoch is over in a second or so; checkpoints must fall within it all the same.
CHECKPOINT_SECONDS = "0.05"
_PATIENCE_SECONDS, _LOOK_SECONDS = 120, 0.05


def be_app(made: str) -> None:
    """Start a run and look at it until somebody ends this process."""
    run, launcher = open_run(LOCAL, made), Launcher()
    print("ready", flush=True)
    launcher.start(run)
    while True:
        list_runs(LOCAL)
        run.state()
        run.events()
        time.sleep(_LOOK_SECONDS)


class Watched:
    """A run, the workers that it has had, and what was found wrong with it."""

    def __init__(self, run: Run, wrong: list[str]) -> None:
        self.run, self.wrong, self.looks = run, wrong, 0
        self._seen: dict[int, bytes] = {}  # number → when it began, since numbers come again

    def say(self, text: str) -> None:
        """Note that something is not as it should be."""
        self.wrong.append(f"{self.run.name}: {text}")

    def workers(self) -> list[int]:
        """Return the processes that do this run; a launcher of ours started them."""
        folder = str(self.run.folder).encode()
        for path in Path("/proc").glob("[0-9]*"):
            if folder in _read(path / "cmdline").split(b"\0"):
                self._seen[int(path.name)] = _began(int(path.name))
        return [pid for pid, began in sorted(self._seen.items()) if began and _began(pid) == began]

    def look(self) -> State:
        """Hold the state against the processes that there are."""
        state, doubt = self._look()
        if doubt:  # a launcher may have held the lock for a moment, or a worker just come or gone
            time.sleep(0.3)
            state, doubt = self._look()
        if doubt:
            self.say(doubt)
        self.looks += 1
        return state

    def _look(self) -> tuple[State, str]:
        started = (self.run.folder / STARTED).exists()
        before, state, after = self.workers(), self.run.state(), self.workers()
        if len(after) > 1:
            return state, f"it has {len(after)} workers"
        if before and before == after and state not in ACTIVE and self.run.final() is None:
            return state, f"shown as {state}, but worker {after[0]} lives"
        dead = not before and not after and started
        if dead and state in (State.RUNNING, State.QUEUED):
            return state, f"shown as {state}, but no worker lives"
        return state, ""

    def watch(self, until: Callable[[], bool]) -> None:
        """Look until something has happened, or the run has ended."""
        patience = time.monotonic() + _PATIENCE_SECONDS
        while not until() and self.run.final() is None:
            if time.monotonic() > patience:
                self.say("it gets no further")
                return
            self.look()
            time.sleep(_LOOK_SECONDS)

    def watch_for(self, seconds: float) -> None:
        """Look for a while."""
        end = time.monotonic() + seconds
        self.watch(lambda: time.monotonic() > end)

    def epochs(self) -> float:
        """Return how many epochs it has trained, with a fraction, as its events tell."""
        return max((one["epoch"] for one in self.run.events()), default=0)

    def finish(self) -> int:
        """Resume it until it has ended; return how often that took."""
        launcher, resumed = Launcher(), 0
        until = time.monotonic() + _PATIENCE_SECONDS
        while (state := self.look()) not in (State.FINISHED, State.FAILED):
            if time.monotonic() > until:
                self.say(f"it is still {state}; {self.run.log_tail(5)}")
                break
            if state in (State.INTERRUPTED, State.QUEUED) and not self.workers():
                resumed += state == State.INTERRUPTED
                launcher.start(self.run)
            time.sleep(_LOOK_SECONDS)
        return resumed

    def check_files(self) -> str:
        """Read all that a run without a worker has left; return where its training stood."""
        folder, run = self.run.folder, self.run
        if run not in list_runs(LOCAL):
            self.say("it is not listed")
        if (folder / FINAL).exists() and run.final() is None:
            self.say("run.json is half written")
        lines = _read(folder / EVENTS).split(b"\n")[:-1]  # the last is empty, or unended
        if len(run.events()) != len(lines):
            self.say(f"{len(lines) - len(run.events())} of {len(lines)} events cannot be read")
        epochs = [one["epoch"] for one in run.events() if one["kind"] == "epoch"]
        if epochs != [*range(1, len(epochs) + 1)]:
            self.say(f"the events tell of the epochs {epochs}")
        try:
            if (folder / LAST).exists():
                kept = read_checkpoint(folder / LAST)[1]["events_bytes"]
                if not _read(folder / EVENTS)[:kept].endswith(b"\n"):
                    self.say("the events are not whole up to the checkpoint")
            if (run.model_folder / "model.json").exists():
                hrnn.load(run.model_folder)
            if run.report_folder.exists():
                Report.open(run.report_folder)
        except HRNNError as error:
            self.say(str(error))
        return self.stands()

    def stands(self) -> str:
        """Say where the training stands, as its last checkpoint tells."""
        if self.run.final() is not None:
            return "ended"
        facts = facts_of(self.run.folder / LAST)
        if not facts:
            return "before the first checkpoint"
        if facts["epoch"] == TRAINING.epochs:
            return "after the last epoch"
        return "within an epoch" if facts["_done"] else "between epochs"

    def told(self) -> dict[str, Any]:
        """Return what two trainings with the same settings share."""
        records = self.run.events()
        mine = ("seconds", "rss")
        return {
            "state": self.run.state(),
            "curve": [
                {name: value for name, value in one.items() if name not in mine}
                for one in records
                if one["kind"] == "epoch"
            ],
            "updates": sum(one["count"] for one in records if one["kind"] == "update"),
            "weights": _read(self.run.model_folder / "model.safetensors"),
        }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _began(pid: int) -> bytes:
    """Say when a process began; nothing once its files are closed, a moment after it was killed."""
    facts = _read(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()
    return facts[19] if facts and facts[0] not in (b"Z", b"X") else b""


def kill(pid: int) -> None:
    """End a process that this one started; wait until it is gone."""
    began = _began(pid)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    while began and _began(pid) == began:
        time.sleep(0.001)


@contextmanager
def app_on(run: Run) -> Iterator[subprocess.Popen[bytes]]:
    """Start an app that starts a run; it is about to when this returns."""
    command = [sys.executable, __file__, "app", run.id]
    app = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert app.stdout is not None
    try:
        app.stdout.readline()
        yield app
    finally:
        app.kill()
        app.wait()
        app.stdout.close()


def problems_on_page(address: str, run: Run) -> list[str]:
    """Ask the real app for a run's page; return what it could not do."""
    ask, found = BackMsg(), []
    ask.rerun_script.query_string = f"log={run.dataset}&run={run.id}"
    ask.rerun_script.page_name = "train"
    with connect(f"ws://{address}/_stcore/stream", subprotocols=["streamlit"], max_size=None) as to:  # pyright: ignore
        to.send(ask.SerializeToString())
        for message in to:
            assert isinstance(message, bytes)
            one = ForwardMsg.FromString(message)
            if one.delta.new_element.WhichOneof("type") == "exception":
                found.append(one.delta.new_element.exception.message)
            if one.WhichOneof("type") == "script_finished":
                return found
    return found


@contextmanager
def real_app_on(run: Run) -> Iterator[int]:
    """Start the real app, and ask for a run's page until it has ended; yields its number."""
    with App("app.py", home()) as app:

        def look() -> None:
            try:
                while True:
                    problems_on_page(app.address, run)
            except (OSError, WebSocketException):  # it was killed
                return

        asks = threading.Thread(target=look)
        asks.start()
        try:
            yield app.pid
        finally:
            kill(app.pid)
            asks.join()


@dataclass(frozen=True)
class Course:
    """How long an undisturbed training takes to its first event, and from the last epoch on."""

    starting: float
    ending: float

    def wait(self, watched: Watched, moment: float) -> None:
        """Wait for a moment of a training: 0 is its start, 1 its end."""
        if moment < 1 / 3:
            end = time.monotonic() + 3 * moment * self.starting
            watched.watch(lambda: time.monotonic() > end or watched.epochs() > 0)
            return
        done = min(2 * moment - 2 / 3, 1) * TRAINING.epochs
        watched.watch(lambda: watched.epochs() >= done)
        watched.watch_for(max(6 * moment - 5, 0) * self.ending)


def round_of(watched: Watched, victim: str, real: bool, wait: Callable[[], None]) -> dict[str, Any]:
    """Start a run, kill, look what is left, resume, and wait for the end."""
    run = watched.run
    with app_on(run) as app, real_app_on(run) if real else nullcontext() as real_app:
        wait()
        victims = watched.workers() if victim != "app" else []
        if victim != "worker":
            victims += [app.pid, *([real_app] if real_app else [])]
        for pid in victims:
            kill(pid)
        state = watched.look()
        watched.watch_for(0.3)
        stood = watched.stands() if watched.workers() else watched.check_files()
        if real:
            with App("app.py", home()) as again:
                for text in problems_on_page(again.address, run):
                    watched.say(f"the app says {text}")
        return {"state": state, "stood": stood, "resumed": watched.finish()}


def soak(home: Path, rounds: int, seed: int, real_app: bool = True) -> dict[str, Any]:
    """Do some rounds on an empty home."""
    os.environ |= {
        "HRNN_STUDIO_HOME": str(home),
        "HRNN_STUDIO_CHECKPOINT_SECONDS": CHECKPOINT_SECONDS,
    }
    began, draws = time.monotonic(), random.Random(seed)
    dataset = import_log(LOCAL, generate(LOG).frame, "generated", title_column="title")
    wrong: list[str] = []

    def new(name: str) -> Watched:
        return Watched(create_run(dataset, ExperimentConfig(training=TRAINING), name), wrong)

    whole = new("undisturbed")
    with app_on(whole.run):
        marks = [time.monotonic()]
        for epochs in (1e-9, TRAINING.epochs):
            whole.watch(lambda least=epochs: whole.epochs() >= least)
            marks.append(time.monotonic())
        whole.finish()
        marks.append(time.monotonic())
    course = Course(marks[1] - marks[0], marks[3] - marks[2])
    expected, found, looks = whole.told(), [], whole.looks
    for number in range(rounds):
        victim, moment = VICTIMS[number % len(VICTIMS)], draws.random()
        watched = new(f"round {number}, {victim} killed at {moment:.2f}")
        real = real_app and number % REAL_APP_EVERY == REAL_APP_EVERY - 1
        found.append(round_of(watched, victim, real, partial(course.wait, watched, moment)))
        told = watched.told()
        wrong += [f"{watched.run.name}: {n} differs" for n in expected if told[n] != expected[n]]
        watched.check_files()
        looks += watched.looks
        print(watched.run.name, found[-1], file=sys.stderr, flush=True)
    return {
        "rounds": rounds,
        "seed": seed,
        "undisturbed_seconds": round(marks[3] - marks[0], 1),
        "killed": Counter(VICTIMS[number % len(VICTIMS)] for number in range(rounds)),
        "with_the_real_app": rounds // REAL_APP_EVERY if real_app else 0,
        "state_after": Counter(one["state"] for one in found),
        "training_stood": Counter(one["stood"] for one in found),
        "resumed": sum(one["resumed"] for one in found),
        "looks": looks,
        "wrong": wrong,
        "seconds": round(time.monotonic() - began),
    }


def main() -> int:
    """Do the rounds that are asked for, in a home that is removed."""
    rounds, seed = (int(text) for text in (*sys.argv[1:], *("50", "0")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as home:
        found = soak(Path(home), rounds, seed)
    print(json.dumps(found))
    return bool(found["wrong"])


if __name__ == "__main__":
    if sys.argv[1:2] == ["app"]:
        be_app(sys.argv[2])
    sys.exit(main())
