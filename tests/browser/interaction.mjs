// Uses the report as a reader with a mouse, a keyboard or a printer does, under the report's own security policy.
//
//   node interaction.mjs REPORT_DIR...
//
// Filters, sorting, the numbers of a chart pointed at and stepped through, and a condition named like a script:
// nothing of it may fetch, log or run what the page did not bring.

import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readFile, writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { chromium } from 'playwright-core';

const failures = [];
let checks = 0;

/** One expectation; a failed one does not stop the others. */
function expect(what, holds, found = '') {
  checks += 1;
  if (!holds) failures.push(`${what}${found === '' ? '' : `: ${JSON.stringify(found)}`}`);
}

async function open(browser, address, window = { width: 1280, height: 800 }) {
  const context = await browser.newContext({ viewport: window, offline: true });
  const page = await context.newPage();
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && expect(`${address} console`, false, message.text()));
  page.on('pageerror', (error) => expect(`${address} error`, false, error.message));
  page.on('dialog', (dialog) => { expect(`${address} opened a dialog`, false, dialog.message()); return dialog.dismiss(); });
  page.on('request', (request) => !request.url().startsWith('data:') && request.url() !== address && expect(`${address} request`, false, request.url()));
  await page.goto(address);
  return page;
}

/** Condition table: what is shown, in order. */
const shown = (page) => page.$$eval('.conditions tbody tr', (rows) => rows.filter((row) => !row.hidden).map((row) => row.cells[0].textContent));

async function filters(page, name) {
  const all = await shown(page);
  expect(`${name}: the table has conditions`, all.length > 3, all);
  const select = page.getByLabel('Condition', { exact: true });
  await select.focus();
  await page.keyboard.press('ArrowDown');
  const wanted = await select.locator('option:checked').textContent();
  const left = await shown(page);
  expect(`${name}: one condition is left beside everybody`, left.length === 2 && left[0] === 'All patients' && left[1] === wanted, left);
  expect(`${name}: the page says what is filtered`, (await page.locator('.filtered').textContent()).includes(wanted));
  await select.selectOption('all');
  expect(`${name}: the filter lets go`, JSON.stringify(await shown(page)) === JSON.stringify(all));
  const time = page.getByLabel('Time since first infusion');
  await time.selectOption({ label: '4 weeks' });
  const times = await page.$$eval('#pain table', ([table]) => [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => row.cells[0].textContent));
  expect(`${name}: one horizon is left`, times.length === 1 && times[0] === '4 weeks', times);
  await time.selectOption('all');
}

async function sorting(page, name) {
  const before = await shown(page);
  const head = page.locator('.conditions th').nth(1);
  const sizes = () => page.$$eval('.conditions tbody tr', (rows) => rows.slice(1).map((row) => row.cells[1].querySelector('.num')?.textContent.replaceAll(',', '')).filter(Boolean).map(Number));
  const ordered = (list, sign) => list.every((value, index) => index === 0 || sign * (value - list[index - 1]) >= 0);
  await head.locator('button').focus();
  await page.keyboard.press('Enter');
  expect(`${name}: ascending`, ordered(await sizes(), 1) && (await head.getAttribute('aria-sort')) === 'ascending', await sizes());
  expect(`${name}: everybody stays on top`, (await shown(page))[0] === 'All patients');
  await page.keyboard.press('Enter');
  expect(`${name}: descending`, ordered(await sizes(), -1) && (await head.getAttribute('aria-sort')) === 'descending', await sizes());
  await page.keyboard.press('Enter');
  expect(`${name}: clinical order comes back`, JSON.stringify(await shown(page)) === JSON.stringify(before));
}

async function charts(page, name) {
  const plot = page.locator('#figure-response_by_condition .wide');
  const tip = plot.locator('.tip');
  const first = await page.$eval('#figure-response_by_condition details tbody tr', (row) => [...row.cells].slice(0, 3).map((cell) => cell.textContent));
  await plot.focus();
  await page.keyboard.press('ArrowDown');
  expect(`${name}: the first number is said`, (await tip.textContent()) === `${first[0]}: ${first[2]} (n ${first[1]})`, await tip.textContent());
  await page.keyboard.press('End');
  expect(`${name}: the last number is another`, !(await tip.textContent()).startsWith(`${first[0]}:`));
  await page.keyboard.press('Escape');
  expect(`${name}: escape takes it away`, await tip.isHidden());
  const spot = await plot.locator('circle.value').nth(1).boundingBox();
  await page.mouse.move(spot.x + spot.width / 2, spot.y + spot.height / 2);
  expect(`${name}: the number under the pointer is said`, await tip.isVisible());
  const readable = await page.$$eval('figure.chart', (figures) => figures.filter((figure) => figure.querySelector('.wide[tabindex]')).length);
  expect(`${name}: every chart can be read with keys`, readable === (await page.locator('figure.chart').count()), readable);
}

/** From the top of the page with the tab key alone: skip link, filters, a sort button, a chart. */
async function keyboard(page, name) {
  // The tab key goes on from where a page was last used.
  await page.reload();
  const seen = new Set();
  for (let press = 0; press < 400; press += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      const box = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      return { kind: element.className || element.tagName.toLowerCase(), outline: style.outlineStyle !== 'none', wide: box.width > 0 };
    });
    // Past the last stop.
    if (at.kind === 'body') break;
    seen.add(at.kind);
    expect(`${name}: focus can be seen on ${at.kind}`, at.outline && at.wide);
  }
  for (const kind of ['skip', 'select', 'sort', 'wide']) expect(`${name}: the tab key reaches ${kind}`, seen.has(kind), [...seen]);
}

/** The same page with a condition named like a script. */
async function hostile(browser, folder) {
  const evil = '<script>alert(1)</script><img src=x onerror=alert(2)>';
  const escaped = evil.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll("'", '&#39;');
  const text = await readFile(join(folder, 'report.html'), 'utf8');
  const place = await mkdtemp(join(tmpdir(), 'relief-report-'));
  try {
    const path = join(place, 'report.html');
    await writeFile(path, text.replaceAll('Fibromyalgia', escaped));
    const page = await open(browser, pathToFileURL(path).href);
    await page.getByLabel('Condition', { exact: true }).selectOption({ label: evil });
    expect('a condition named like a script is a name', (await shown(page)).includes(evil), await shown(page));
    await page.locator('#figure-response_by_condition .wide').focus();
    for (let press = 0; press < 8; press += 1) await page.keyboard.press('ArrowDown');
    expect('nothing was made of it', (await page.locator('main script, main img').count()) === 0);
    // Injected markup must be stopped by the policy even if something let it through.
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      script.addEventListener('error', () => {});
      document.addEventListener('securitypolicyviolation', (event) => { window.violated = event.violatedDirective; });
      document.body.append(script);
      return new Promise((done) => { setTimeout(() => done({ ran: window.ran, violated: window.violated }), 100); });
    });
    expect('the policy stops other scripts', !ran.ran && ran.violated?.startsWith('script-src'), ran);
    await page.context().close();
  } finally {
    await rm(place, { recursive: true });
  }
}

const folders = process.argv.slice(2);
if (!folders.length) {
  console.error('usage: node interaction.mjs REPORT_DIR...');
  process.exit(2);
}
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const folder of folders) {
  const page = await open(browser, pathToFileURL(resolve(folder, 'report.html')).href);
  await filters(page, folder);
  await sorting(page, folder);
  await charts(page, folder);
  await keyboard(page, folder);
  await page.context().close();
}
// The policy's own complaint about the injected script is what is looked for, not a failure.
const known = failures.length;
await hostile(browser, folders[0]);
const late = failures.splice(known).filter((failure) => !failure.includes('Content Security Policy'));
failures.push(...late);
await browser.close();
for (const failure of failures) console.error(failure);
console.log(`${checks - failures.length} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
