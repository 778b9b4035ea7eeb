#!/usr/bin/env python3
"""Do two analysis sets, two tallies or two snapshots say the same?

    compare.py A.parquet B.parquet     analysis sets: columns, types, order and every cell
    compare.py A.csv B.csv             tallies: every count, in any order
    compare.py A_DIR B_DIR             snapshots: rows by patient, whatever the patients' numbers

Exit code 1 and what differs when not. Text, whole numbers and truth values
must be equal; `mg_per_kg`, the only floating-point column that is computed,
may differ in the last bits, because the order of a sum is nobody's promise.
"""
import sys
from pathlib import Path

from common import connect

KEY = "patient_key, series, horizon"
SHOWN = 5


def compare(a, b):
    """Problems found, in words."""
    db = connect()
    if Path(a).is_dir():
        return snapshots(db, Path(a), Path(b))
    return tallies(db, a, b) if str(a).endswith(".csv") else analysis_sets(db, a, b)


def described(db, path):
    return [(c[0], c[1]) for c in db.execute(f"DESCRIBE FROM read_parquet('{path}')").fetchall()]


def analysis_sets(db, a, b):
    first, second = described(db, a), described(db, b)
    if first != second:
        return [f"columns differ: {sorted(set(first) ^ set(second)) or 'in order'}"]
    for name, path in (("a", a), ("b", b)):
        db.execute(f"CREATE TABLE {name} AS SELECT *, file_row_number AS place FROM read_parquet('{path}', file_row_number = true)")
    lone = db.execute(f"SELECT {KEY} FROM a FULL JOIN b USING ({KEY}) WHERE a.site IS NULL OR b.site IS NULL ORDER BY ALL").fetchall()
    problems = [f"{len(lone)} rows in one alone, for example {lone[:SHOWN]}"] if lone else []
    for name, kind in [*first, ("place", "BIGINT")]:
        if name in KEY.split(", "):
            continue
        close = f"abs(a.{name} - b.{name}) < 1e-9 OR " if kind == "DOUBLE" else ""
        rows = db.execute(f"SELECT {KEY}, a.{name}, b.{name} FROM a JOIN b USING ({KEY}) WHERE NOT coalesce({close} a.{name} IS NOT DISTINCT FROM b.{name}, false) ORDER BY ALL").fetchall()
        if rows:
            problems.append(f"{name}: {len(rows)} rows, for example {rows[:SHOWN]}")
    return problems


def tallies(db, a, b):
    read = lambda path: f"SELECT * FROM read_csv('{path}', header = true, all_varchar = true)"
    problems = []
    for here, there in ((a, b), (b, a)):
        rows = db.execute(f"({read(here)} EXCEPT ALL {read(there)}) ORDER BY ALL").fetchall()
        if rows:
            problems.append(f"only in {here}: {len(rows)} counts, for example {rows[:SHOWN]}")
    return problems


def snapshots(db, a, b):
    """Rows are hashed without the patient's number and the line, added up by patient, and the sums hashed again."""
    problems = []
    for name in sorted({path.stem for folder in (a, b) for path in folder.glob("*.parquet")}):
        files = [folder / f"{name}.parquet" for folder in (a, b)]
        columns = [described(db, file) for file in files]
        if columns[0] != columns[1]:
            problems.append(f"{name}: columns differ: {sorted(set(columns[0]) ^ set(columns[1])) or 'in order'}")
            continue
        values = [column for column, _ in columns[0] if column not in ("patient_key", "source_row", "source_row_id")]
        day = next((column for column in values if column in ("day", "start_day")), "NULL")
        digest = lambda file, of: db.execute(f"""SELECT sum(n), count(*), sum(hash(n, digest)::HUGEINT) FROM
            (SELECT count(*) AS n, sum(hash({of})::HUGEINT) AS digest FROM read_parquet('{file}') GROUP BY patient_key)""").fetchone()
        sums = [digest(file, ", ".join(values)) for file in files]
        if sums[0] != sums[1]:
            unequal = [column for column in values if digest(files[0], column) != digest(files[1], column)]
            problems.append(f"{name}: rows and patients {sums[0][:2]} against {sums[1][:2]}, unequal columns {unequal}")
        for file in files:
            # Undated rows of withheld prescriptions come first.
            unsorted = db.execute(f"""SELECT count(*) FROM (SELECT (patient_key, coalesce({day}, -2147483648)) < lag((patient_key, coalesce({day}, -2147483648))) OVER (ORDER BY file_row_number) AS back
                FROM read_parquet('{file}', file_row_number = true)) WHERE back""").fetchone()[0]
            if unsorted:
                problems.append(f"{file}: {unsorted} rows out of order")
    return problems


def main():
    problems = compare(*sys.argv[1:3])
    print("\n".join(problems) or "equal")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
