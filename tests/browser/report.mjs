// Opens report.html files in Chromium as readers do and fails on the first thing a reader would trip over.
//
//   node report.mjs REPORT_DIR...
//
// Each directory holds report.html and results.csv. Checked at 1280 and 390 px, light and dark, with and
// without JavaScript, on A4 and Letter: no console error, no request but the file itself, nothing wider than
// the window, no axe violation (WCAG 2.2 A and AA), every number names a row of results.csv, one h1 and
// headings without a gap, the three answers on the first screen of a desk.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// axe is slow and finds the same on neighbouring views: it runs where layout and colors differ most.
const VIEWS = [
  { window: { width: 1280, height: 800 }, scheme: 'light', script: true, axe: true },
  { window: { width: 1280, height: 800 }, scheme: 'dark', script: true },
  { window: { width: 390, height: 800 }, scheme: 'light', script: true },
  { window: { width: 390, height: 800 }, scheme: 'dark', script: true, axe: true },
  { window: { width: 320, height: 640 }, scheme: 'light', script: true },
  { window: { width: 1280, height: 800 }, scheme: 'light', script: false },
  { window: { width: 390, height: 800 }, scheme: 'dark', script: false },
];
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const failures = [];

/** First column of results.csv; an id holds neither comma nor quote. */
async function resultIds(folder) {
  const text = await readFile(join(folder, 'results.csv'), 'utf8');
  const [header, ...lines] = text.split('\n').filter(Boolean);
  const column = header.split(',').indexOf('result_id');
  return new Set(lines.map((line) => line.split(',')[column]));
}

/** What runs in the page: everything that can be seen from inside it. */
function inspect() {
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  const levels = [...document.querySelectorAll('h1,h2,h3,h4')].map((heading) => Number(heading.tagName[1]));
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  return {
    wide,
    jumps: levels.filter((level, index) => index > 0 && level > levels[index - 1] + 1).length,
    titles: levels.filter((level) => level === 1).length,
    repeated: ids.filter((id, index) => ids.indexOf(id) !== index),
    results: [...document.querySelectorAll('[data-result]')].flatMap((element) => element.dataset.result.split(' ')),
    dead: [...document.querySelectorAll('a[href^="#"]')].filter((link) => !document.getElementById(link.hash.slice(1))).map((link) => link.hash),
    cardsEnd: Math.max(0, ...[...document.querySelectorAll('.card')].map((card) => card.getBoundingClientRect().bottom)),
    small: [...document.querySelectorAll('main *')].filter((element) => element.checkVisibility() && element.childNodes.length && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) && parseFloat(getComputedStyle(element).fontSize) < 11).map((element) => element.textContent.slice(0, 30)),
  };
}

async function open(browser, folder, view) {
  const context = await browser.newContext({
    viewport: view.window, colorScheme: view.scheme, javaScriptEnabled: view.script, offline: true, bypassCSP: true,
  });
  const page = await context.newPage();
  const fail = (what) => failures.push(`${folder} at ${view.window.width} px, ${view.scheme}, JavaScript ${view.script ? 'on' : 'off'}: ${what}`);
  const address = pathToFileURL(resolve(folder, 'report.html')).href;
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && fail(`console: ${message.text()}`));
  page.on('pageerror', (error) => fail(`error: ${error.message}`));
  page.on('request', (request) => !request.url().startsWith('data:') && request.url() !== address && fail(`request: ${request.url()}`));
  await page.goto(address);
  return { context, page, fail };
}

async function look(browser, folder, view, known) {
  const { context, page, fail } = await open(browser, folder, view);
  if (view.script) {
    await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
    const seen = await page.evaluate(inspect);
    if (seen.wide > 0) fail(`${seen.wide} px wider than the window`);
    if (seen.titles !== 1) fail(`${seen.titles} h1`);
    if (seen.jumps) fail('a heading level is skipped');
    if (seen.repeated.length) fail(`ids used twice: ${seen.repeated}`);
    if (seen.dead.length) fail(`links to nowhere: ${seen.dead}`);
    if (seen.small.length) fail(`text under 11 px: ${seen.small.slice(0, 3)}`);
    if (view.window.width === 1280 && seen.cardsEnd > view.window.height) fail(`the answers end at ${seen.cardsEnd} px`);
    const unknown = seen.results.filter((id) => !known.has(id));
    if (unknown.length) fail(`no such result: ${unknown.slice(0, 3)}`);
    if (!view.axe) return context.close();
    await page.evaluate(AXE);
    const { violations } = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: 'tag', values } }), RULES);
    for (const violation of violations) fail(`axe ${violation.id}: ${violation.nodes[0].html.slice(0, 160)}`);
  } else {
    const height = await page.locator('main').boundingBox();
    if (!height || height.height < 1000) fail('the page is empty without JavaScript');
  }
  await context.close();
}

async function print(browser, folder) {
  const { context, page, fail } = await open(browser, folder, { window: VIEWS[0].window, scheme: 'dark', script: false });
  for (const format of ['A4', 'Letter']) {
    const pdf = await page.pdf({ format, preferCSSPageSize: true, tagged: true });
    const pages = pdf.toString('latin1').match(/\/Type\s*\/Page[^s]/g)?.length ?? 0;
    if (pages < 2 || pages > 40) fail(`${format} has ${pages} pages`);
  }
  await context.close();
}

const folders = process.argv.slice(2);
if (!folders.length) {
  console.error('usage: node report.mjs REPORT_DIR...');
  process.exit(2);
}
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const folder of folders) {
  const known = await resultIds(folder);
  for (const view of VIEWS) await look(browser, folder, view, known);
  await print(browser, folder);
}
await browser.close();
for (const failure of failures) console.error(failure);
// One check a view and one for print; a view may fail more than once.
const checks = folders.length * (VIEWS.length + 1);
console.log(`${Math.max(0, checks - failures.length)} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
