"""Reads report folders with other people's programs.

    python check.py REPORT_DIR...

The snippets of README.md run and hold; the data package is valid and says the truth about its files; CSV and
Parquet are one table; the PDF is tagged, ordered like the page and has no number the page has not; the first page and the glossary
are plain English. Counts passed, failed and left out; what is left out says why.
"""

import html
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pypdf
import textstat
from frictionless import Package

# US school grade of the first page and the glossary: health writing for the public aims at 8 or below.
HIGHEST_GRADE = 8

failures, left_out, passed = [], [], 0


def expect(what, holds, found=""):
    global passed
    if holds:
        passed += 1
    else:
        failures.append(f"{what}: {found}" if found != "" else what)


class Page(HTMLParser):
    """Headings and text of a page, and the sentences of its first screen, without what a PDF leaves out."""

    SKIPPED = {"script", "style", "nav", "svg"}
    # Elements that end a line of text.
    BLOCKS = {"p", "li", "h1", "h2", "h3", "td", "th", "dt", "dd", "tr", "caption", "div"}

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.text, self.figures = [], [], "", 0
        self.prose, self.paragraph = [], None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag in {"meta", "br"}:
            return
        if tag == "svg" and attributes.get("role") == "img" and not any(entry[1] == "narrow" for entry in self.open):
            self.figures += 1
        self.open.append((tag, attributes.get("class", ""), attributes.get("id", "")))
        if tag in self.BLOCKS:
            self.text += "\n"
        if tag in {"p", "li", "dd"} and any(entry[2] in {"answers", "cautions", "glossary"} for entry in self.open):
            self.paragraph = ""
        if tag in {"h1", "h2"}:
            self.headings.append("")

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass
        if tag in {"p", "li", "dd"} and self.paragraph is not None:
            self.prose.append(self.paragraph)
            self.paragraph = None

    def handle_data(self, data):
        if any(entry[0] in self.SKIPPED for entry in self.open):
            return
        self.text += data
        if self.open and self.open[-1][0] in {"h1", "h2"}:
            self.headings[-1] += data
        if self.paragraph is not None:
            self.paragraph += data


def plain(text):
    """One kind of space, one of minus."""
    return re.sub(r"\s+", " ", text.replace("\u2212", "-").replace("\u00a0", " ")).strip()


def numbers(text):
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def snippets(folder):
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for language, program in [("python", [sys.executable]), ("r", ["Rscript"])]:
        found = re.findall(rf"```{language}\n(.*?)```", readme, re.S)
        expect(f"{folder}: README.md has {language}", bool(found))
        if shutil.which(program[0]) is None:
            left_out.extend(f"{folder}: {language} snippet {at + 1}: {program[0]} is not installed" for at in range(len(found)))
            continue
        for at, snippet in enumerate(found):
            # pandas and Polars print tables here, not plots; nothing is written.
            ran = subprocess.run([*program, "-" if language == "r" else "-c", *([] if language == "r" else [snippet])],
                                 input=snippet if language == "r" else None, cwd=folder, capture_output=True, text=True)
            expect(f"{folder}: {language} snippet {at + 1}", ran.returncode == 0 and ran.stdout.strip(), ran.stderr[-600:])


def tables(folder):
    package = Package(str(folder / "datapackage.json"))
    for resource in package.resources:
        if not resource.path.endswith(".csv"):
            continue
        report = resource.validate(limit_errors=5)
        errors = [error.note for task in report.tasks for error in task.errors]
        expect(f"{folder}: {resource.name} follows its schema, size and digest", report.valid, errors[:3])
    parquet = pl.read_parquet(folder / "results.parquet")
    csv = pl.read_csv(folder / "results.csv", schema=parquet.schema)
    expect(f"{folder}: CSV and Parquet are one table", csv.equals(parquet))
    hidden = parquet.filter(pl.col("suppression").is_in(["primary", "complementary"]))
    shown = hidden.select(["value", "numerator", "ci_low", "ci_high"]).null_count().row(0)
    expect(f"{folder}: a hidden row has no number", all(count == hidden.height for count in shown), shown)
    crate = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    parts = [entity["@id"] for entity in crate["@graph"] if entity["@type"] == "File"]
    expect(f"{folder}: the crate's files exist", all((folder / part).is_file() for part in parts))


def document(folder, page):
    reader = pypdf.PdfReader(folder / "report.pdf")
    root = reader.trailer["/Root"]
    expect(f"{folder}: the PDF is tagged", bool(root["/MarkInfo"]["/Marked"]) and "/StructTreeRoot" in root)
    expect(f"{folder}: the PDF has a language", str(root.get("/Lang", "")).startswith("en"), root.get("/Lang"))
    expect(f"{folder}: the PDF has a title and shows it", bool(reader.metadata.title) and bool(root["/ViewerPreferences"]["/DisplayDocTitle"]))
    expect(f"{folder}: the PDF says it is PDF/UA-1", "<pdfuaid:part>1" in root["/Metadata"].get_data().decode("utf-8", "replace"))
    kinds = structure(root["/StructTreeRoot"])
    expect(f"{folder}: every figure of the PDF has an alternative", kinds["figures"] == page.figures and kinds["silent"] == 0, kinds)
    expect(f"{folder}: the PDF's tables have headers", kinds["tables"] > 3 and kinds["headers"] > kinds["tables"], kinds)
    expect(f"{folder}: every row of the PDF's tables is headed by its first cell", kinds["row_headers"] > 0 and kinds["row_headers"] == kinds["rows"] - kinds["tables"], kinds)
    expect(f"{folder}: fonts of the PDF are embedded", embedded(reader))
    marks = [plain(mark.title) for mark in reader.outline if not isinstance(mark, list)]
    wanted = [plain(heading) for heading in page.headings[1:]]
    expect(f"{folder}: bookmarks are the page's sections, in order", marks == wanted, (marks, wanted))
    text = "\n".join(sheet.extract_text() for sheet in reader.pages)
    places = [plain(text).find(heading) for heading in wanted]
    expect(f"{folder}: the PDF reads in the page's order", -1 not in places and places == sorted(places), places)
    body = re.sub(r"Page \d+ of \d+", "", plain(text))
    known = numbers(plain(page.text)) | drawn(folder)
    expect(f"{folder}: every number of the PDF is on the page", not numbers(body) - known, sorted(numbers(body) - known)[:10])


def drawn(folder):
    """Numbers written in the charts, which the page holds as well."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    return set().union(*(numbers(plain(html.unescape(label))) for label in re.findall(r"<text [^>]*>([^<]*)</text>", text)))


def structure(root):
    kinds = {"figures": 0, "silent": 0, "tables": 0, "headers": 0, "rows": 0, "row_headers": 0}
    open_, seen = [root], set()
    while open_:
        node = open_.pop()
        if isinstance(node, pypdf.generic.IndirectObject):
            if node.idnum in seen:
                continue
            seen.add(node.idnum)
            node = node.get_object()
        if isinstance(node, pypdf.generic.ArrayObject):
            open_.extend(node)
        elif isinstance(node, pypdf.generic.DictionaryObject):
            kind = node.get("/S")
            kinds["figures"] += kind == "/Figure"
            kinds["silent"] += kind == "/Figure" and not str(node.get("/Alt", "")).strip()
            kinds["tables"] += kind == "/Table"
            kinds["headers"] += kind == "/TH"
            kinds["rows"] += kind == "/TR"
            kinds["row_headers"] += kind == "/TH" and "/Row" in scopes(node)
            if "/K" in node:
                open_.append(node.raw_get("/K"))
    return kinds


def scopes(cell):
    attributes = cell.get("/A", [])
    attributes = attributes if isinstance(attributes, pypdf.generic.ArrayObject) else [attributes]
    return [one.get_object().get("/Scope") for one in attributes if isinstance(one.get_object(), pypdf.generic.DictionaryObject)]


def embedded(reader):
    fonts = [font.get_object() for sheet in reader.pages for font in sheet["/Resources"].get("/Font", {}).values()]
    inner = [part.get_object() for font in fonts for part in font.get("/DescendantFonts", [font])]
    descriptors = [font["/FontDescriptor"] for font in inner]
    return bool(descriptors) and all({"/FontFile", "/FontFile2", "/FontFile3"} & set(one) for one in descriptors)


def grade(folder, page):
    prose = " ".join(text if text.endswith((".", "?")) else text + "." for text in map(plain, page.prose) if len(text.split()) > 4)
    # A decimal point ends no sentence, and a sign is read as its word.
    prose = re.sub(r"(\d)[.,](?=\d)", r"\1", prose).replace("%", "percent")
    found = textstat.flesch_kincaid_grade(prose)
    expect(f"{folder}: the first page and the glossary read at grade {HIGHEST_GRADE} or below", found <= HIGHEST_GRADE, round(found, 1))
    words, sentences = textstat.lexicon_count(prose), textstat.sentence_count(prose)
    expect(f"{folder}: they have sentences to read", words > 100 and sentences > 8, (words, sentences))
    print(f"{folder}: the first page and the glossary read at grade {found:.1f} ({words} words in {sentences} sentences)")


def main(folders):
    if not folders:
        sys.exit("usage: check.py REPORT_DIR...")
    for folder in map(Path, folders):
        page = Page()
        page.feed((folder / "report.html").read_text(encoding="utf-8"))
        snippets(folder)
        tables(folder)
        document(folder, page)
        grade(folder, page)
    for line in failures:
        print(f"FAILED {line}", file=sys.stderr)
    for line in left_out:
        print(f"LEFT OUT {line}", file=sys.stderr)
    print(f"{passed} passed, {len(failures)} failed, {len(left_out)} left out")
    sys.exit(1 if failures else 0)


main(sys.argv[1:])
