"""``python -m hrnn train LOG --out FOLDER``, ``recommend FOLDER LOG`` and ``timeouts LOG``."""

import argparse
import dataclasses
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import hrnn
from hrnn.columns import OPTIONAL, REQUIRED, USER_ID
from hrnn.data.export import inert
from hrnn.errors import DataError, HRNNError
from hrnn.evaluation.splits import SPLITS
from hrnn.training.config import MODEL_NAMES, PRESETS, ExperimentConfig, TrainConfig

#: What can be set from the shell; each epoch is always said there.
_SETTINGS = [one.name for one in dataclasses.fields(TrainConfig) if one.name != "verbose"]  # pyright: ignore


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: print(
                f"note: {message}", file=sys.stderr
            )
            options.command(options)
    except (HRNNError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hrnn", description=hrnn.__doc__)
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train a model on a log and save it")
    train.set_defaults(command=_train)
    train.add_argument("log", help="file of interactions: CSV, JSON, Parquet, Excel, …")
    train.add_argument("--out", required=True, metavar="FOLDER", help="where the model is saved")
    train.add_argument("--model", default="hrnn", help=", ".join(MODEL_NAMES))
    train.add_argument("--split", default="leave_last_out", help=", ".join(SPLITS))
    train.add_argument("--timeout", type=float, default=30.0, metavar="MINUTES")
    timeouts = commands.add_parser("timeouts", help="train at several timeouts; say which pays")
    timeouts.set_defaults(command=_timeouts)
    timeouts.add_argument("log", help="file of interactions")
    timeouts.add_argument("minutes", type=float, nargs="+", help="timeouts to try")
    for command, usual in ((train, "standard"), (timeouts, "quick")):
        command.add_argument("--preset", default=usual, choices=PRESETS, help=f"default {usual}")
        for name in _SETTINGS:
            values = ", ".join(f"{getattr(one, name)} ({key})" for key, one in PRESETS.items())
            option = "--" + name.replace("_", "-")
            command.add_argument(option, help=f"default {values}", metavar="VALUE")
    recommend = commands.add_parser("recommend", help="recommend to the users of a log")
    recommend.set_defaults(command=_recommend)
    recommend.add_argument("folder", help="a saved model")
    recommend.add_argument("log", help="file with the users' histories")
    recommend.add_argument("--user", action="append", help="only this user; may be repeated")
    recommend.add_argument("--top-k", type=int, default=10)
    recommend.add_argument("--start", default="auto", help="auto, continue or new session")
    recommend.add_argument("--exclude-seen", action="store_true")
    for command in (train, timeouts, recommend):
        command.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="ROLE=NAME",
            help=f"which column is {', '.join((*REQUIRED, *OPTIONAL))}, where it is not guessed",
        )
    return parser


def _read(options: argparse.Namespace) -> hrnn.Interactions:
    columns = dict(one.partition("=")[::2] for one in options.column)
    data = hrnn.read_interactions(options.log, columns)
    print(data.report.summary(), file=sys.stderr)
    for oddity in data.report.warnings:
        print(f"note: {oddity.message}", file=sys.stderr)
    return data


def _training(options: argparse.Namespace) -> TrainConfig:
    """Return a preset, with the settings that were given in its place."""
    given: dict[str, Any] = {name: getattr(options, name) for name in _SETTINGS}
    given = {name: value for name, value in given.items() if value is not None}
    given = {name: None if value == "None" else value for name, value in given.items()}
    preset = PRESETS[options.preset]
    preset = preset.for_loss(given.get("loss", preset.loss))
    return dataclasses.replace(preset, **given)  # pyright: ignore[reportArgumentType]


def _timeouts(options: argparse.Namespace) -> None:
    from hrnn.evaluation.trials import compare  # noqa: PLC0415
    from hrnn.experiment import train_experiment  # noqa: PLC0415 - torch, only here

    settings = _training(options)
    configs = {  # made before anything is trained, so that a wrong one is said first
        minutes: ExperimentConfig(
            timeout_minutes=minutes,
            use_session_ids=False,
            measured_on="validation",
            training=settings,
        )
        for minutes in options.minutes
    }
    data, reports = _read(options), {}
    for minutes, config in configs.items():
        trained = train_experiment(data, config)
        reports[minutes] = report = trained.measure()
        assert report is not None  # leave-last-out holds something out, and nobody stops it
        print(f"{minutes:g} minutes: {trained.split.sessions.count:,} sessions", file=sys.stderr)
    found = compare(reports, MODEL_NAMES["hrnn"]).rename(columns={"SETTING": "MINUTES"})
    print(f"NDCG@10, {next(iter(reports.values())).heading}, {settings.random_state} (training)")
    print(found.to_string(index=False, float_format="{:.4f}".format))


def _train(options: argparse.Namespace) -> None:
    from hrnn.experiment import train_experiment  # noqa: PLC0415 - torch, only here
    from hrnn.training.progress import say  # noqa: PLC0415

    settings = _training(options)
    config = ExperimentConfig(
        model=options.model,
        split=options.split,
        timeout_minutes=options.timeout,
        training=settings,
    )
    data = _read(options)
    Path(options.out).mkdir(parents=True, exist_ok=True)  # before hours of training, not after
    started = time.monotonic()
    trained = train_experiment(data, config, [say])
    trained.model.save(options.out)
    print(f"trained in {time.monotonic() - started:.1f} s, saved in {options.out}", file=sys.stderr)
    try:
        report = trained.measure()
    except DataError as error:  # the model is good; only its figures cannot be had
        print(f"note: no figures: {error}", file=sys.stderr)
        return
    if report is not None:
        print(report.heading)
        print(report.table.to_string(index=False, float_format="{:.4f}".format))
        for finding in report.findings:
            print(f"note: {finding}", file=sys.stderr)


def _recommend(options: argparse.Namespace) -> None:
    model = hrnn.load(options.folder)
    data = _read(options)
    if options.user:
        unknown = [user for user in options.user if user not in data.user_ids]
        if unknown:
            raise hrnn.DataError(f"user {unknown[0]!r} is not in the log; check the id")
        frame = data.frame()
        data = data.take(frame[USER_ID].isin(options.user).to_numpy())
    answer = model.recommend_frame(
        data, top_k=options.top_k, start=options.start, exclude_seen=options.exclude_seen
    )
    table, changed = inert(answer)
    if changed:
        print(
            f"note: ids that start like a spreadsheet formula are written with an apostrophe"
            f" before them (cells: {changed:,})",
            file=sys.stderr,
        )
    table.to_csv(sys.stdout, index=False)


if __name__ == "__main__":
    sys.exit(main())
