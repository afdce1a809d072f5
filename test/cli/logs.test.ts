import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keepLogsSmall, rotateLogs } from '../../cli/supervisor/logs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'majordomo-logs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const text = (name: string) => readFileSync(at(name), 'utf8');

describe('a log', () => {
  test('that is too big is put aside for its owner alone, and the oldest go', () => {
    for (const round of [1, 2, 3, 4]) {
      writeFileSync(at('api.log'), `round ${round}\n`);
      rotateLogs(folder, { bytes: 5, keep: 2 });
    }
    expect(readdirSync(folder).sort()).toEqual(['api.log', 'api.log.1', 'api.log.2']);
    expect([text('api.log'), text('api.log.1'), text('api.log.2')]).toEqual(['', 'round 4\n', 'round 3\n']);
    expect(statSync(at('api.log.1')).mode & 0o777).toBe(0o600);
    writeFileSync(at('api.log'), 'round 5\n');
    rotateLogs(folder, { bytes: 5, keep: 0 });
    expect(readdirSync(folder)).toEqual(['api.log']);
  });

  test('that is small stays, and so does what is no log', () => {
    writeFileSync(at('api.log'), 'small\n');
    writeFileSync(at('letter.txt'), 'x'.repeat(100));
    rotateLogs(folder, { bytes: 6, keep: 2 });
    expect(readdirSync(folder).sort()).toEqual(['api.log', 'letter.txt']);
  });

  test('goes on in the file that its process has open, in order and without holes', async () => {
    const log = openSync(at('child.log'), 'a', 0o600);
    const lines =
      'let n = 0; const write = () => { for (let i = 0; i < 50; i++) console.log(String(n++).padStart(9)); n < 20000 ? setTimeout(write) : 0; }; write()';
    const child = spawn(process.execPath, ['-e', lines], { stdio: ['ignore', log, log] });
    closeSync(log);
    const exited = once(child, 'exit');
    const rotating = setInterval(() => rotateLogs(folder, { bytes: 20_000, keep: 50 }), 5);
    await exited;
    clearInterval(rotating);

    const names = readdirSync(folder).sort((a, b) => Number(b.split('.')[2] ?? 0) - Number(a.split('.')[2] ?? 0));
    expect(names.length).toBeGreaterThan(3);
    const written = names.flatMap((name) =>
      text(name)
        .split('\n')
        .filter((line) => line !== ''),
    );
    // A line may fall into the instant of a cut; no other is lost, doubled, torn or out of order.
    expect(written.every((line) => /^ *\d+$/.test(line) && line.length === 9)).toBe(true);
    const numbers = written.map(Number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(numbers.length).toBeGreaterThan(20_000 - 2 * names.length);
  });

  test('is looked at from the start on, and what is wrong is said', () => {
    writeFileSync(at('api.log'), 'too much\n');
    const said: string[] = [];
    keepLogsSmall(folder, { bytes: 1, keep: 1 }, (line) => said.push(line))();
    expect(existsSync(at('api.log.1'))).toBe(true);
    keepLogsSmall(at('nowhere'), { bytes: 1, keep: 1 }, (line) => said.push(line))();
    expect(said).toEqual([expect.stringContaining('could not be rotated')]);
  });
});
