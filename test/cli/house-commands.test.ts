import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { approvalsCommand } from '../../cli/commands/approvals.ts';
import { approveCommand } from '../../cli/commands/approve.ts';
import { boardCommand } from '../../cli/commands/board.ts';
import { boughtCommand, notBoughtCommand } from '../../cli/commands/bought.ts';
import type { Command } from '../../cli/commands/command.ts';
import { keysCommand } from '../../cli/commands/keys.ts';
import { rejectCommand } from '../../cli/commands/reject.ts';
import { sendCommand } from '../../cli/commands/send.ts';
import { statusCommand } from '../../cli/commands/status.ts';
import { loadConfig } from '../../cli/config.ts';
import { newKeySchema } from '../../contracts/api-keys.ts';
import { apiKeyShape, approvalsSchema, boardSchema, decisionSchema, messageDetailSchema } from '../../contracts/api.ts';
import { problemSchema } from '../../contracts/problems.ts';
import { runHouse, type RunningHouse } from '../support/running-house.ts';

let house: RunningHouse;
let keyFile: string;
beforeAll(async () => {
  house = await runHouse({});
  keyFile = join(house.home, 'keys', 'api.key');
}, 120_000);
afterAll(() => house.stop(), 60_000);

interface Ran {
  code: number;
  out: string;
  said: string;
}

/** Runs a command in this process, as `main.ts` does it. */
async function run(
  command: Command,
  args: string[] = [],
  flags: Record<string, unknown> = {},
  env: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  const all = { MAJORDOMO_HOME: house.home, ...env };
  const out: string[] = [];
  const said: string[] = [];
  const context = {
    config: () => loadConfig(all),
    env: all,
    out: (line: string) => void out.push(line),
    say: (line: string) => void said.push(line),
  };
  const code = await command.run(context, { flags, args });
  return { code, out: out.join('\n'), said: said.join('\n') };
}

/** Runs the command line in a process of its own. */
async function majordomo(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const child = spawn(process.execPath, ['cli/bootstrap.mjs', ...args], {
    env: { PATH: process.env['PATH'], MAJORDOMO_HOME: house.home, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode ?? -1, out, said };
}

const keys = (name: string): Command =>
  keysCommand.commands.find((each) => each.name === name) ?? expect.fail(`There is no keys ${name}.`);
const json = { json: true };
const pending = async () => {
  const { out } = await run(approvalsCommand, [], json);
  return approvalsSchema.parse(JSON.parse(out)).approvals;
};
const asked = async (words: string) => {
  expect((await run(sendCommand, [words])).code).toBe(0);
  await expect.poll(async () => (await pending()).length, { timeout: 20_000 }).toBe(1);
  return (await pending())[0]?.id ?? '';
};
const fileKey = () => readFileSync(keyFile, 'utf8').trim();

describe('a house without a terminal', () => {
  test('names the file of its first key, and shows no key', () => {
    expect(house.output()).toContain(`in ${keyFile}`);
    expect(house.output()).not.toContain(fileKey());
  });
});

describe('from need to bought by commands', { timeout: 60_000 }, () => {
  test('what is sent is answered, asked about, and approved by the first digits of its id', async () => {
    const told = await run(sendCommand, ['milk', 'and', '2 kg flour'], { wait: true });
    expect(told).toMatchObject({ code: 0 });
    expect(told.out).toContain('flour 2 kg');
    await expect.poll(async () => (await pending()).length, { timeout: 20_000 }).toBe(1);
    const id = (await pending())[0]?.id ?? '';

    const list = await run(approvalsCommand);
    expect(list.out.split('\n')[1]).toMatch(new RegExp(`^${id.slice(0, 8)}  pending  medium  .*Buy 2 things`));
    expect(list.out).toContain('• flour — 2 kg');
    const yes = await run(approveCommand, [id.slice(0, 6)]);
    expect(yes.out).toMatch(new RegExp(`^${id.slice(0, 8)} is \\w+: Buy 2 things`));
    expect((await run(approvalsCommand)).out).toBe('Nothing waits for an answer.');
    await expect.poll(async () => (await run(boardCommand, ['groceries'])).out).toContain('flour 2 kg — claimed');

    const late = await run(rejectCommand, [id.slice(0, 6)], { feedback: 'too late' });
    expect(late.code).toBe(1);
    expect(late.said).toMatch(/the first decision stands.*by key:/);
    const all = await run(approvalsCommand, [], { status: 'executed' });
    expect(all.out).toMatch(/key:.{8} +Buy 2 things/);

    await expect(run(boughtCommand, ['12.40', '0000'])).rejects.toThrow('No purchase that waits begins with 0000');
    expect((await run(boughtCommand, ['much'])).code).toBe(1);
    const paid = await run(boughtCommand, ['12.40']);
    expect(paid.out).toMatch(/^Recorded: (flour, milk|milk, flour) — bought for 12.40 EUR\.$/);
    await expect.poll(async () => (await run(boardCommand, ['groceries'])).out).toContain('flour 2 kg — done');
    await expect(run(notBoughtCommand)).rejects.toThrow('No such purchase waits for your word');
  });

  test('a no is remembered with its reason; programs get the documents of the API', async () => {
    const id = await asked('1 kg sugar');
    const no = await run(rejectCommand, [id], { ...json, feedback: 'not this week' });
    expect(decisionSchema.parse(JSON.parse(no.out))).toMatchObject({ approval_id: id, status: 'rejected' });
    const { rows } = await house.core.query('SELECT feedback FROM core.approvals WHERE id = $1', [id]);
    expect(rows).toEqual([{ feedback: 'not this week' }]);
    const again = await run(approveCommand, [id], json);
    expect(again.code).toBe(1);
    expect(problemSchema.parse(JSON.parse(again.out)).outcome).toMatchObject({ status: 'rejected' });

    const sent = await run(sendCommand, ['250 g', 'butter'], { ...json, wait: true });
    expect(messageDetailSchema.parse(JSON.parse(sent.out)).items).toMatchObject([{ title: 'butter' }]);
    const boards: { boards: unknown[] } = JSON.parse((await run(boardCommand, [], json)).out);
    expect(boards.boards.map((each) => boardSchema.parse(each).chain)).toEqual(['groceries']);
  });

  test('what is not there is said, with where to look', async () => {
    expect(await run(boardCommand, ['no/such?chain'])).toMatchObject({ code: 1, out: '' });
    await expect(run(approveCommand, ['ffffffff'])).rejects.toThrow('see npx majordomo approvals');
    await expect(run(approveCommand, ['the first'])).rejects.toThrow('first four digits');
    await expect(run(approvalsCommand, [], { status: 'perhaps' })).rejects.toThrow('--status is one of pending, ');
  });
});

describe('status', { timeout: 60_000 }, () => {
  test('tells what the API says of an unhealthy house', async () => {
    process.kill(house.pidOf('temporal'), 'SIGSTOP');
    try {
      const { code, out } = await run(statusCommand);
      expect(code).toBe(1);
      expect(out).toMatch(/^health +unhealthy$/m);
    } finally {
      process.kill(house.pidOf('temporal'), 'SIGCONT');
    }
    expect((await run(statusCommand, [], { wait: '30' })).code).toBe(0);
  });

  test('waits for a number of seconds only', async () => {
    await expect(run(statusCommand, [], { wait: 'soon' })).rejects.toThrow('--wait is a whole number of seconds');
  });
});

describe('keys', { timeout: 60_000 }, () => {
  const withKey = (key: string) => ({ MAJORDOMO_URL: `${house.url}/`, MAJORDOMO_API_KEY: key });

  test('a new one is alone on stdout, may what it was made for, and is named in the list', async () => {
    const flags = { scope: ['messages:read', 'pipelines:read'], expires: '90d' };
    const made = await run(keys('create'), ['phone'], flags);
    expect(made.out).toMatch(apiKeyShape);
    expect(made.said).toContain('(phone) may: messages:read pipelines:read. It expires');
    expect(made.said).not.toContain(made.out);
    const elsewhere = withKey(made.out);
    expect((await run(boardCommand, [], {}, elsewhere)).code).toBe(0);
    const refused = await run(keys('list'), [], {}, elsewhere);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.said).toContain('keys:manage');
    const list = await run(keys('list'));
    expect(list.out).toMatch(/^\w{8} +phone +active .*messages:read pipelines:read$/m);
    expect(list.out).not.toContain('mj_');
  });

  test('one that is rotated or revoked by its first digits opens nothing any more', async () => {
    const made = newKeySchema.parse(JSON.parse((await run(keys('create'), ['tablet'], json)).out));
    const start = made.key.id.slice(0, 8);
    const before = fileKey();
    const rotated = await run(keys('rotate'), [start]);
    expect(rotated.out).toMatch(apiKeyShape);
    expect(fileKey()).toBe(before);
    const old = await run(boardCommand, [], {}, withKey(made.secret ?? ''));
    expect(old.code).toBe(1);
    expect(old.said).toContain('Set MAJORDOMO_API_KEY to a key that the house knows.');
    const now = withKey(rotated.out);
    expect((await run(boardCommand, [], {}, now)).code).toBe(0);
    const { keys: all }: { keys: { id: string; rotated_from: string }[] } = JSON.parse(
      (await run(keys('list'), [], json)).out,
    );
    const next = all.find(({ rotated_from }) => rotated_from === made.key.id)?.id ?? '';
    expect((await run(keys('revoke'), [next.slice(0, 8)])).out).toBe(`Key ${next.slice(0, 8)} (tablet) has ended.`);
    expect((await run(boardCommand, [], {}, now)).code).toBe(1);
  });

  test('the one in the state folder is replaced there when it is rotated, and is not the last to go', async () => {
    const { keys: all }: { keys: { id: string; name: string }[] } = JSON.parse((await run(keys('list'), [], json)).out);
    const first = all.find(({ name }) => name === 'first')?.id ?? '';
    const last = await run(keys('revoke'), [first]);
    expect(last.code).toBe(1);
    const before = fileKey();
    const rotated = await run(keys('rotate'), [first], { expires: '2099-01-31' });
    expect(fileKey()).toBe(rotated.out);
    expect(fileKey()).not.toBe(before);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect((await run(keys('list'))).code).toBe(0);
  });

  test('whoever holds the state folder gets a new one when the old one is lost', async () => {
    const works = await run(keys('recover'));
    expect(works).toMatchObject({ code: 0, out: `The key in ${keyFile} works: nothing was done.` });
    rmSync(keyFile);
    await expect(run(keys('list'))).rejects.toThrow('npx majordomo keys recover');
    const made = await run(keys('recover'), [], json);
    expect(JSON.parse(made.out)).toEqual({ file: keyFile, made: true });
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect((await run(keys('list'))).out).toMatch(/^\w{8} +recovered +active .*keys:manage ui:open$/m);

    writeFileSync(keyFile, `mj_${'x'.repeat(43)}\n`);
    const unknown = await run(keys('list'));
    expect(unknown.said).toContain(`The key came from ${keyFile}; a new one is made by: npx majordomo keys recover`);
    expect((await run(keys('recover'))).out).toBe(`${keyFile} holds a new key with all scopes.`);
    expect((await run(keys('list'))).code).toBe(0);
  });
});

describe('the command line', { timeout: 60_000 }, () => {
  test('answers programs with one document, and people who write something wrong with 2', async () => {
    const [board, missing, group, unknown, help] = await Promise.all([
      majordomo(['board', '--json']),
      majordomo(['approve']),
      majordomo(['keys']),
      majordomo(['keys', 'create', 'x', '--scope', 'everything']),
      majordomo(['keys', '--help']),
    ]);
    expect(board).toMatchObject({ code: 0, said: '' });
    expect(JSON.parse(board.out)).toHaveProperty('boards');
    expect(missing).toMatchObject({ code: 2, out: '' });
    expect(group).toMatchObject({ code: 2, out: '' });
    expect(unknown).toMatchObject({ code: 2, out: '' });
    expect(unknown.said).toContain('--scope takes messages:write, ');
    expect(help).toMatchObject({ code: 0, said: '' });
  });

  test('says what to do where no house is', async () => {
    const [none, away, keyless, nonsense] = await Promise.all([
      majordomo(['board', '--json'], { MAJORDOMO_HOME: join(house.home, 'nowhere') }),
      majordomo(['board'], { MAJORDOMO_URL: 'http://127.0.0.1:9', MAJORDOMO_API_KEY: 'mj_' }),
      majordomo(['board'], { MAJORDOMO_URL: house.url }),
      majordomo(['board'], { MAJORDOMO_URL: 'house', MAJORDOMO_API_KEY: 'mj_' }),
    ]);
    expect(none).toEqual({ code: 1, out: '', said: 'The house does not run. Start it with: npm start\n' });
    expect(away).toMatchObject({ code: 1, out: '' });
    expect(away.said).toContain('The house does not answer at http://127.0.0.1:9. Is it up?');
    expect(keyless).toMatchObject({ code: 2, out: '' });
    expect(nonsense).toMatchObject({ code: 2, out: '' });
  });
});
