import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const usualPlaces = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/snap/bin/chromium', '/usr/bin/google-chrome'];

/** A headless Chromium of this machine. Rejects, saying how to get one, where there is none. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_PATH'] ?? usualPlaces.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error('There is no Chromium: apt-get install chromium, or set CHROMIUM_PATH.');
  }
  // Its own sandbox needs rights that root in a container does not have.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** Writes what the page shows to the folder MAJORDOMO_SCREENSHOTS, when that is set. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['MAJORDOMO_SCREENSHOTS'];
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
