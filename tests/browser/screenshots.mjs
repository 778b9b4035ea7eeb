// Compares the first screen of a report with approved pictures, pixel by pixel, with a tolerance.
//
//   node screenshots.mjs REPORT_DIR [--approve]
//
// 1280 and 390 px, light and dark, and paper. `--approve` replaces the approved pictures: look at them first.
// The pictures show the numbers of the sample, so a change of results needs a new approval.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const VIEWS = [
  { name: 'desk-light', window: { width: 1280, height: 800 }, scheme: 'light', media: 'screen' },
  { name: 'desk-dark', window: { width: 1280, height: 800 }, scheme: 'dark', media: 'screen' },
  { name: 'phone-light', window: { width: 390, height: 800 }, scheme: 'light', media: 'screen' },
  { name: 'phone-dark', window: { width: 390, height: 800 }, scheme: 'dark', media: 'screen' },
  { name: 'paper', window: { width: 794, height: 1100 }, scheme: 'light', media: 'print' },
];
// A pixel is other when a channel differs by more than this (edges of letters do, from one Chromium to the next)…
const CHANNEL = 48;
// … and a picture is other when more than this share of its pixels are.
const SHARE = 0.01;

const APPROVED = join(dirname(fileURLToPath(import.meta.url)), 'approved');
const approve = process.argv.includes('--approve');
const [folder] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
if (!folder) {
  console.error('usage: node screenshots.mjs REPORT_DIR [--approve]');
  process.exit(2);
}

/** Runs in a page: the share of pixels that differ, or why the pictures cannot be compared. */
async function difference([one, other, channel]) {
  const pixels = async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await pixels(one), await pixels(other)];
  if (a.width !== b.width || a.height !== b.height) return { size: `${a.width}×${a.height} and ${b.width}×${b.height}` };
  let other_pixels = 0;
  for (let at = 0; at < a.data.length; at += 4) {
    if ([0, 1, 2].some((part) => Math.abs(a.data[at + part] - b.data[at + part]) > channel)) other_pixels += 1;
  }
  return { share: other_pixels / (a.data.length / 4) };
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const desk = await (await browser.newContext()).newPage();
const failures = [];
for (const view of VIEWS) {
  const context = await browser.newContext({ viewport: view.window, colorScheme: view.scheme, offline: true });
  const page = await context.newPage();
  await page.emulateMedia({ media: view.media, colorScheme: view.scheme });
  await page.goto(pathToFileURL(resolve(folder, 'report.html')).href);
  await page.evaluate(() => document.fonts.ready);
  const taken = await page.screenshot();
  const path = join(APPROVED, `${view.name}.png`);
  if (approve) {
    await mkdir(APPROVED, { recursive: true });
    await writeFile(path, taken);
  } else {
    const known = await readFile(path).catch(() => null);
    const found = known ? await desk.evaluate(difference, [known.toString('base64'), taken.toString('base64'), CHANNEL]) : { size: 'no approved picture' };
    if (found.size || found.share > SHARE) {
      const where = join(resolve(folder, '..'), `${view.name}.actual.tmp`);
      await writeFile(where, taken);
      failures.push(`${view.name}: ${found.size ?? `${(100 * found.share).toFixed(2)} % of the pixels differ`}; see ${where} (PNG)`);
    }
  }
  await context.close();
}
await browser.close();
for (const failure of failures) console.error(failure);
console.log(approve ? `${VIEWS.length} approved` : `${VIEWS.length - failures.length} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
