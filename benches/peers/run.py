#!/usr/bin/env python3
"""relief and DuckDB on the same work, in turn, measured and checked equal.

    run.py derive --relief DERIVE_TALLY_BENCH --store DIR --pipeline FILE [--rounds 5]
    run.py ingest --relief RELIEF --csv DIR [--rounds 5]
    run.py sample --relief RELIEF [--rounds 5]

CPU is user + system seconds of the whole process, threads included; peak is
its largest resident set. Medians over the rounds; who goes first alternates.
Each command adds its table to RESULTS.md beside this file.
"""
import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from common import THREADS, Pipeline
from compare import compare

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
RESULTS = HERE / "RESULTS.md"


def measure(command):
    """CPU seconds, wall seconds and peak MB of a command."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), 1), (os.POSIX_SPAWN_DUP2, output.fileno(), 2)])
        _, status, used = os.wait4(pid, 0)
        wall = time.perf_counter() - start
        if status != 0:
            output.seek(0)
            sys.exit(f"{' '.join(command)}\n{output.read().decode()}")
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024


def rounds(count, sides, between=lambda: None):
    """Measures every side once a round, the order reversed from round to round."""
    found = {name: [] for name in sides}
    for number in range(count):
        for name in list(sides) if number % 2 == 0 else list(sides)[::-1]:
            between()
            found[name].append(measure([str(word) for word in sides[name]]))
            print(f"round {number + 1} {name}: cpu {found[name][-1][0]:.2f} s, wall {found[name][-1][1]:.2f} s, peak {found[name][-1][2]:.0f} MB", flush=True)
    return {name: [statistics.median(column) for column in zip(*rows)] for name, rows in found.items()}


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB; Linux {platform.release()}; {rust}; DuckDB {duckdb.__version__}, {THREADS} threads; Python {platform.python_version()}"


def report(title, medians, count, equal, command):
    """Prints the table and puts it in place of the one of the same title."""
    lines = [f"## {title}", "", f"`{command}`, median of {count} rounds. Outputs: {equal}.", "", "| | CPU s | wall s | peak MB |", "|---|--:|--:|--:|"]
    lines += [f"| {name} | {cpu:.2f} | {wall:.2f} | {peak:.0f} |" for name, (cpu, wall, peak) in medians.items()]
    if len(medians) == 2:
        ratios = [theirs / ours for ours, theirs in zip(*medians.values())]
        lines.append("| DuckDB ÷ relief | " + " | ".join(f"{ratio:.1f}" for ratio in ratios) + " |")
    section = "\n".join(lines) + "\n"
    print(section)
    head = f"# Results\n\n{machine()}.\n"
    older = RESULTS.read_text().split("\n## ")[1:] if RESULTS.exists() else []
    kept = [f"## {text.rstrip()}\n" for text in older if not text.startswith(title + "\n")]
    RESULTS.write_text("\n".join([head, *sorted([*kept, section])]))


def verdict(pairs):
    problems = [problem for a, b in pairs for problem in compare(a, b)]
    print("\n".join(problems) or "outputs equal")
    return "checked equal" if not problems else f"DIFFERENT ({len(problems)} problems)"


def derive(args, scratch):
    snapshot = args.store / "snapshots" / (args.store / "current").read_text().strip()
    ours, theirs = scratch / "relief", scratch / "duckdb"
    sides = {
        "relief": [args.relief, "--store", args.store, "--pipeline", args.pipeline, "--threads", THREADS, "--out", f"{ours}.parquet"],
        "DuckDB": [sys.executable, HERE / "derive_duckdb.py", snapshot, f"{theirs}.parquet", "--pipeline", args.pipeline],
    }
    medians = rounds(args.rounds, sides)
    # Writing the counts out is for the check alone, so it is not timed.
    for name, stem in (("relief", ours), ("DuckDB", theirs)):
        measure([str(word) for word in [*sides[name], "--tally", f"{stem}.csv"]])
    equal = verdict([(f"{ours}.{kind}", f"{theirs}.{kind}") for kind in ("parquet", "csv")])
    patients = duckdb.sql(f"SELECT count(*) FROM '{snapshot}/patients.parquet'").fetchall()[0][0]
    return f"Derive and tally, {patients:,} patients", medians, equal


def ingest(args, scratch):
    sites = Pipeline.of_folder(args.csv.resolve()).sources
    sources = "".join(f'\n[[source]]\nname = "{name}"\nkind = "csv"\npath = "{path}"\n' for name, _, path, _ in sites)
    pipeline = scratch / "pipeline.toml"
    pipeline.write_text(
        'id = "bench"\ntitle = "Bench"\nclinic = "Bench"\n\n[privacy]\nbasis = "limited-data-set"\n\n[store]\nfolder = "store"\n\n[reports]\nfolder = "reports"\n\n'
        f'[study]\ndata_cut = "{args.data_cut}"\n\n[ingest]\nmax_reject_share = 1.0\n{sources}')
    store, peer = scratch / "store", scratch / "peer"
    sides = {
        "relief": [args.relief, "ingest", pipeline],
        "DuckDB": [sys.executable, HERE / "ingest_duckdb.py", args.csv, peer, "--pipeline", pipeline],
    }
    # An unchanged input would not be written twice, so each round starts without a store.
    medians = rounds(args.rounds, sides, between=lambda: shutil.rmtree(store, ignore_errors=True))
    if not store.exists():
        measure([str(word) for word in sides["relief"]])
    snapshot = store / "snapshots" / (store / "current").read_text().strip()
    patients = duckdb.sql(f"SELECT count(*) FROM '{snapshot}/patients.parquet'").fetchall()[0][0]
    return f"Ingest validated and sorted, {patients:,} patients", medians, verdict([(snapshot, peer)])


def sample(args, scratch):
    for folder in ("pipelines", "sample-data"):
        shutil.copytree(PROJECT / folder, scratch / folder)
    sides = {"relief": [args.relief, "run", scratch / "pipelines" / "quarterly.toml"]}
    medians = rounds(args.rounds, sides, between=lambda: shutil.rmtree(scratch / ".relief", ignore_errors=True))
    return "The sample from files to reports", medians, "not compared"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("what", choices=["derive", "ingest", "sample"])
    options.add_argument("--relief", type=lambda path: Path(path).resolve(), required=True)
    options.add_argument("--store", type=Path)
    options.add_argument("--pipeline", type=Path)
    options.add_argument("--csv", type=Path)
    options.add_argument("--data-cut", default="2026-09-30")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--scratch", help="folder for outputs; a temporary one without it")
    args = options.parse_args()
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        title, medians, equal = {"derive": derive, "ingest": ingest, "sample": sample}[args.what](args, Path(scratch))
    report(title, medians, args.rounds, equal, f"run.py {args.what}")


if __name__ == "__main__":
    main()
