import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { controlFailure, type Result, ratioNames } from '../../bench/report.ts';
import { table } from '../../bench/table.ts';
import { enginesFolder } from '../support/engines.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the benchmark as a person does, with so few rounds that its figures mean nothing. */
function runBench(args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], MAJORDOMO_ENGINES: enginesFolder(), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...text })));
}

describe('the benchmark', { timeout: 300_000 }, () => {
  it('measures both sides in a house of its own, and --json ends with one object', async () => {
    const few = ['--rounds', '2', '--warm-up', '1', '--direct', '2', '--default-rounds', '0'];
    const { code, stdout, stderr } = await runBench(['--json', ...few]);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    const result: Result = JSON.parse(stdout);
    for (const name of ratioNames) {
      const { median, low, high, n } = result.ratios[name];
      expect([n, median >= low && median <= high && low > 0]).toEqual([2, true]);
      const { ours, bare } = result.medians_ms[name];
      expect([ours > 0, bare > 0]).toEqual([true, true]);
    }
    // What the story does: a yes is asked for, decided, ordered, claimed, begun and carried out, each committed.
    expect(result.counted.commits).toBeGreaterThanOrEqual(6);
    expect(result.counted.activities.regular).toBeGreaterThanOrEqual(5);
    expect(result.counted.activities.local).toBeGreaterThanOrEqual(5);
    expect(result.parts.tapToEffect.bare.activities).toBe(1);
    expect(result.start.cold_s).toBeGreaterThan(0);
    expect(Object.keys(result.rss_mb).sort()).toEqual(['api', 'postgres', 'supervisor', 'temporal', 'worker']);
    expect(Object.values(result.rss_mb).every((megabytes) => megabytes > 10)).toBe(true);
    // Two rounds on a busy machine may well end outside the control's range; the exit code must say just that.
    const failure = controlFailure(result);
    expect(code).toBe(failure === undefined ? 0 : 1);
    for (const line of [...table(result), failure ?? '']) expect(stderr).toContain(line);
  });

  it('refuses numbers that are none, before anything starts', async () => {
    const { code, stdout, stderr } = await runBench(['--rounds', 'many']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('npm run bench -- [--json]');
  });
});

describe('the control', () => {
  const of = (median: number) => controlFailure({ control: { median, low: 0, high: 2 } });

  it('is believed from 0.95 to 1.05, and says in one sentence why not', () => {
    expect([of(0.95), of(1), of(1.05)]).toEqual([undefined, undefined, undefined]);
    expect([of(0.949), of(1.051), of(Number.NaN)].map((failure) => failure?.split(':')[0])).toEqual([
      'The control is 0.949, not within 0.95–1.05',
      'The control is 1.051, not within 0.95–1.05',
      'The control is NaN, not within 0.95–1.05',
    ]);
  });
});
