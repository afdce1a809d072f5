import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { demoCommand } from '../../cli/commands/demo.ts';
import { resultOf, type DemoResult } from '../../cli/demo/record.ts';
import { enginesFolder } from '../support/engines.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

// The demo must not reach for what the owner has set.
const env = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  MAJORDOMO_ENGINES: enginesFolder(),
  NO_COLOR: '1',
  ANTHROPIC_API_KEY: 'not-a-key',
  ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
  DATABASE_URL: 'postgres://nobody@127.0.0.1:9/nothing',
  MAJORDOMO_SHOP_CHANNEL: 'email',
  MAJORDOMO_TELEGRAM_TOKEN: '1:nobody',
  MAJORDOMO_TELEGRAM_OWNER_ID: '1',
  MAJORDOMO_TELEGRAM_API_ROOT: 'http://127.0.0.1:9',
};

/** Runs the demo; `told` sees stderr as it grows. */
function runDemo(args: string[], told: (text: string, stop: () => void) => void = () => {}): Promise<Ran> {
  const child = spawn(process.execPath, ['cli/bootstrap.mjs', 'demo', ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    told(stderr, () => child.kill('SIGINT'));
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

function resultIn({ stdout }: Ran): DemoResult {
  const result: DemoResult = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  return result;
}
const homeIn = ({ stderr }: Ran): string => /Starting a house in (\S+)/.exec(stderr)?.[1] ?? expect.fail(stderr);

describe('the demo', { timeout: 120_000 }, () => {
  test('plays the story, and --json ends with one object that holds the evidence of each stage', async () => {
    const ran = await runDemo(['--json']);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout.trim().split('\n')).toHaveLength(1);
    const { ok, stages, seconds, workflowIds } = resultIn(ran);
    expect(ok).toBe(true);
    expect(stages.map(({ stage, item }) => `${stage} ${item}`)).toEqual([
      ...['need', 'captured', 'gate', 'ordered', 'bought'].flatMap((stage) =>
        ['milk', 'eggs', 'flour'].map((item) => `${stage} ${item}`),
      ),
      'settled purchase',
    ]);
    const evidenceOf = (stage: string, item: string) =>
      stages.find((each) => each.stage === stage && each.item === item)?.evidence;
    expect(evidenceOf('captured', 'flour')).toMatchObject({ quantity: '2 kg', words: '2 kg flour' });
    expect(evidenceOf('ordered', 'eggs')).toMatchObject({ receipt: 'delivered', arrived: 'list in the conversation' });
    expect(evidenceOf('bought', 'milk')).toMatchObject({ amount: '12.40', currency: 'EUR' });
    expect(evidenceOf('settled', 'purchase')).toMatchObject({ paid: '12.40', budget: '120.00', left: '107.60' });
    expect(new Set(workflowIds).size).toBe(workflowIds.length);
    expect(workflowIds.length).toBeGreaterThanOrEqual(7);
    expect(seconds).toBeGreaterThan(0);
    expect(existsSync(homeIn(ran))).toBe(false);
  });

  test('orders by e-mail from a shop of its own, and tells people the same', async () => {
    const before = signals.map((signal) => process.listeners(signal));
    const lines: string[] = [];
    const out = (line: string) => void lines.push(line);
    const context = { config: () => expect.fail('The demo has its own.'), env, out, say: () => {} };
    const code = await demoCommand.run(context, { flags: { channel: 'email' }, args: [] });
    // A command has its process for itself; this one goes on and must still end when it is told to.
    for (const [index, signal] of signals.entries()) {
      for (const listener of process.listeners(signal).filter((each) => !before[index]?.includes(each)))
        process.off(signal, listener);
    }
    expect(code).toBe(0);
    const text = lines.join('\n');
    expect(text).toContain('On yes: the order goes to orders@shop.example');
    expect(text).toMatch(
      /ordered +flour +receipt delivered · provider id <\S+@home.example> · arrived e-mail at the shop/,
    );
    expect(text).toMatch(/All 16 stages have their evidence, after [\d.]+ s\.$/);
  });

  test('plays it in a Telegram chat, by buttons and reactions, with a stand-in of Telegram', async () => {
    const ran = await runDemo(['--channel', 'telegram', '--json']);
    expect(ran).toMatchObject({ code: 0 });
    expect(resultIn(ran).ok).toBe(true);
    expect(
      resultIn(ran).stages.find(({ stage, item }) => stage === 'ordered' && item === 'milk')?.evidence,
    ).toMatchObject({
      arrived: 'list in the chat',
    });
    expect(ran.stderr).toMatch(/your message has (👀 → )?👍/u);
    expect(ran.stderr).toContain('you press “✅ Approve”: ✅ Approved.');
    expect(ran.stderr).toContain('the card ends with: ✅ Approved by you via telegram');
    expect(ran.stderr).toContain('Noted: bought for 12.40 EUR.');
  });

  test('Ctrl-C, pressed again and again, ends it without a trace, and not as a success', async () => {
    const ran = await runDemo(['--json'], (text, stop) => text.includes('Making the database cluster') && stop());
    expect(ran.code).toBe(1);
    expect(resultIn(ran)).toMatchObject({ ok: false, error: 'It was stopped before its end.', workflowIds: [] });
    expect(resultIn(ran).stages.every(({ state, evidence }) => state === 'missing' && evidence === null)).toBe(true);
    expect(existsSync(homeIn(ran))).toBe(false);
  });

  test('a channel that does not exist is refused before anything starts', async () => {
    const ran = await runDemo(['--channel', 'pigeon']);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('--channel owner or --channel email');
  });

  test('one missing stage is enough for a failure', () => {
    const stages = resultOf({ stages: [], workflowIds: new Set() }, 1).stages.map((stage) => ({
      ...stage,
      state: 'done' as const,
    }));
    expect(resultOf({ stages, workflowIds: new Set() }, 1).ok).toBe(true);
    expect(resultOf({ stages: stages.slice(1), workflowIds: new Set() }, 1).ok).toBe(false);
    expect(resultOf({ stages, workflowIds: new Set() }, 1, 'It broke.').ok).toBe(false);
  });
});
