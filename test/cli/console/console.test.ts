import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { firstKeyPath } from '../../../adapters/first-key.ts';
import { scopes } from '../../../contracts/api.ts';
import { createClient, type HouseClient, parseResponse } from '../../../client/index.ts';
import { runConsole } from '../../../cli/console/console.ts';
import { demoHouse } from '../../../cli/demo/house.ts';
import type { DemoHouse } from '../../../cli/demo/house.ts';
import { houseServices } from '../../../cli/services.ts';
import { apiAddress, houseFileOf, openHouse } from '../../../cli/supervisor/house.ts';
import type { House } from '../../../cli/supervisor/house.ts';
import { readHouse } from '../../../cli/supervisor/lock.ts';
import { enginesFolder } from '../../support/engines.ts';

let place: DemoHouse;
let house: House | undefined;
let address: string;
let key: string;
let rest: HouseClient;
const ending = new AbortController();

beforeAll(async () => {
  place = await demoHouse({ ...process.env, MAJORDOMO_ENGINES: enginesFolder() }, {});
  house = await openHouse({ ...place, say: () => {}, services: houseServices });
  await house.started;
  address = apiAddress(place.config);
  key = (await readFile(firstKeyPath(place.config.home.root), 'utf8')).trim();
  rest = createClient({ address, key, signal: ending.signal });
}, 120_000);

afterAll(async () => {
  ending.abort();
  await house?.stop();
  await rm(place.config.home.root, { recursive: true, force: true });
}, 60_000);

interface Terminal {
  write: (line: string) => void;
  /** Waits for a text after the one that was waited for before, and returns what stands up to its end. */
  says: (text: string) => Promise<string>;
  /** All that was shown so far. */
  shown: () => string;
  end: () => void;
  ended: Promise<void>;
}

const terminals: Terminal[] = [];

function openTerminal(given: { key?: () => string; signal?: AbortSignal } = {}): Terminal {
  const input = new PassThrough();
  const output = new PassThrough();
  let shown = '';
  let seen = 0;
  output.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const ended = runConsole({ address, key: () => key, signal: ending.signal, ...given, input, output });
  ended.catch(() => {});
  const terminal: Terminal = {
    write: (line) => input.write(`${line}\n`),
    says: async (text) => {
      await expect.poll(() => shown.slice(seen), { timeout: 25_000, interval: 20 }).toContain(text);
      const from = seen;
      seen = shown.indexOf(text, seen) + text.length;
      return shown.slice(from, seen);
    },
    shown: () => shown,
    end: () => input.end(),
    ended,
  };
  terminals.push(terminal);
  return terminal;
}

afterEach(async () => {
  for (const terminal of terminals.splice(0)) {
    terminal.end();
    await terminal.ended.catch(() => {});
  }
});

const killPart = (name: string, signal: NodeJS.Signals): void => {
  const part = readHouse(houseFileOf(place.config))?.children.find((child) => child.name === name);
  process.kill(part?.pid ?? expect.fail(`${name} does not run.`), signal);
};

const board = () => parseResponse(rest.pipelines[':chain'].board.$get({ param: { chain: 'groceries' } }));
const pending = async () => (await parseResponse(rest.approvals.$get({ query: { status: 'pending' } }))).approvals;

const times = (text: string, part: string): number => text.split(part).length - 1;

describe('the console of a real house', { timeout: 60_000 }, () => {
  test('the story, from need to bought', async () => {
    const terminal = openTerminal();
    await terminal.says('Write what is needed');
    terminal.write("we're out of milk and eggs, and get 2 kg flour");
    await terminal.says('Basil');
    await terminal.says('asks [1]');
    const card = await terminal.says('answer yes or no');
    expect(card).toContain('flour — 2 kg — €1.98');
    terminal.write('yes');
    await terminal.says('Question 1: ');
    await terminal.says('☐ flour — 2 kg');
    await expect.poll(async () => (await board()).stages.at(-1)?.counts.claimed).toBe(3);
    terminal.write('/board');
    expect(await terminal.says('claimed')).toContain('bought     3');
    terminal.write('/bought 12.40');
    expect(await terminal.says('bought for 12.40 EUR.')).toContain('Recorded: ');
    await expect
      .poll(async () => (await board()).stages.at(-1)?.counts, { timeout: 20_000 })
      .toEqual({ open: 0, claimed: 0, done: 3 });
    terminal.write('/bought 12.40');
    await terminal.says('No purchase waits for your word');
  });

  test('a list that changes withdraws its question, and a plain yes answers the one that stands', async () => {
    const terminal = openTerminal();
    terminal.write('1 kg sugar');
    await terminal.says('asks [1]');
    terminal.write('1 kg apples');
    await terminal.says('Question 1 was withdrawn');
    await expect.poll(() => terminal.shown()).toContain('asks [2]');
    terminal.write('/yes 1');
    await terminal.says('Question 1 was withdrawn');
    terminal.write('no');
    await terminal.says('Question 2: rejected');
    terminal.write('/no 2 too late');
    expect(await terminal.says('changes nothing')).toMatch(/is decided: rejected by key:\S+ via api at /);
    terminal.write('/yes');
    await terminal.says('No question is open.');
  });

  test('what is open at the start is shown, and what happens elsewhere is said', async () => {
    const json = { text: 'buy it now', source_id: randomUUID(), conversation: 'elsewhere' };
    await parseResponse(rest.messages.$post({ json }));
    await expect.poll(async () => (await pending()).length, { timeout: 20_000 }).toBe(1);
    const terminal = openTerminal();
    await terminal.says('asks [1]');
    expect(terminal.shown()).not.toContain('Shopping list');
    const [open] = await pending();
    await parseResponse(
      rest.approvals[':id'].decide.$post({ param: { id: open?.id ?? '' }, json: { verdict: 'approve' } }),
    );
    await expect.poll(terminal.shown, { timeout: 20_000 }).toMatch(/Question 1 is decided: \w+ by key:/);
    await terminal.says('Shopping list');
    terminal.write('2 kg potatoes');
    await terminal.says('asks [2]');
    terminal.write('/yes 2');
    await terminal.says('Shopping list');
    await expect.poll(async () => (await board()).stages.at(-1)?.counts.claimed).toBe(3);
    terminal.write('/bought 3.10');
    await terminal.says('write /bought 3.10 1 or /bought 3.10 2');
    const potatoes = /^ {2}(\d)\. potatoes/m.exec(terminal.shown())?.[1];
    terminal.write(`/bought 3.10 ${potatoes}`);
    await terminal.says('Recorded: potatoes — bought for 3.10 EUR.');
    await expect.poll(async () => (await board()).stages.at(-1)?.counts.done).toBe(4);
    terminal.write('/not-bought');
    await terminal.says('not bought.');
  });

  test('a house that is lost is said once, and what was written arrives once when it is back', async () => {
    const terminal = openTerminal();
    await terminal.says('Write what is needed');
    killPart('api', 'SIGKILL');
    await terminal.says('does not answer');
    terminal.write('1 kg cheese');
    terminal.write('/help');
    await terminal.says('/not-bought');
    await terminal.says('The house answers again.');
    await terminal.says('cheese 1 kg');
    expect(times(terminal.shown(), 'does not answer')).toBe(1);
    expect(times(terminal.shown(), 'The house answers again.')).toBe(1);
    const { messages } = await parseResponse(rest.messages.$get({ query: {} }));
    expect(messages.filter(({ text }) => text === '1 kg cheese')).toHaveLength(1);
  });

  test('a decision that nobody can process yet is recorded', async () => {
    const terminal = openTerminal();
    terminal.write('500 g coffee');
    await terminal.says('answer yes or no');
    killPart('worker', 'SIGSTOP');
    try {
      terminal.write('/no not this week');
      await terminal.says('your answer is recorded');
    } finally {
      killPart('worker', 'SIGCONT');
    }
    await expect.poll(async () => (await pending()).length, { timeout: 20_000 }).toBe(0);
  });

  test('what the house refuses is said in its own words', async () => {
    const terminal = openTerminal();
    terminal.write('x'.repeat(20_000));
    await terminal.says('has more than 16384 characters');
    terminal.write('/bought 12,40');
    expect(await terminal.says('with a point')).not.toContain('Recorded');
  });

  test('goes on when its key is rotated while it is open', async () => {
    const first = await parseResponse(rest.keys.$post({ json: { name: 'console', scopes: [...scopes] } }));
    let held = first.secret ?? '';
    const terminal = openTerminal({ key: () => held });
    await terminal.says('Write what is needed');
    terminal.write('/board');
    await terminal.says('captured');
    const param = { id: first.key.id };
    const rotated = await parseResponse(rest.keys[':id'].rotate.$post({ param, json: {} }));
    held = rotated.secret ?? '';
    terminal.write('/board');
    await terminal.says('captured');
  });

  test('a wrong key closes the console with the reason', async () => {
    const terminal = openTerminal({ key: () => `mj_${'x'.repeat(43)}` });
    await expect(terminal.ended).rejects.toThrow('A valid API key is needed.');
  });

  test('leaving sends what was just written; a signal closes it too', async () => {
    const leaving = openTerminal();
    leaving.write('250 g butter');
    leaving.write('/quit');
    await leaving.ended;
    const { messages } = await parseResponse(rest.messages.$get({ query: {} }));
    expect(messages.filter(({ text }) => text === '250 g butter')).toHaveLength(1);
    const stop = new AbortController();
    const told = openTerminal({ signal: stop.signal });
    await told.says('Write what is needed');
    stop.abort();
    await told.ended;
  });
});
