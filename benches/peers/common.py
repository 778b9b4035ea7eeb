"""What both peers share: the packs, the pipeline, and a DuckDB connection. No derivation here."""
import os
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

PACKS = Path(__file__).resolve().parents[2] / "pipelines" / "packs"
THREADS = int(os.environ.get("PEER_THREADS", "2"))

# id, target day, first and last day of the window (measures.md §0)
HORIZONS = [("2w", 14, 7, 20), ("4w", 28, 21, 41), ("12w", 84, 63, 111), ("24w", 168, 140, 210)]

# instrument: highest score as written in tenths, whole numbers only, divisor to the stored scale, lowest
INSTRUMENTS = {
    "pain_nrs": (100, False, 1, 0), "pain_vas_mm": (1000, True, 10, 0), "phq9": (270, True, 1, 0),
    "gad7": (210, True, 1, 0), "pcl5": (800, True, 1, 0), "bpi_severity": (100, False, 1, 0),
    "bpi_interference": (100, False, 1, 0), "pgic": (70, True, 1, 10), "pcs": (520, True, 1, 0),
    "pseq": (600, True, 1, 0), "promis_pi": (1000, False, 1, 0),
}


def pack(name):
    return tomllib.loads((PACKS / f"{name}.toml").read_text())


def day(iso):
    return (date.fromisoformat(iso) - date(1970, 1, 1)).days


@dataclass
class Pipeline:
    """The keys of a pipeline file the peers need, with relief's defaults."""
    sources: list = field(default_factory=list)  # (name, site, path, medications)
    data_cut: int | None = None
    research: bool = False
    series_gap: int = 90
    induction_gap: int = 14
    baseline_days: int = 30
    measures: list = field(default_factory=lambda: ["measures"])

    @classmethod
    def read(cls, path):
        path = Path(path)
        typed = tomllib.loads(path.read_text())
        study = typed.get("study", {})
        source = lambda s: (s["name"], s.get("site", s["name"]), path.parent / s["path"], s.get("medications", "reviewed"))
        return cls(
            sources=[source(s) for s in typed["source"]],
            data_cut=day(study["data_cut"]) if "data_cut" in study else None,
            research=study.get("research", False),
            series_gap=study.get("series_gap_days", 90),
            induction_gap=study.get("induction_gap_days", 14),
            baseline_days=study.get("baseline_days", 30),
            measures=[Path(name).stem for name in typed.get("packs", {}).get("measures", ["measures.toml"])],
        )

    @classmethod
    def of_folder(cls, folder):
        """Every subfolder with a patients.csv is a site."""
        sites = sorted(p.parent for p in Path(folder).glob("*/patients.csv"))
        return cls(sources=[(s.name, s.name, s, "reviewed") for s in sites])


def connect():
    db = duckdb.connect()
    db.execute(f"SET threads = {THREADS}")
    return db


def quoted(words):
    return ", ".join("'" + str(word).replace("'", "''") + "'" for word in words)


def values(rows):
    """Rows of Python values as a VALUES list."""
    cell = lambda v: "NULL" if v is None else str(v) if isinstance(v, (int, float)) else quoted([v])
    return "VALUES " + ", ".join("(" + ", ".join(map(cell, row)) + ")" for row in rows)
