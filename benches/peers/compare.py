#!/usr/bin/env python3
"""Row by row: do two analysis sets, or two tallies, say the same?

    compare.py A.parquet B.parquet     columns, types, order and every cell
    compare.py A.csv B.csv             counts in any order

Exit code 1 and the first differing rows when not. Text, whole numbers and
truth values must be equal; `mg_per_kg`, the only floating-point column, may
differ in the last bits, because the order of a sum is nobody's promise.
"""
import sys

from common import connect

KEY = "patient_key, series, horizon"
SHOWN = 5


def analysis_sets(db, a, b):
    """Problems found, in words."""
    columns = lambda path: db.execute(f"DESCRIBE FROM read_parquet('{path}')").fetchall()
    first, second = ([(c[0], c[1]) for c in columns(path)] for path in (a, b))
    if first != second:
        return [f"columns differ: {sorted(set(first) ^ set(second)) or 'in order'}"]
    rows = lambda path: f"SELECT *, file_row_number AS place FROM read_parquet('{path}', file_row_number = true)"
    counts = [db.execute(f"SELECT count(*) FROM ({rows(path)})").fetchone()[0] for path in (a, b)]
    if counts[0] != counts[1]:
        return [f"{counts[0]} rows against {counts[1]}"]
    problems = []
    for name, kind in [*first, ("place", "BIGINT")]:
        differ = f"abs(x.{name} - y.{name}) > 1e-9 OR (x.{name} IS NULL) <> (y.{name} IS NULL)" if kind == "DOUBLE" else f"x.{name} IS DISTINCT FROM y.{name}"
        joined = f"FROM ({rows(a)}) AS x FULL JOIN ({rows(b)}) AS y USING ({KEY}) WHERE {differ}" if name not in KEY.split(", ") else \
            f"FROM ({rows(a)}) AS x FULL JOIN ({rows(b)}) AS y USING ({KEY}) WHERE x.site IS NULL OR y.site IS NULL"
        shown = f"{KEY}, x.{name}, y.{name}" if name not in KEY.split(", ") else KEY
        count = db.execute(f"SELECT count(*) {joined}").fetchone()[0]
        if count:
            problems.append(f"{name}: {count} rows, for example {db.execute(f'SELECT {shown} {joined} ORDER BY ALL LIMIT {SHOWN}').fetchall()}")
    return problems


def tallies(db, a, b):
    read = lambda path: f"SELECT * FROM read_csv('{path}', header = true, all_varchar = true)"
    problems = []
    for left, right, path in ((a, b, a), (b, a, b)):
        only = f"({read(left)} EXCEPT ALL {read(right)})"
        count = db.execute(f"SELECT count(*) FROM {only}").fetchone()[0]
        if count:
            problems.append(f"only in {path}: {count} counts, for example {db.execute(f'SELECT * FROM {only} ORDER BY ALL LIMIT {SHOWN}').fetchall()}")
    return problems


def main():
    a, b = sys.argv[1:3]
    problems = (tallies if a.endswith(".csv") else analysis_sets)(connect(), a, b)
    print("\n".join(problems) or "equal")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
