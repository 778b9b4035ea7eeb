#!/usr/bin/env python3
"""Snapshot → analysis set → tally, in DuckDB SQL.

    derive_duckdb.py SNAPSHOT_DIR OUT.parquet [--pipeline FILE] [--tally OUT.csv]

Written from the definitions (measures.md, mme_method.md), not from src/derive:
it is the second implementation the first is held against, row for row. Not in it:
the direction of PGIC, which no pipeline here declares, and adverse events. One
pass a table, equi-joins with conditional aggregates, everything that a series
needs packed into integers so that one `max` or `bit_or` answers it.
"""
import argparse
import json
import math
import resource
import time
from pathlib import Path

from common import HORIZONS, Pipeline, connect, pack, quoted, values

# Pain scales in order of preference (the item first, then the instrument), then the other two.
ITEMS, PAIN = ["average", "", "worst", "least", "now"], ["pain_nrs", "pain_vas_mm"]
SCALES = [(p, i, f"{p}/{i}" if i else p) for i in ITEMS for p in PAIN]
# Questionnaires by scale code; PGIC has no score before treatment, and none at all unless the source says which end is best.
FORMS = ["phq9", "gad7", "pcl5", "bpi_severity", "bpi_interference", "pgic", "pcs", "pseq", "promis_pi"]
PHQ9 = 100
FORM_CODES = {name: PHQ9 + n for n, name in enumerate(FORMS)}
BEFORE = [name for name in FORMS if name != "pgic"]
LANDMARK = 14
THERAPIES = ["psychotherapy", "pain_reprogramming"]
COMORBIDITIES = ["depression", "anxiety", "ptsd"]
MME_DAYS = 30
# Dose windows from day 0, and the days on which a review of the medication list counts.
DOSES = {"b": (-MME_DAYS, -1)} | {i: (t - MME_DAYS + 1, t) for i, t, _, _ in HORIZONS if t - MME_DAYS + 1 >= -1}
REVIEWS = {"b": (-MME_DAYS, 0)} | {i: (t, l) for i, t, _, l in HORIZONS}
# A quarantined prescription may still be active this long after it began, where it does not say for how long it was.
LONGEST_SUPPLY = 90
PARENTERAL = "('iv', 'im', 'sc', 'sq', 'iv_im', 'im_iv', 'iv_push', 'ivp', 'iv_bolus', 'iv_drip', 'iv_infusion', 'ivpb', 'iv_pca', 'pca', 'injection', 'injected', 'injectable', 'parenteral', 'intravenous', 'intra_venous', 'intravenously', 'intramuscular', 'intra_muscular', 'subcutaneous', 'sub_cutaneous', 'subq', 'subcut', 'infusion', 'intrathecal', 'epidural')"
OUTPATIENT = "('oral', 'by_mouth', 'po', 'mouth', 'transdermal', 'patch', 'via_patch', 'topical', 'sublingual', 'under_the_tongue', 'sl', 'buccal', 'transmucosal', 'nasal', 'intranasal', 'inhaled', 'inhalation', 'rectal', 'pr', 'vaginal', 'ophthalmic', 'orally', 'per_os', 'oral_route', 'swallowed', 'enteral', 'nasogastric', 'ng_tube', 'g_tube', 'peg_tube', 'feeding_tube', 'transdermal_patch', 'dermal', 'skin', 'oromucosal')"
OUD_WORDS = "('oud', 'opioid_use_disorder', 'opioid_dependence', 'opioid_addiction')"
LAST_DAY = HORIZONS[-1][3]


def tables(db, folder, manifest, pipeline):
    """The snapshot's tables and the packs as views and small tables."""
    for path in Path(folder).glob("*.parquet"):
        # `file_row_number` is the order of the file.
        db.execute(f"CREATE VIEW {path.stem} AS FROM read_parquet('{path}', file_row_number = {str(path.stem == 'assessments').lower()})")
    # A quarantined infusion took place, whatever it was; on the day of a sound row it is that one.
    if db.execute("SELECT count(*) FROM infusions_withheld").fetchone()[0]:
        db.execute("""CREATE TABLE infusions_all AS SELECT patient_key, day, dose_mg_per_kg, duration_min FROM infusions
            UNION ALL SELECT DISTINCT patient_key, day, NULL, NULL FROM infusions_withheld ANTI JOIN infusions USING (patient_key, day) ORDER BY patient_key, day""")
        db.execute("CREATE OR REPLACE VIEW infusions AS FROM infusions_all")
    factors = pack("mme-cdc-2022")["factor"]
    thousandths = lambda text: round(float(text) * 10_000)
    drug = lambda d: (d["code"], d["class"], thousandths(factors[d["code"]]["factor"]) if d["code"] in factors else None, int(d.get("patch", False)))
    db.execute(f"CREATE TABLE drug (code VARCHAR, class VARCHAR, factor BIGINT, patch INT); INSERT INTO drug {values(map(drug, pack('drugs')['drug']))}")
    condition = lambda n, c: (c["code"], n, int(c.get("specific", True)), int(c.get("opioid_outcomes", True)))
    conditions = [condition(n, c) for n, c in enumerate(pack("conditions")["condition"])]
    assert len(conditions) < 63, "conditions are a bit mask"
    db.execute(f"CREATE TABLE condition_pack (code VARCHAR, position INT, specific INT, in_scope INT); INSERT INTO condition_pack {values(conditions)}")
    feeds = [(n, int(s["medications"] == "complete")) for n, s in enumerate(manifest["sources"])]
    db.execute(f"CREATE TABLE feed (source_id INT, complete INT); INSERT INTO feed {values(feeds)}")
    dated = manifest["calendar"] == "dated"
    cut = lambda s: pipeline.data_cut if dated and pipeline.data_cut is not None else s["last_day"]
    db.execute(f"CREATE TABLE cut (site VARCHAR, day INT); INSERT INTO cut {values([(s['site'], cut(s)) for s in manifest['sites']])}")


def series_sql(p):
    """Runs of infusions without a gap longer than induction allows → series.

    The file is sorted by patient and day, so windows over the whole file in
    its own order, which DuckDB streams, do what a sort per patient would.
    """
    return f"""
    WITH gaps AS (
        SELECT patient_key, day, dose_mg_per_kg AS dose, duration_min AS minutes, patient_key IS DISTINCT FROM lag(patient_key) OVER () AS new_patient, day - lag(day) OVER () AS gap FROM infusions),
    starts AS (
        SELECT *, new_patient OR gap > {p.series_gap} AS new_series, new_patient OR gap > {min(p.series_gap, p.induction_gap)} AS new_run FROM gaps),
    numbered AS (
        SELECT *, count(*) FILTER (new_series) OVER sofar AS sid, count(*) FILTER (new_run) OVER sofar AS run FROM starts WINDOW sofar AS (ROWS UNBOUNDED PRECEDING)),
    placed AS (
        SELECT *, max(sid) FILTER (new_patient) OVER sofar AS first_sid, run = max(run) FILTER (new_series) OVER sofar AS induction
        FROM numbered WINDOW sofar AS (ROWS UNBOUNDED PRECEDING))
    SELECT sid, any_value(patient_key) AS patient_key, (sid - any_value(first_sid) + 1)::INT AS series, min(day) AS index_day,
        max(day) FILTER (induction) AS induction_end, count(*)::INT AS infusions, count_if(induction)::INT AS induction_infusions,
        CASE WHEN count(dose) = count(*) THEN sum(dose) END AS mg_per_kg,
        CASE WHEN count(dose) FILTER (induction) = count_if(induction) THEN (sum(round(dose * 1000)::BIGINT) FILTER (induction) // count_if(induction))::INT END AS induction_dose,
        CASE WHEN count(minutes) FILTER (induction) = count_if(induction) THEN (sum(round(minutes * 1000)::BIGINT) FILTER (induction) // (count_if(induction) * 100))::INT END AS induction_minutes
    FROM placed GROUP BY sid"""


def scores_sql():
    """Every score a measure may use, by scale. `row` is the place in the file, so it grows with the day."""
    instrument = " ".join(f"WHEN '{name}' THEN {n}" for n, name in [*enumerate(PAIN), *((code, name) for name, code in FORM_CODES.items())])
    item = " ".join(f"WHEN '{name}' THEN {n * len(PAIN)}" for n, name in enumerate(ITEMS))
    return f"""
    SELECT patient_key, day, file_row_number AS row, score_x10 AS score, CASE instrument {instrument} END AS which,
        CASE WHEN which >= {PHQ9} THEN CASE WHEN coalesce(item, '') IN ('', 'total', 'mean') THEN which END ELSE which + CASE coalesce(item, '') {item} END END AS scale
    FROM assessments WHERE scale IS NOT NULL"""


def before_sql(p):
    """The last score before day 0; only without one the first of day 0. `row` grows with the day."""
    return f"""
    WITH by_scale AS (
        SELECT sid, scale, max((row << 10) | score) FILTER (day < index_day) AS earlier, min((row << 10) | score) FILTER (day = index_day) AS same_day
        FROM scores JOIN series USING (patient_key) WHERE day BETWEEN index_day - {p.baseline_days} AND index_day GROUP BY sid, scale),
    chosen AS (SELECT sid, scale, coalesce(earlier, same_day) & 1023 AS score, earlier IS NULL AS same_day FROM by_scale)
    SELECT sid, min(scale) FILTER (scale < {PHQ9}) AS pain_scale,
        arg_min(score, scale) FILTER (scale < {PHQ9}) AS pain, arg_min(same_day, scale) FILTER (scale < {PHQ9}) AS same_day,
        {', '.join(f'max(score) FILTER (scale = {FORM_CODES[name]}) AS {name}' for name in BEFORE)}
    FROM chosen GROUP BY sid"""


def after_sql():
    """Per horizon: the score closest to the target (of equally close the later, of one day the last recorded) and the last so far.

    A score of an infusion day never counts, nor up to the end of induction at two weeks.
    """
    edges = [0] + [last for *_, last in HORIZONS]
    closest, latest, pain, other, carried = [], [], [], [], []
    for n, (h, target, first, last) in enumerate(HORIZONS):
        on_treatment = "AND day > induction_end" if h == "2w" else ""
        rank = f"((abs(offset_day - {target}) * 2 + (offset_day < {target})::BIGINT) << 44) | ((8589934591 - row) << 10) | score"
        closest.append(f"min({rank}) FILTER (offset_day BETWEEN {first} AND {last} {on_treatment}) AS at_{h}")
        latest.append(f"max((row << 10) | score) FILTER (offset_day BETWEEN {edges[n] + 1} AND {last}) AS until_{h}")
        pain.append(f"max(at_{h} & 1023) FILTER (scale = pain_scale) AS pain_{h}")
        other += [f"max(at_{h} & 1023) FILTER (scale = {code}) AS {name}_{h}" for name, code in FORM_CODES.items() if name != "pgic"]
        so_far = f"greatest({', '.join(f'until_{i}' for i, *_ in HORIZONS[:n + 1])}) & 1023"
        carried.append(f"max({so_far}) FILTER (scale = pain_scale) AS last_pain_{h}")
        carried += [f"max({so_far}) FILTER (scale = {FORM_CODES[name]}) AS last_{name}_{h}" for name in BEFORE]
    return f"""
    WITH outcomes AS (SELECT * FROM scores ANTI JOIN infusions USING (patient_key, day)),
    by_scale AS (
        SELECT sid, scale, {', '.join(closest + latest)}
        FROM (SELECT *, day - index_day AS offset_day FROM outcomes JOIN series USING (patient_key))
        WHERE offset_day BETWEEN 1 AND {LAST_DAY} GROUP BY sid, scale)
    SELECT sid, {', '.join(pain + carried + other)}
    FROM by_scale LEFT JOIN before USING (sid) GROUP BY sid"""


def relief_sql():
    """From the first score at least 30 % below the baseline to the first later one that is not; the last recorded of a day, none of an infusion day."""
    return f"""
    WITH bounds AS (SELECT sid, patient_key, index_day, induction_end, lead(index_day) OVER (PARTITION BY patient_key ORDER BY sid) AS next_index FROM series),
    daily AS (
        SELECT sid, day, 10 * (any_value(pain) - arg_max(score, row)) >= 3 * any_value(pain) AND any_value(pain) > 0 AS better
        FROM (SELECT * FROM scores ANTI JOIN infusions USING (patient_key, day)) JOIN bounds USING (patient_key) JOIN before USING (sid)
        WHERE scale = pain_scale AND day > induction_end AND (next_index IS NULL OR day < next_index) GROUP BY sid, day),
    started AS (SELECT sid, min(day) AS start FROM daily WHERE better GROUP BY sid),
    ended AS (SELECT sid, start, min(day) FILTER (NOT better) AS loss, max(day) AS last FROM daily JOIN started USING (sid) WHERE day >= start GROUP BY sid, start),
    seen AS (SELECT sid, start, loss, coalesce(loss, last) AS stop, max(day) AS still FROM ended JOIN daily USING (sid) WHERE better AND day >= start AND (loss IS NULL OR day < loss) GROUP BY sid, start, loss, last)
    SELECT sid, start - index_day AS relief_begins, stop - start AS relief_days, loss IS NOT NULL AS relief_lost, still - start AS relief_least_days,
        (SELECT min(day) FROM infusions WHERE infusions.patient_key = bounds.patient_key AND day > start) - start AS retreated_days
    FROM seen JOIN bounds USING (sid)"""


def adjuncts_sql():
    """Sessions up to the landmark; boosters before each window opens."""
    kinds = ", ".join(f"coalesce(bool_or(kind = '{kind}'), false) AS {kind}" for kind in THERAPIES)
    boosters = ", ".join(f"count_if(day > induction_end AND day < index_day + {first})::INT AS boosters_{h}" for h, _, first, _ in HORIZONS)
    return f"""
    WITH bounds AS (SELECT *, lead(index_day) OVER (PARTITION BY patient_key ORDER BY sid) AS next_index FROM series),
    sessions AS (SELECT sid, {kinds} FROM series JOIN therapy_sessions USING (patient_key) WHERE day BETWEEN index_day AND index_day + {LANDMARK} GROUP BY sid),
    given AS (SELECT sid, {boosters} FROM bounds JOIN infusions USING (patient_key) WHERE day >= index_day AND (next_index IS NULL OR day < next_index) GROUP BY sid)
    SELECT * FROM given LEFT JOIN sessions USING (sid)"""


def even(db):
    """A number every days' supply in use divides, so that daily doses are whole numbers of 10^-10 / even MME."""
    days = [d for d, in db.execute("SELECT DISTINCT days_supply FROM prescriptions SEMI JOIN drug ON drug = code AND factor IS NOT NULL").fetchall()]
    common = math.lcm(1, *days)
    assert common < 10**18, "days' supplies without a common denominator that 128 bits can hold"
    return common, "BIGINT" if common <= 500 else "HUGEINT"


def medication_sql(common, whole):
    """What each prescription means, and its daily dose. A patch counts by how many are worn at once, 72 hours each."""
    return f"""
    WITH known AS (
        SELECT patient_key, start_day AS first, start_day + days_supply - 1 AS last, days_supply AS days, factor, patch,
            round(strength * 1000)::{whole} AS strength, round(quantity * 1000)::{whole} AS quantity,
            CASE WHEN class IN ('opioid', 'buprenorphine') AND (lower(indication) IN {OUD_WORDS} OR starts_with(lower(indication), 'f11')) THEN 'oud'
                WHEN class = 'parenteral_opioid' OR route IN {PARENTERAL} THEN
                    CASE WHEN days_supply <= 1 THEN NULL WHEN class = 'buprenorphine' THEN class WHEN class IN ('opioid', 'parenteral_opioid') THEN 'unconvertible' END
                WHEN class = 'opioid' AND (factor IS NULL OR route NOT IN {OUTPATIENT}) THEN 'unconvertible'
                WHEN class IN ('opioid', 'buprenorphine', 'benzodiazepine') THEN class END AS kind
        FROM prescriptions JOIN drug ON drug = code WHERE kind IS NOT NULL)
    SELECT patient_key, first, last, kind, CASE WHEN kind <> 'opioid' THEN 0
        WHEN patch = 1 THEN strength * greatest(1, (6 * quantity + days * 1000 - 1) // (2 * days * 1000)) * 1000 * factor * {common}
        ELSE strength * quantity * factor * ({common} // days) END AS daily
    FROM known"""


BENZODIAZEPINE_BITS, OPIOID_BITS, BUPRENORPHINE, UNCONVERTIBLE, OUD = 0, 30, 1 << 60, 1 << 61, 1 << 62
WINDOW_BITS = (1 << MME_DAYS) - 1


def doses_sql():
    """Per dose window: MME-days, and one bit a day for benzodiazepines and for opioids."""
    days, sums = [], []
    for w, (first, last) in DOSES.items():
        days.append(f"greatest(0, least(last - index_day, {last}) - greatest(first - index_day, {first}) + 1) AS days_{w}")
        days.append(f"((1::BIGINT << days_{w}) - 1) << greatest(0, first - index_day - ({first})) % 64 AS mask_{w}")
        bits = f"""CASE kind WHEN 'opioid' THEN mask_{w} << {OPIOID_BITS} WHEN 'benzodiazepine' THEN mask_{w}
            WHEN 'buprenorphine' THEN (mask_{w} << {OPIOID_BITS}) | {BUPRENORPHINE} WHEN 'unconvertible' THEN (mask_{w} << {OPIOID_BITS}) | {UNCONVERTIBLE} WHEN 'oud' THEN {OUD} ELSE 0 END"""
        sums.append(f"sum(daily * days_{w}) AS total_{w}, bit_or({bits}) FILTER (days_{w} > 0) AS bits_{w}")
    for h, target, *_ in HORIZONS:
        days.append(f"last >= index_day AND first <= index_day + {target} AS since_{h}")
        sums.append(f"bool_or(kind = 'buprenorphine' AND since_{h}) AS buprenorphine_{h}")
    return f"""
    WITH near AS (
        SELECT sid, kind, daily, {', '.join(days)} FROM medication JOIN series USING (patient_key)
        WHERE last >= index_day - {MME_DAYS} AND first <= index_day + {HORIZONS[-1][1]})
    SELECT sid, {', '.join(sums)}, bit_or(mask_b) FILTER (kind = 'opioid') AS covered, bool_or(kind = 'oud' AND days_b > 0) AS oud
    FROM near GROUP BY sid"""


def reviews_sql():
    held = [f"bool_or(day - index_day BETWEEN {a} AND {b}) AS reviewed_{w}" for w, (a, b) in REVIEWS.items()]
    return f"SELECT sid, {', '.join(held)} FROM medication_reviews JOIN series USING (patient_key) WHERE complete GROUP BY sid"


def withheld_sql():
    near = [f"bool_or(start_day IS NULL OR start_day - index_day <= {b} AND start_day + coalesce(days_supply - 1, {LONGEST_SUPPLY}) - index_day >= {a}) AS withheld_{w}" for w, (a, b) in DOSES.items()]
    return f"SELECT sid, {', '.join(near)} FROM prescriptions_withheld JOIN series USING (patient_key) GROUP BY sid"


def conditions_sql():
    """Specific before unspecific, then the lowest rank, then pack order."""
    code = "upper(replace(coalesce(source_code, ''), '.', ''))"
    within = lambda prefixes: " OR ".join(f"starts_with({code}, '{prefix}')" for prefix in prefixes) or "false"
    diagnosed = [f"bool_or(({within(c['icd10cm'])}) AND NOT ({within(c.get('except', []))})) AS {c['code']}" for c in pack("comorbidities")["comorbidity"]]
    return f"""
    SELECT patient_key, bit_or(1::BIGINT << position) AS condition_mask, bool_and(in_scope = 1) AS in_scope,
        min(((1 - specific)::BIGINT << 40) | (coalesce(rank, 2147483647)::BIGINT << 8) | position) & 255 AS primary_position,
        bool_or(upper(replace(source_code, '.', '')) = 'Z79891') AS long_term, {', '.join(diagnosed)}
    FROM diagnoses JOIN condition_pack ON condition = code GROUP BY patient_key"""


def state(w):
    return f"""CASE WHEN bits_{w} & {BUPRENORPHINE} <> 0 THEN 'buprenorphine' WHEN bits_{w} & {OUD} <> 0 THEN 'oud_treatment' WHEN bits_{w} & {UNCONVERTIBLE} <> 0 THEN 'unconvertible'
        WHEN withheld_{w} THEN 'withheld' WHEN complete = 1 OR reviewed_{w} THEN 'known' ELSE 'not_reviewed' END"""


def wide_sql(manifest, pipeline, common, whole):
    """One row a series, every horizon's facts beside each other."""
    thousandth = 10**10 * common * MME_DAYS // 1000
    dated = manifest["calendar"] == "dated"
    # With study days only the site can say when day 0 was, and it said so for the first series.
    period = "strftime(DATE '1970-01-01' + index_day, '%Y-%m')" if dated else "CASE WHEN index_day = 0 THEN index_period END"
    reached = "cut_day"
    if not dated:
        first = """CASE WHEN length(index_period) = 4 THEN strptime(index_period || '-01', '%Y-%m')
            WHEN index_period[5] = 'Q' THEN strptime(index_period[:4] || '-' || (index_period[6]::INT * 3 - 2), '%Y-%m') ELSE strptime(index_period, '%Y-%m') END"""
        length = "CASE WHEN length(index_period) = 4 THEN INTERVAL 1 YEAR WHEN index_period[5] = 'Q' THEN INTERVAL 3 MONTH ELSE INTERVAL 1 MONTH END"
        end = f"(({first} + {length})::DATE - DATE '1970-01-02')::INT"
        reached = f"CASE WHEN index_day = 0 AND index_period IS NOT NULL THEN {pipeline.data_cut} - {end} ELSE -1000000 END"
    facts = []
    for w in DOSES:
        total = f"coalesce(total_{w}, 0)::{whole}"
        known = f"CASE WHEN state_{w} = 'known' THEN {total} END"
        facts.append(f"{state(w)} AS state_{w}, {known} AS known_{w}")
        facts.append(f"CASE WHEN known_{w} > 0 THEN greatest(1, known_{w} // {thousandth}::{whole}) ELSE known_{w} END::BIGINT AS mme_{w}")
        facts.append(f"coalesce(bits_{w} & (bits_{w} >> {OPIOID_BITS}) & {WINDOW_BITS} <> 0, false) AS benzodiazepine_{w}")
        if w != "b":
            facts.append(f"CASE WHEN known_b > 0 THEN (known_b - known_{w})::HUGEINT * 10000 // known_b END::BIGINT AS reduction_{w}")
    # Sorted while the facts are still numbers; what follows keeps the order.
    return f"""
    SELECT *, {period} AS period, {reached} - index_day AS observed_days, {', '.join(facts)},
        coalesce(known_b > 0 AND (bit_count(covered) >= 14 OR long_term), false) AS opioid_user,
        coalesce(in_scope, true) AND NOT coalesce(oud, false) AS opioid_in_scope
    FROM (
        SELECT * EXCLUDE (position, specific, primary_condition.in_scope), cut.day AS cut_day
        FROM series JOIN patients USING (patient_key) JOIN cut USING (site)
            JOIN (SELECT sources, max(complete) AS complete FROM (SELECT DISTINCT sources, unnest(string_split(sources, ' '))::INT AS source_id FROM patients)
                JOIN feed USING (source_id) GROUP BY sources) USING (sources)
            LEFT JOIN before USING (sid) LEFT JOIN after USING (sid) LEFT JOIN relief USING (sid) LEFT JOIN adjuncts USING (sid) LEFT JOIN doses USING (sid) LEFT JOIN reviews USING (sid)
            LEFT JOIN withheld USING (sid) LEFT JOIN conditions USING (patient_key) LEFT JOIN condition_words USING (condition_mask)
            LEFT JOIN condition_pack AS primary_condition ON primary_position = position
        ORDER BY sid)"""


def rows_sql(wide):
    """One row a series and horizon, in the columns and order of the analysis set."""
    at = lambda name, kind: "CASE h " + " ".join(f"WHEN {n} THEN {name}_{h}" for n, (h, *_) in enumerate(HORIZONS)) + f" END::{kind}"
    dose = lambda name, kind: "CASE h " + " ".join(f"WHEN {n} THEN {name}_{h}" for n, (h, *_) in enumerate(HORIZONS) if h in DOSES) + f" END::{kind}"
    fixed = lambda column: "CASE h " + " ".join(f"WHEN {n} THEN {value}" for n, value in enumerate(column)) + " END"
    return f"""
    SELECT patient_key, site, coalesce(sex, 'U') AS sex, series, series = 1 AS first_series, index_day, period AS index_period,
        coalesce(code, 'other') AS condition, coalesce(joined, '') AS conditions,
        infusions, induction_infusions, infusions - induction_infusions AS boosters, mg_per_kg,
        CASE pain_scale {' '.join(f"WHEN {n} THEN '{name}'" for n, (*_, name) in enumerate(SCALES))} END AS baseline_pain_scale,
        pain::INT AS baseline_pain_x10, same_day AS baseline_same_day, {', '.join(f'{name}::INT AS baseline_{name}_x10' for name in BEFORE)},
        {', '.join(f'coalesce({c}, false) AS {c}_diagnosed' for c in COMORBIDITIES)}, induction_dose AS induction_dose_x1000, induction_minutes AS induction_minutes_x10,
        {', '.join(f'coalesce({kind}, false) AS {kind}_by_day_14' for kind in THERAPIES)},
        relief_begins, relief_days, relief_lost, relief_least_days, retreated_days,
        opioid_in_scope, opioid_user, state_b AS opioid_baseline, mme_b AS mme_baseline_x1000, benzodiazepine_b AS benzodiazepine_baseline,
        {fixed(quoted([h]) for h, *_ in HORIZONS)} AS horizon, observed_days >= {fixed(last for *_, last in HORIZONS)} AS due,
        {at('pain', 'INT')} AS follow_up_pain_x10, {at('last_pain', 'INT')} AS last_pain_x10,
        {', '.join(f"{'NULL::INT' if name == 'pgic' else at(name, 'INT')} AS follow_up_{name}_x10" for name in FORMS)},
        {', '.join(f"{at(f'last_{name}', 'INT')} AS last_{name}_x10" for name in BEFORE)}, {at('boosters', 'INT')} AS boosters_before,
        {dose('state', 'VARCHAR')} AS opioid_follow_up, {dose('mme', 'BIGINT')} AS mme_follow_up_x1000, {dose('reduction', 'BIGINT')} AS mme_reduction_x100,
        coalesce(opioid_follow_up = 'buprenorphine', false) AS buprenorphine_follow_up,
        coalesce({at('buprenorphine', 'BOOLEAN')}, false) AS buprenorphine_since_start, coalesce(complete = 1 OR {at('reviewed', 'BOOLEAN')}, false) AS medications_reviewed,
        coalesce({dose('benzodiazepine', 'BOOLEAN')}, false) AS benzodiazepine_follow_up
    FROM (SELECT *, unnest([{', '.join(map(str, range(len(HORIZONS))))}]) AS h FROM ({wide}))"""


def derive(db, folder, out, pipeline):
    manifest = json.loads((Path(folder) / "manifest.json").read_text())
    tables(db, folder, manifest, pipeline)
    make = lambda name, sql: db.execute(f"CREATE TEMP TABLE {name} AS {sql}")
    common, whole = even(db)
    make("series", series_sql(pipeline))
    make("scores", scores_sql())
    make("before", before_sql(pipeline))
    make("after", after_sql())
    make("relief", relief_sql())
    make("adjuncts", adjuncts_sql())
    db.execute("DROP TABLE scores")
    db.execute(f"CREATE VIEW medication AS {medication_sql(common, whole)}")
    make("doses", doses_sql())
    make("reviews", reviews_sql())
    make("withheld", withheld_sql())
    make("conditions", conditions_sql())
    make("condition_words", """SELECT condition_mask, string_agg(code, ';' ORDER BY position) AS joined
        FROM (SELECT DISTINCT condition_mask FROM conditions) JOIN condition_pack ON (condition_mask >> position) & 1 = 1 GROUP BY condition_mask""")
    db.execute(f"COPY ({rows_sql(wide_sql(manifest, pipeline, common, whole))}) TO '{out}' (FORMAT parquet, COMPRESSION uncompressed)")


CELL = "cell_period, cell_site, cell_condition, horizon"


def cells():
    """The analysis set by cell: the finest, and two over all sites and by quarter: by every condition a patient has, and by the strata of the follow-up weights.

    A patient with two conditions is in two cells.
    """
    every = "unnest(CASE WHEN conditions = '' THEN [condition] ELSE string_split(conditions, ';') END)"
    packed = pack("conditions")["condition"]
    first = {}
    group = " ".join(f"WHEN '{c['code']}' THEN '{first.setdefault(c['group'], c['code'])}'" for c in packed)
    covariates = [f"coalesce({sql}, -1)" for sql in pack("measures")["follow_up_weights"]["covariates"]]
    stratum = f"concat_ws('|', {', '.join(covariates)}, CASE condition {group} END)"
    quarter = quarter_of("index_period")
    places = [("index_period", "site", "condition"), (quarter, "'any condition'", every), (quarter, "'stratum'", stratum)]
    return [f"(SELECT *, {period} AS cell_period, {site} AS cell_site, {condition} AS cell_condition FROM analysis)" for period, site, condition in places]


def quarter_of(period):
    return f"CASE WHEN {period}[5] = '-' THEN {period}[:4] || 'Q' || (({period}[6:]::INT + 2) // 3) ELSE {period} END"


def rolled_up(table, names, keys=""):
    """Sums of the finest cells: by quarter, site and condition, and by period and site."""
    sums = ", ".join(f'sum("{name}")::BIGINT AS "{name}"' for name in names)
    places = [(quarter_of("cell_period"), "cell_site", "cell_condition"), ("cell_period", "'period'", "cell_site")]
    return [f"SELECT {period} AS cell_period, {site} AS cell_site, {condition} AS cell_condition, horizon, {keys} {sums} FROM {table} GROUP BY ALL" for period, site, condition in places]


def tally(db, rows, pipeline):
    """Counts per measure and cell (`counts`) and the pairs of scores (`pairs`). A condition that is unknown does not hold.

    `carried`: of those without an outcome, who has it by the last score, or their scores before and last.
    """
    db.execute(f"CREATE VIEW analysis AS FROM read_parquet('{rows}')")
    holds = lambda sql: f"coalesce({sql}, false)"
    counts, scores = [], []
    for m in (m for name in pipeline.measures for m in pack(name)["measure"]):
        eligible = holds(m["eligible"])
        observed = f"{eligible} AND {holds(m['observed'])}"
        if "outcome" in m:
            counts.append((f"{m['id']}|outcome", f"{observed} AND {holds(m['outcome'])}"))
            if "last" in m:
                counts.append((f"{m['id']}|carried", f"{eligible} AND NOT ({observed}) AND {holds(m['last'])}"))
        else:
            before, after = f"({m['baseline']})", f"({m['follow_up']})"
            observed += f" AND {before} IS NOT NULL AND {after} IS NOT NULL"
            last = f"({m.get('last', m['baseline'])})"
            carried = f"{eligible} AND NOT ({observed}) AND {before} IS NOT NULL AND {last} IS NOT NULL"
            scores += [(m["id"], "pair", before, after, observed), (m["id"], "carried", before, last, carried)]
        counts += [(f"{m['id']}|eligible", eligible), (f"{m['id']}|observed", observed)]
    columns = ", ".join(f'count_if({sql}) AS "{name}"' for name, sql in counts)
    finest, *others = cells()
    count = lambda by: f"SELECT {CELL}, {columns} FROM {by} GROUP BY {CELL}"
    db.execute(f"CREATE TEMP TABLE finest_counts AS {count(finest)}")
    db.execute("CREATE TEMP TABLE counts AS " + " UNION ALL ".join(rolled_up("finest_counts", [name for name, _ in counts]) + [count(by) for by in others]))
    # Two changes of one score are asked once.
    asked = {}
    for measure, what, *of in scores:
        asked.setdefault((what, *of), []).append(measure)
    pair = lambda what, before, after, among, by: f"SELECT {CELL}, '{what}' AS what, {quoted([' '.join(asked[what, before, after, among])])} AS measures, {before} AS before, {after} AS after, count(*) AS n FROM {by} WHERE {among} GROUP BY ALL"
    db.execute("CREATE TEMP TABLE finest_pairs AS " + " UNION ALL ".join(pair(*of, finest) for of in asked))
    db.execute("CREATE TEMP TABLE pairs AS " + " UNION ALL ".join(rolled_up("finest_pairs", ["n"], "what, measures, before, after,") + [pair(*of, by) for of in asked for by in others]))


def write_tally(db, out):
    """The tally as one long table of counts above 0."""
    db.execute(f"""COPY (
        SELECT measure, cell_period AS index_period, cell_site AS site, cell_condition AS condition, horizon, what, n FROM (
            SELECT {CELL}, split_part(name, '|', 1) AS measure, split_part(name, '|', 2) AS what, n
                FROM (UNPIVOT counts ON COLUMNS(* EXCLUDE ({CELL})) INTO NAME name VALUE n)
            UNION ALL SELECT {CELL}, unnest(string_split(measures, ' ')), concat(what, ':', before, ':', after), n FROM pairs)
        WHERE n > 0 ORDER BY ALL) TO '{out}' (HEADER)""")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("snapshot")
    options.add_argument("out")
    options.add_argument("--pipeline")
    options.add_argument("--tally")
    args = options.parse_args()
    start = time.perf_counter()
    db = connect()
    pipeline = Pipeline.read(args.pipeline) if args.pipeline else Pipeline()
    derive(db, args.snapshot, args.out, pipeline)
    derived = time.perf_counter()
    tally(db, args.out, pipeline)
    tallied = time.perf_counter()
    if args.tally:
        write_tally(db, args.tally)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"duckdb derive {derived - start:.3f} s, tally {tallied - derived:.3f} s, cpu {used.ru_utime + used.ru_stime:.3f} s, peak {used.ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
