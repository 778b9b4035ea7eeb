#!/usr/bin/env python3
"""A store of random histories that crowd every edge of the definitions, for comparing derivations.

    random_store.py STORE_DIR PATIENTS SEED [--study-days] [--odd-supplies]

Realistic data rarely fall on day 14, 15, 90 or 91 or hold two scores on one
day; here most do. Also writes STORE_DIR/pipeline.toml.
"""
import argparse
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from common import pack

EDGES = [-62, -61, -60, -31, -30, -29, -15, -14, -1, 0, 0, 1, 2, 6, 7, 8, 12, 13, 14, 15, 16, 20, 21, 22, 26, 27, 28, 29, 30, 41, 42, 54, 55, 56,
         62, 63, 64, 82, 83, 84, 85, 86, 110, 111, 112, 138, 139, 140, 141, 166, 167, 168, 169, 170, 209, 210, 211, 230]
GAPS = [0, 1, 2, 3, 7, 13, 14, 15, 16, 30, 60, 89, 90, 91, 92, 180, 400]
EVEN_SUPPLIES, ODD_SUPPLIES = [1, 3, 7, 10, 14, 28, 30, 30, 30, 31, 37, 49, 60, 73, 90], [30, 41, 43, 64]
DRUGS = ["oxycodone"] * 3 + ["tramadol", "codeine", "methadone", "morphine", "fentanyl_td", "levorphanol", "opioid_other", "fentanyl_iv", "buprenorphine_sl",
         "buprenorphine_patch", "diazepam", "lorazepam", "zolpidem", "gabapentin"]
PAIN, FORMS = ["pain_nrs"] * 5 + ["pain_vas_mm"] * 3, ["phq9", "gad7", "pcl5", "bpi_severity", "bpi_interference", "pcs", "pseq", "promis_pi"]
ITEMS, TOTALS = ["average", "average", None, "worst", "least", "now", "weekly"], [None, None, "total", "mean", "average"]
MEASURES = '"measures.toml", "measures-grid.toml", "measures-opioids.toml", "measures-mind-body.toml"'
SOURCES = [("alpha", "reviewed"), ("beta", "complete"), ("gamma", "reviewed")]

ORIGIN = [("patient_key", pa.int64()), ("source_id", pa.int32()), ("source_row", pa.int64())]
SCHEMAS = {
    "patients": [("site", pa.string()), ("sex", pa.string()), ("birth_year", pa.int32()), ("index_period", pa.string()), ("sources", pa.string())],
    "diagnoses": [("condition", pa.string()), ("rank", pa.int32()), ("source_code", pa.string())],
    "infusions": [("day", pa.int32()), ("dose_mg_per_kg", pa.float64()), ("dose_mg", pa.float64()), ("duration_min", pa.float64()), ("ae_asked", pa.bool_())],
    "infusions_withheld": [("day", pa.int32())],
    "assessments": [("day", pa.int32()), ("instrument", pa.string()), ("item", pa.string()), ("score_x10", pa.int32())],
    "prescriptions": [("start_day", pa.int32()), ("days_supply", pa.int32()), ("drug", pa.string()), ("strength", pa.float64()), ("unit", pa.string()),
                      ("quantity", pa.float64()), ("route", pa.string()), ("indication", pa.string()), ("source_row_id", pa.string())],
    "prescriptions_withheld": [("start_day", pa.int32()), ("days_supply", pa.int32())],
    "medication_reviews": [("day", pa.int32()), ("complete", pa.bool_())],
    "adverse_events": [("day", pa.int32()), ("term", pa.string()), ("grade", pa.int32()), ("serious", pa.bool_())],
    "therapy_sessions": [("day", pa.int32()), ("kind", pa.string())],
    "departures": [("day", pa.int32()), ("departure", pa.string())],
}
NULLABLE = {"birth_year", "index_period", "rank", "source_code", "dose_mg_per_kg", "dose_mg", "duration_min", "ae_asked", "item", "route", "indication",
            "source_row_id", "grade", "serious"}


def history(draw, study_days, supplies, conditions):
    """One patient: table → rows without the origin columns."""
    start = 0 if study_days else draw.randrange(19_000, 20_700)
    infusions, zeros, day = [], [start], start
    for gap in [0] + draw.choices(GAPS, k=draw.randrange(0, 12)) if draw.random() < 0.95 else []:
        day += gap
        if gap > 90:
            zeros.append(day)
        dose = None if draw.random() < 0.03 else draw.choice([0.5, 0.8, 1.0, 0.35])
        infusions.append((day, dose, None, None, None))
    near = lambda: draw.choice(zeros) + draw.choice(EDGES)
    score = lambda: draw.choice([0, 0, 10, 15, 30, 49, 50, 60, 65, 70, 80, 100])
    # The case thresholds of the questionnaires, half of them and a meaningful fall below them.
    total = lambda: draw.choice([0, 49, 50, 100, 100, 130, 150, 200, 210, 240, 270, 309, 310, 310, 410, 460, 610, 650, 800])
    asked = lambda: (near(), draw.choice(PAIN), draw.choice(ITEMS), score()) if draw.random() < 0.6 else (near(), draw.choice(FORMS), draw.choice(TOTALS), total())
    prescription = lambda: (near() + draw.choice([-60, -30, -7, 0, 0, 1]), draw.choice(supplies), draw.choice(DRUGS), draw.choice([2.5, 5, 7.5, 10, 15, 12, 25, 50, 0.125]), "mg",
                            draw.choice([1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 2.5]), draw.choice(["oral"] * 8 + [None, "iv"]), draw.choice(["pain"] * 8 + [None, "oud", "F11.20"]), None)
    zero, supply, drug, strength, count = draw.choice(zeros), draw.choice(supplies), draw.choice(["oxycodone", "morphine", "codeine"]), draw.choice([5, 7.5, 10]), draw.randrange(1, 60)
    fill = lambda day, quantity: (day, supply, drug, strength, "mg", quantity, "oral", "pain", None)
    halved = [fill(zero - 30, 2 * count), fill(zero + 55, count)]  # exactly 50 % less at twelve weeks
    some = lambda most, make: [make() for _ in range(draw.choice([0, 1, 1, 2, 3, most]))]
    tables = {
        "infusions": infusions,
        "infusions_withheld": [(draw.choice([near(), day, start - 1]),) for _ in range(draw.random() < 0.1)],
        "assessments": [asked() for _ in range(draw.randrange(0, 30))],
        "prescriptions": halved if draw.random() < 0.2 else some(12, prescription) if draw.random() < 0.6 else [],
        "prescriptions_withheld": [(draw.choice([None, near(), near() - 365]), draw.choice([None, *supplies])) for _ in range(draw.random() < 0.1)],
        "medication_reviews": some(8, lambda: (near(), draw.random() < 0.8)),
        "diagnoses": some(5, lambda: (draw.choice(conditions), draw.choice([None, 1, 1, 2, 3]), draw.choice([None, None, "M79.7", "Z79.891", "z79891"]))),
        "adverse_events": [], "therapy_sessions": [], "departures": [],
    }
    period = draw.choice([None, "2026", "2025", "2026Q1", "2025Q4", "2026-02", "2025-11"]) if study_days else None
    return tables, (draw.choice("FMXU"), draw.choice([None, 1960, 1990]), period)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("store", type=Path)
    options.add_argument("patients", type=int)
    options.add_argument("seed", type=int)
    options.add_argument("--study-days", action="store_true")
    options.add_argument("--odd-supplies", action="store_true")
    options.add_argument("--data-cut", default="2026-09-30", help="`none` for the last day seen at each site")
    args = options.parse_args()
    draw = random.Random(args.seed)
    conditions = [c["code"] for c in pack("conditions")["condition"]]
    rows, last = {name: [] for name in SCHEMAS}, dict.fromkeys(range(len(SOURCES)))
    line = 1
    for key in sorted({draw.getrandbits(63) for _ in range(args.patients)}):
        source = draw.randrange(len(SOURCES))
        tables, facts = history(draw, args.study_days, ODD_SUPPLIES if args.odd_supplies else EVEN_SUPPLIES, conditions)
        rows["patients"].append((key, source, line, SOURCES[source][0], *facts, str(source)))
        for name, found in tables.items():
            numbered = [(key, source, line + n, *row) for n, row in enumerate(found)]
            line += len(found) + 1
            if name != "diagnoses":
                numbered.sort(key=lambda row: (row[3] is not None, row[3] or 0))  # stable: file order within a day
                last[source] = max([d for d in [last[source], *(row[3] for row in numbered if not name.endswith("_withheld"))] if d is not None], default=None)
            rows[name] += numbered
    folder = args.store / "snapshots" / "000001"
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in SCHEMAS.items():
        optional = NULLABLE | ({"start_day", "days_supply"} if name == "prescriptions_withheld" else set())
        schema = pa.schema([pa.field(n, t, nullable=n in optional) for n, t in ORIGIN + columns])
        table = pa.table([pa.array(c, t) for c, t in zip(zip(*rows[name]) if rows[name] else [[]] * len(schema), schema.types)], schema=schema)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd", row_group_size=20_000)
    count = lambda n: {"read": n, "accepted": n, "quarantined": 0, "duplicates": 0}
    (folder / "manifest.json").write_text(json.dumps({
        "number": 1, "reading": "", "digest": "random", "program": "random_store.py", "basis": "limited-data-set",
        "calendar": "study_day" if args.study_days else "dated", "patients": args.patients,
        "sources": [{"name": name, "site": name, "medications": feed} for name, feed in SOURCES],
        "sites": [{"site": name, "patients": sum(r[1] == n for r in rows["patients"]), "last_day": last[n]} for n, (name, _) in enumerate(SOURCES)],
        "tables": {name: count(len(found)) for name, found in rows.items()}, "files": [], "findings": [],
    }, indent=1))
    (args.store / "current").write_text("000001\n")
    cut = "" if args.data_cut == "none" else f'data_cut = "{args.data_cut}"\n'
    sources = "".join(f'\n[[source]]\nname = "{name}"\nkind = "csv"\npath = "{name}"\nmedications = "{feed}"\n' for name, feed in SOURCES)
    (args.store / "pipeline.toml").write_text(
        'id = "random"\ntitle = "Random"\nclinic = "Random"\n\n[privacy]\nbasis = "limited-data-set"\n\n[store]\nfolder = "."\n\n[reports]\nfolder = "reports"\n\n'
        f'[packs]\nmeasures = [{MEASURES}]\n\n[study]\n{cut}{sources}')


if __name__ == "__main__":
    main()
