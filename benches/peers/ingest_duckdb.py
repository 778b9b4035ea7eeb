#!/usr/bin/env python3
"""Canonical CSV → validated, sorted zstd Parquet, in DuckDB.

    ingest_duckdb.py CSV_DIR OUT_DIR [--pipeline FILE]

CSV_DIR holds one folder a site. OUT_DIR becomes a snapshot folder: one file a
table sorted by (patient_key, day, source, line), and a manifest.json with what
derivation needs. The typed CSV reader sets malformed lines aside
(`store_rejects`); the rest are judged in SQL.
"""
import argparse
import json
import re
import resource
import secrets
import time
from datetime import date, timedelta
from pathlib import Path

from common import INSTRUMENTS, Pipeline, connect, day, pack, quoted, values

EARLIEST, LATEST = day("1990-01-01"), day("2049-12-31")
is_code = lambda column: f"regexp_full_match(lower({column}), '[a-z0-9_]{{1,40}}')"
is_icd10 = lambda column: f"regexp_full_match(upper({column}), '[A-Z][0-9][A-Z0-9][.]?[A-Z0-9]{{0,4}}')"
icd10 = lambda column: f"CASE WHEN {is_icd10(column)} THEN upper({column}) END"


def words(column):
    """Optional text written as words becomes a code, or nothing."""
    joined = f"translate({column}, ' -/', '___')"
    return f"CASE WHEN {is_code(joined)} THEN lower({joined}) END AS {column}"


# Unit written, unit of the drug, times: exact conversions only.
UNITS = [("mg", "mg", 1), ("mcg", "mcg", 1), ("ug", "mcg", 1), ("mcg/h", "mcg/h", 1), ("mg", "mcg", 1000), ("mg/h", "mcg/h", 1000), ("mcg", "mg", 0.001)]

# Columns of the files. Whether a number has too many decimals is decided by its nearest tenth or thousandth being the same double.
FILES = {
    "patients": "patient_id VARCHAR, sex VARCHAR, birth_year INT",
    "diagnoses": "patient_id VARCHAR, condition VARCHAR, rank INT, source_code VARCHAR",
    "infusions": "patient_id VARCHAR, date DATE, dose_mg_per_kg DOUBLE, dose_mg DOUBLE, duration_min DOUBLE, ae_asked BOOLEAN",
    "assessments": "patient_id VARCHAR, date DATE, instrument VARCHAR, item VARCHAR, score DOUBLE",
    "prescriptions": "patient_id VARCHAR, start_date DATE, days_supply INT, drug VARCHAR, strength DOUBLE, unit VARCHAR,"
                     " quantity DOUBLE, route VARCHAR, indication VARCHAR, row_id VARCHAR",
    "medication_reviews": "patient_id VARCHAR, date DATE, complete BOOLEAN",
    "adverse_events": "patient_id VARCHAR, date DATE, term VARCHAR, grade INT, serious BOOLEAN",
    "therapy_sessions": "patient_id VARCHAR, date DATE, kind VARCHAR",
    "departures": "patient_id VARCHAR, date DATE, departure VARCHAR",
}
DAY = {"prescriptions": "start_date", "patients": None, "diagnoses": None}

# Columns of the snapshot beside patient_key, source_id, source_row.
KEPT = {
    "patients": "site, sex, birth_year, index_period, sources",
    "diagnoses": "coalesce(code, 'other') AS condition, rank, coalesce(" + icd10("source_code") + ", " + icd10("condition") + ") AS source_code",
    "infusions": "day, dose_mg_per_kg, dose_mg, duration_min, ae_asked",
    "assessments": "day, name AS instrument, lower(item) AS item, tenths // divisor AS score_x10",
    "prescriptions": "day AS start_day, days_supply, code AS drug, strength_x1000 / 1000 AS strength, drug_unit AS unit, quantity, "
                     + words("route") + ", " + words("indication") + ", row_id AS source_row_id",
    "medication_reviews": "day, complete",
    "adverse_events": "day, lower(term) AS term, grade, serious",
    "therapy_sessions": "day, lower(kind) AS kind",
    "departures": "day, lower(departure) AS departure",
}

# What a row must satisfy to be kept. A comparison with NULL does not hold.
RULES = {
    "diagnoses": "condition IS NOT NULL AND (rank IS NULL OR rank BETWEEN 1 AND 99)",
    "infusions": """(dose_mg_per_kg IS NULL OR dose_mg_per_kg > 0 AND dose_mg_per_kg <= 10) AND (dose_mg IS NULL OR dose_mg > 0 AND dose_mg <= 2000)
        AND (duration_min IS NULL OR duration_min > 0 AND duration_min <= 10080) AND (dose_mg_per_kg IS NULL OR duration_min IS NULL OR dose_mg_per_kg * 60 <= 2 * duration_min + 1e-9)""",
    "assessments": "tenths BETWEEN lowest AND highest AND tenths % step = 0 AND tenths / 10 = score AND (item IS NULL OR " + is_code("item") + ")",
    "prescriptions": """days_supply BETWEEN 1 AND 366 AND code IS NOT NULL AND strength > 0 AND quantity > 0 AND strength_x1000 <= 100000000 AND quantity_x1000 <= 100000000
        AND strength_x1000 / 1000 / times = strength AND quantity_x1000 / 1000 = quantity AND (factor IS NULL OR daily_mme <= 1000 + 1e-9)""",
    "medication_reviews": "complete IS NOT NULL",
    "adverse_events": is_code("term") + " AND (grade IS NULL OR grade BETWEEN 1 AND 5)",
    "therapy_sessions": is_code("kind"),
    "departures": is_code("departure"),
}


def condition_of():
    """text → pack code: a code, an alias, or an ICD-10-CM code by its longest prefix; `None` where nothing fits."""
    words, prefixes = {}, {}
    plain = lambda text: text.replace(".", "").lower()
    for c in pack("conditions")["condition"]:
        words |= {word.lower(): c["code"] for word in [c["code"], *c["aliases"]]}
        prefixes |= {plain(p): c["code"] for p in c["icd10cm"]} | {plain(p): None for p in c.get("review", [])}

    def resolve(text):
        word = text.strip().lower()
        if word in words:
            return words[word]
        code = plain(word)
        if not re.fullmatch(r"[a-z][0-9][a-z0-9]{1,5}", code):
            return None
        return next((prefixes[code[:n]] for n in range(len(code), 0, -1) if code[:n] in prefixes), None)
    return resolve


def vocabulary(db):
    """The packs as small tables to join."""
    factors = pack("mme-cdc-2022")["factor"]
    spellings = lambda d: [d["code"], *d.get("aliases", []), *([d["rxnorm"]] if "rxnorm" in d else [])]
    drugs = [(word.lower(), d["code"], d["unit"], float(factors[d["code"]]["factor"]) if d["code"] in factors else None, int(d.get("patch", False)))
             for d in pack("drugs")["drug"] for word in spellings(d)]
    db.execute(f"CREATE TABLE drug_word (word VARCHAR, code VARCHAR, drug_unit VARCHAR, factor DOUBLE, patch INT); INSERT INTO drug_word {values(drugs)}")
    instruments = [(name, low, high, 10 if whole else 1, divisor) for name, (high, whole, divisor, low) in INSTRUMENTS.items()]
    db.execute(f"CREATE TABLE unit_word (written VARCHAR, meant VARCHAR, times DOUBLE); INSERT INTO unit_word {values(UNITS)}")
    db.execute(f"CREATE TABLE instrument (name VARCHAR, lowest INT, highest INT, step INT, divisor INT); INSERT INTO instrument {values(instruments)}")


def lines(table, sources):
    """The lines of every source with their number, whose they are and when; malformed lines go to `reject_errors`. A table nobody hands over has none."""
    named = re.findall(r"(\w+) (\w+(?:\([^)]*\))?)", FILES[table])
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in named)
    dated = DAY.get(table, "date")
    when = f", ({dated} - DATE '1970-01-01')::INT AS day" if dated else ""
    one = lambda number, site, file: f"""SELECT {number} AS source_id, '{site}' AS site, row_number() OVER () + 1 AS source_row, {key(site)} AS patient_key, *{when}
        FROM read_csv('{file}', columns = {{{columns}}}, header = true, auto_detect = false, delim = ',', quote = '"', dateformat = '%Y-%m-%d', store_rejects = true)"""
    files = [(n, site, folder / f"{table}.csv") for n, (_, site, folder, _) in enumerate(sources)]
    nothing = f"""SELECT 0 AS source_id, '' AS site, 0::BIGINT AS source_row, 0::BIGINT AS patient_key, *{when}
        FROM (SELECT {", ".join(f"NULL::{kind} AS {name}" for name, kind in named)}) WHERE false"""
    return " UNION ALL ".join(one(*file) for file in files if file[2].exists()) or nothing


SECRET = secrets.token_hex(16)


def key(site, code="patient_id"):
    """A keyed number that is never negative, as a snapshot's."""
    return f"(hash('{SECRET}', '{site}', {code}) >> 1)::BIGINT"


def patients(db, sources, pipeline):
    """One row a patient: of second copies and contradictions the first by its facts, with what all of them say, and nobody who withdrew consent."""
    year = (date(1970, 1, 1) + timedelta(pipeline.data_cut)).year if pipeline.data_cut is not None else 2026
    applies = "true" if pipeline.research else "coalesce(lower(scope) <> 'research_only', true)"
    gone = " UNION ALL ".join(
        f"SELECT {key(site)} AS patient_key FROM read_csv('{folder / 'withdrawals.csv'}', header = true, all_varchar = true) WHERE {applies}"
        for _, site, folder, _ in sources if (folder / "withdrawals.csv").exists()) or "SELECT 0::BIGINT AS patient_key WHERE false"
    db.execute(f"""
        CREATE TABLE patient AS
        WITH facts AS (
            SELECT patient_key, source_id, source_row, site, CASE lower(coalesce(sex, 'u')) {' '.join(f"WHEN '{w}' THEN '{s}'" for w, s in SEXES.items())} END AS sex,
                CASE WHEN birth_year IS NOT NULL THEN greatest(birth_year, {year - 90}) END AS birth_year, NULL::VARCHAR AS index_period
            FROM ({lines('patients', sources)})
            WHERE length(patient_id) BETWEEN 1 AND 64 AND sex IS NOT NULL AND (birth_year IS NULL OR birth_year BETWEEN {year - 125} AND {year}))
        SELECT * EXCLUDE (sexes, years) REPLACE (CASE WHEN len(sexes) = 1 THEN sexes[1] ELSE 'U' END AS sex, CASE WHEN len(years) = 1 THEN years[1] END AS birth_year) FROM (
        SELECT unnest(arg_min(facts, (sex, coalesce(birth_year, -1), source_id, source_row))), list(DISTINCT sex) FILTER (sex <> 'U') AS sexes, list(DISTINCT birth_year) FILTER (birth_year IS NOT NULL) AS years,
            array_to_string(list_transform(list_sort(list(DISTINCT source_id)), lambda source: source::VARCHAR), ' ') AS sources FROM facts ANTI JOIN ({gone}) USING (patient_key) GROUP BY patient_key)""")


SEXES = {"f": "F", "female": "F", "m": "M", "male": "M", "x": "X", "other": "X", "u": "U", "unknown": "U"}


def candidates(db, table, sources, last):
    """Lines of known patients within the calendar, with the packs' words beside them. `accepted` says whether the rules hold."""
    text = lines(table, sources)
    joins, extra = "", ""
    if table == "assessments":
        extra = ", round(score * 10)::INT AS tenths"
        joins = "JOIN instrument ON lower(instrument) = name"
    if table == "diagnoses":
        resolve = condition_of()
        words = [word for word, in db.execute(f"SELECT DISTINCT condition FROM ({text}) WHERE condition IS NOT NULL").fetchall()]
        db.execute(f"CREATE TABLE condition_word (condition VARCHAR, code VARCHAR); INSERT INTO condition_word {values([(w, resolve(w)) for w in words])}")
        joins = "LEFT JOIN condition_word USING (condition)"
    if table == "prescriptions":
        worn = "greatest(1, ceil((6 * quantity - days_supply) / (2 * days_supply) - 1e-9))"
        extra = f", round(strength * times * 1000)::BIGINT AS strength_x1000, round(quantity * 1000)::BIGINT AS quantity_x1000, strength * times * CASE WHEN patch = 1 THEN {worn} ELSE quantity / days_supply END * factor AS daily_mme"
        joins = "LEFT JOIN drug_word ON lower(drug) = word LEFT JOIN unit_word ON lower(unit) = written AND drug_unit = meant"
    in_time = f"day BETWEEN {EARLIEST} AND {last}" if DAY.get(table, "date") else "true"
    return f"SELECT *{extra} FROM ({text}) AS line SEMI JOIN patient USING (patient_key) {joins}", f"({in_time} AND {RULES[table]})"


def write(db, out, table, rows):
    order = {"patients": "", "diagnoses": "", "prescriptions": "start_day,", "prescriptions_withheld": "start_day NULLS FIRST,"}.get(table, "day,")
    db.execute(f"""COPY (SELECT patient_key, source_id::INT AS source_id, source_row, {KEPT.get(table, 'start_day, days_supply' if table == 'prescriptions_withheld' else 'day')} FROM ({rows}) ORDER BY patient_key, {order} source_id, source_row)
        TO '{out / table}.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880)""")


def prescriptions(db, out, sources, last):
    """Of equal rows with one row id the first stays and the others are dropped; where they differ all are set aside. What is set aside is remembered by patient."""
    rows, accepted = candidates(db, "prescriptions", sources, last)
    db.execute(f"CREATE TABLE prescription AS SELECT *, coalesce({accepted}, false) AS accepted FROM ({rows})")
    content = "(day, days_supply, code, strength_x1000, quantity, route, indication)"
    db.execute(f"""CREATE TABLE repeated AS SELECT source_id, patient_key, row_id, min(({content}, source_row)) AS first, count(DISTINCT {content}) > 1 AS differ
        FROM prescription WHERE accepted AND row_id IS NOT NULL GROUP BY source_id, patient_key, row_id HAVING count(*) > 1""")
    joined = "prescription LEFT JOIN repeated USING (source_id, patient_key, row_id)"
    write(db, out, "prescriptions", f"SELECT * FROM {joined} WHERE accepted AND coalesce(({content}, source_row) = first AND NOT differ, true)")
    # A malformed line still says whose it is and perhaps when.
    malformed = " UNION ALL ".join(
        f"""SELECT DISTINCT {key(site, "split_part(csv_line, ',', 1)")} AS patient_key, {n} AS source_id, line::BIGINT AS source_row, (try_cast(split_part(csv_line, ',', 2) AS DATE) - DATE '1970-01-01')::INT AS start_day, NULL::INT AS days_supply
        FROM reject_errors JOIN reject_scans USING (scan_id, file_id) WHERE file_path = '{folder / 'prescriptions.csv'}'""" for n, (_, site, folder, _) in enumerate(sources))
    write(db, out, "prescriptions_withheld", f"""
        SELECT patient_key, source_id, source_row, CASE WHEN day BETWEEN {EARLIEST} AND {last} THEN day END AS start_day, CASE WHEN days_supply BETWEEN 1 AND 366 THEN days_supply END AS days_supply FROM {joined} WHERE NOT accepted OR coalesce(differ, false)
        UNION ALL SELECT * FROM ({malformed}) SEMI JOIN patient USING (patient_key)""")


def infusions(db, out, sources, last):
    """Of what is set aside the day is remembered, unless the dose says that nothing may have been given."""
    rows, accepted = candidates(db, "infusions", sources, last)
    write(db, out, "infusions", f"SELECT * FROM ({rows}) WHERE {accepted}")
    given = " AND ".join(f"coalesce({amount} > 0, true)" for amount in ["dose_mg_per_kg", "dose_mg", "duration_min"])
    write(db, out, "infusions_withheld", f"SELECT * FROM ({rows}) WHERE NOT coalesce({accepted}, false) AND day BETWEEN {EARLIEST} AND {last} AND {given}")


def manifest(db, out, sources, pipeline):
    """What derivation needs to know, in the shape of a snapshot's manifest."""
    count = lambda table: db.execute(f"SELECT count(*) FROM '{out / table}.parquet'").fetchone()[0]
    names = ["patients", *RULES, "infusions_withheld", "prescriptions_withheld"]
    dated = [(t, "start_day" if t == "prescriptions" else "day") for t in RULES if DAY.get(t, "date")]
    last = dict(db.execute("SELECT source_id, max(day) FROM (" + " UNION ALL ".join(f"SELECT source_id, {d} AS day FROM '{out / t}.parquet'" for t, d in dated) + ") GROUP BY ALL").fetchall())
    patients = dict(db.execute("SELECT source_id, count(*) FROM patient GROUP BY ALL").fetchall())
    counts = {t: {"read": count(t), "accepted": count(t), "quarantined": 0, "duplicates": 0} for t in names}
    (out / "manifest.json").write_text(json.dumps({
        "number": 1, "reading": "", "digest": "peer", "program": "duckdb", "basis": "limited-data-set", "calendar": "dated", "patients": count("patients"),
        "sources": [{"name": name, "site": site, "medications": feed} for name, site, _, feed in sources],
        "sites": sorted(({"site": site, "patients": patients.get(n, 0), "last_day": last.get(n)} for n, (_, site, *_) in enumerate(sources)), key=lambda s: s["site"]),
        "tables": counts, "files": [], "findings": [],
    }, indent=1))
    return {t: c["accepted"] for t, c in counts.items()}


def ingest(db, pipeline, out):
    out.mkdir(parents=True, exist_ok=True)
    last = min(LATEST, pipeline.data_cut if pipeline.data_cut is not None else LATEST)
    vocabulary(db)
    patients(db, pipeline.sources, pipeline)
    write(db, out, "patients", "FROM patient")
    for table in RULES:
        if table == "prescriptions":
            prescriptions(db, out, pipeline.sources, last)
        elif table == "infusions":
            infusions(db, out, pipeline.sources, last)
        else:
            rows, accepted = candidates(db, table, pipeline.sources, last)
            write(db, out, table, f"SELECT * FROM ({rows}) WHERE {accepted}")
    return manifest(db, out, pipeline.sources, pipeline)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("source", type=Path)
    options.add_argument("out", type=Path)
    options.add_argument("--pipeline", help="take sources, data cut and feeds from here instead of CSV_DIR")
    args = options.parse_args()
    start = time.perf_counter()
    counts = ingest(connect(), Pipeline.read(args.pipeline) if args.pipeline else Pipeline.of_folder(args.source), args.out)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps(counts))
    print(f"duckdb ingest {time.perf_counter() - start:.3f} s, cpu {used.ru_utime + used.ru_stime:.3f} s, peak {used.ru_maxrss / 1024} MB")


if __name__ == "__main__":
    main()
