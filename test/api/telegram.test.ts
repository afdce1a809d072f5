import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseUnavailable } from '../../adapters/postgres.ts';
import type { TelegramSettings } from '../../adapters/telegram/settings.ts';
import type { ApiDeps } from '../../api/ports.ts';
import { createTelegramDoor } from '../../api/telegram/door.ts';
import { type BotApi, startBotApi } from '../../cli/demo/bot-api/client.ts';
import type { Verdict } from '../../contracts/approvals.ts';
import { purchaseArgsSchema } from '../../contracts/purchase-args.ts';
import { writeTap } from '../../contracts/telegram.ts';
import { openTelegram } from '../../workers/telegram.ts';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';
import { createWorld, type World } from './world.ts';

const token = '7000000001:AAH-very-secret-token';
const me = 4711;
const stranger = 666;
const groupId = -100;

let house: TestHouse;
let world: World;
let api: BotApi;
let settings: TelegramSettings;
let telegram: Awaited<ReturnType<typeof openTelegram>>;
const logged: string[] = [];
/** Makes the doors' database fail as often as it says. */
let outages = 0;

beforeAll(async () => {
  house = await startHouse();
  world = await createWorld({ house });
  api = await startBotApi({ token, ownerId: me });
  settings = { token, accounts: [me], apiRoot: api.api };
});
afterAll(async () => {
  await api.stop();
  await world.close();
  await house.close();
});

/** The doors with a log that can be read, and a database that can be away. */
function doors(): ApiDeps {
  const note = (facts: object, message: string) => void logged.push(`${message} ${JSON.stringify(facts)}`);
  const { messages, ...deps } = world.deps;
  return {
    ...deps,
    messages: {
      insertInbound: async (message) => {
        if (outages > 0) {
          outages -= 1;
          throw new DatabaseUnavailable('away', new Error('away'));
        }
        return messages.insertInbound(message);
      },
    },
    log: { info: () => undefined, warn: note, error: note },
  };
}

const open = () => openTelegram({ settings, core: house.core, house: doors() });
beforeEach(async () => {
  telegram = await open();
  telegram.start();
});
afterEach(async () => {
  await telegram.stop();
  await api.clear();
  logged.length = 0;
});

const inbound = async (text: string) => {
  const { rows } = await house.core.query<{ id: string; sourceId: string; status: string }>(
    `SELECT message.id, source_id AS "sourceId", message.status FROM core.messages message WHERE direction = 'inbound' AND body = $1`,
    [text],
  );
  return rows;
};
/** What the house says in the owner's chat. */
const replies = async () => {
  const { rows } = await house.core.query<{ body: string; kind: string; approvalId: string | null; sourceId: string }>(
    `SELECT body, kind, approval_id AS "approvalId", message.source_id AS "sourceId" FROM core.messages message
     JOIN core.conversations chat ON chat.id = conversation_id AND chat.channel = 'telegram' AND chat.address = $1
     WHERE direction = 'outbound' ORDER BY seq`,
    [String(me)],
  );
  return rows;
};
/** What the door itself said there. */
const said = async () => (await replies()).filter(({ sourceId }) => sourceId.startsWith('command:'));
const settled = () => eventually(async () => expect((await api.state()).pending).toBe(0));
/** Writes, and waits until the update was acknowledged. */
async function write(message: Parameters<BotApi['write']>[0]) {
  const written = await api.write(message);
  // The offset moves with the next poll, which is on its way as soon as this one is taken.
  await settled();
  return written;
}

const wanted = ['milk', 'bread', '1 kg rice', '1 kg salt', '2 kg carrots', '1 l juice', '3 kg pears', 'eggs'];

/** A gate about everything that is needed by now, so that the house has no reason to ask again. */
async function gate(): Promise<{ id: string; tap: (verdict: Verdict) => string }> {
  await house.say(wanted.pop() ?? '');
  const { id, codeKeyId } = await eventually(async () => {
    const found = await house.openGate();
    const { rows } = await house.core.query<{ waiting: string; items: string[] }>(
      `SELECT (SELECT count(*) FROM core.messages WHERE status = 'received') AS waiting,
         array(SELECT id FROM core.pipeline_items WHERE status = 'open') AS items`,
      [],
    );
    const listed = purchaseArgsSchema.parse(found.action.args).lines.map(({ item_id }) => item_id);
    expect(Number(rows[0]?.waiting)).toBe(0);
    expect(listed).toEqual(expect.arrayContaining(rows[0]?.items ?? ['nothing']));
    return found;
  });
  const code = house.codes.codeOf(id, codeKeyId);
  return { id, tap: (verdict) => writeTap({ approvalId: id, verdict, code }) };
}

/** Presses, and says what the presser was told. */
async function press(data: string, by: { from?: number; chat?: number } = {}): Promise<string> {
  const { message_id } = await api.write({ ...by, text: '/start' });
  const { callback_query_id } = await api.press({ message_id, data, ...by });
  return eventually(async () => {
    const [answer] = (await api.state()).presses.find(({ id }) => id === callback_query_id)?.answers ?? [];
    expect(answer).toBeDefined();
    return answer ?? '';
  });
}
const eventsOf = async (id: string) =>
  (await house.approvals.events(id)).map(({ event, approver, via }) => [event, approver, via]);

describe('a message in Telegram', () => {
  it('is recorded under its own id, and understood', async () => {
    const { message_id } = await write({ text: 'butter' });
    const [message] = await inbound('butter');
    expect(message?.sourceId).toBe(`7000000001:${me}:${message_id}`);
    await eventually(async () => expect((await inbound('butter'))[0]?.status).toBe('answered'));
    expect((await replies()).some(({ kind, body }) => kind === 'answer' && body.includes('butter'))).toBe(true);
  });

  it('stays with Telegram until it is recorded, and what comes after it waits', async () => {
    outages = 3;
    const first = await api.write({ text: 'cheese' });
    await api.write({ text: 'apples' });
    await eventually(async () => expect(outages).toBe(0));
    await settled();
    expect(await inbound('cheese')).toHaveLength(1);
    const { rows } = await house.core.query<{ body: string }>(
      `SELECT body FROM core.messages WHERE body IN ('cheese', 'apples') AND direction = 'inbound' ORDER BY seq`,
      [],
    );
    expect(rows.map(({ body }) => body)).toEqual(['cheese', 'apples']);
    expect(first.message_id).toBeGreaterThan(0);
  });

  it('to another bot, which numbers its messages anew, is taken', async () => {
    await write({ text: 'hello' });
    const before = (await inbound('hello')).length;
    const other = await startBotApi({ token: '7000000002:AAH-another-token', ownerId: me });
    const settingsNow = { ...settings, token: other.token, apiRoot: other.api };
    await telegram.stop();
    telegram = await openTelegram({ settings: settingsNow, core: house.core, house: doors() });
    telegram.start();
    try {
      const numbered = (await api.state()).messages.length;
      for (let each = 0; each < numbered; each++) await other.write({ text: 'hello' });
      await eventually(async () => expect(await inbound('hello')).toHaveLength(before + numbered));
    } finally {
      await telegram.stop();
      await other.stop();
    }
  });

  it('that was taken by a process which ended before it said so is taken once', async () => {
    await telegram.stop();
    const { message_id } = await api.write({ text: 'potatoes' });
    const update = {
      update_id: 500_900,
      message: { message_id, chat: { id: me, type: 'private' }, from: { id: me }, text: 'potatoes' },
    };
    await house.messages.insertInbound({
      ownerId: house.owner.ownerId,
      butler: 'household',
      channel: 'telegram',
      address: String(me),
      source: 'telegram',
      sourceId: `7000000001:${me}:${message_id}`,
      body: update.message.text,
    });
    expect((await api.state()).pending).toBe(1);
    telegram = await open();
    telegram.start();
    await settled();
    expect(await inbound('potatoes')).toHaveLength(1);
    await eventually(async () => expect((await inbound('potatoes'))[0]?.status).toBe('answered'));
  });

  it('of another kind, edited or empty gets a word and becomes no need', async () => {
    const before = (await said()).length;
    await write({ also: { photo: [{ file_id: 'x' }], caption: 'a list' } });
    await write({ text: '   ' });
    await write({ text: 'nul\0' });
    await api.inject({
      edited_message: { message_id: 1, date: 1, chat: { id: me, type: 'private' }, from: { id: me }, text: 'eggs!' },
    });
    await eventually(async () => expect((await said()).length).toBe(before + 4));
    const words = (await said()).slice(before).map(({ body }) => body);
    expect(words[0]).toContain('words alone');
    expect(words[1]).toContain('must not be empty');
    expect(words[2]).toContain('no text');
    expect(words[3]).toContain('new message');
    expect(await inbound('eggs!')).toEqual([]);
  });

  it('of a stranger, in a group or in nobody’s name is refused, with one warning and no answer', async () => {
    await write({ from: stranger, text: 'caviar' });
    await write({ from: stranger, text: 'caviar' });
    await write({ chat: groupId, text: 'caviar' });
    await api.inject({ message: { message_id: 9, date: 1, chat: { id: me, type: 'private' }, text: 'caviar' } });
    await settled();
    expect(await inbound('caviar')).toEqual([]);
    const warnings = logged.filter((line) => line.startsWith('Somebody else'));
    expect(warnings).toHaveLength(3);
    expect(logged.join()).not.toMatch(/caviar|666|4711/u);
    expect((await api.state()).messages.filter(({ from }) => from !== me && from !== stranger)).toEqual([]);
  });

  it('that nobody could ever handle is left out, with one line that holds none of it', async () => {
    await api.inject({ message: 'a secret nonsense' });
    await api.inject({ callback_query: { id: 7 } });
    await api.inject({ poll: { secret: 'nonsense' } });
    await write({ text: 'sugar' });
    expect(await inbound('sugar')).toHaveLength(1);
    expect(logged.filter((line) => line.includes('cannot be read'))).toHaveLength(2);
    expect(logged.join()).not.toContain('nonsense');
  });
});

describe('a press on a button', () => {
  it('decides the gate in the name of the account, and says so; the second learns who was first', async () => {
    const { id, tap } = await gate();
    expect(await press(tap('reject'))).toBe('❌ Rejected.');
    expect(await house.approvals.get(id)).toMatchObject({
      status: 'rejected',
      decidedBy: `telegram:${me}`,
      decidedVia: 'telegram',
    });
    expect(await press(tap('reject'))).toMatch(
      /^Already rejected by you, in Telegram, at \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/u,
    );
    expect(await press(tap('approve'))).toMatch(/^Already rejected by you/u);
  });

  it('that Telegram brings again is the same press', async () => {
    const { id, tap } = await gate();
    const from = { id: me };
    const query = { id: 'same-press', from, message: { chat: { id: me, type: 'private' } }, data: tap('reject') };
    const told: string[] = [];
    const { messages, approvals, owner } = house;
    const answer = async (_press: string, text: string) => void told.push(text);
    const parts = { ownerId: owner.ownerId, bot: '7000000001', accounts: new Set([me]), messages, approvals, answer };
    const door = createTelegramDoor({ house: doors(), telegram: parts });
    for (const update_id of [1, 1, 2]) await door({ update_id, callback_query: query });
    // Another press would be told that it came too late.
    expect(told).toEqual(Array.from({ length: 3 }, () => '❌ Rejected.'));
    expect((await eventsOf(id)).map(([event]) => event)).toEqual(['requested', 'asked', 'rejected']);
  });

  it('is one of two at once that differ: one wins, the other is told', async () => {
    const { id, tap } = await gate();
    const second = press(tap('approve'));
    const told = await Promise.all([
      second,
      press(tap('reject')),
      house.decide(id, 'reject').then(({ first }) => (first ? 'first' : 'late')),
    ]);
    const wins = told.filter((answer) => ['✅ Approved.', '❌ Rejected.', 'first'].includes(answer));
    expect(wins).toHaveLength(1);
    const { status } = (await house.approvals.get(id)) ?? {};
    expect(status === 'rejected').toBe(wins[0] !== '✅ Approved.');
    const bought = (await house.purchases()).filter((purchase) => purchase.approval_id === id && status !== 'rejected');
    for (const purchase of bought)
      await eventually(async () => expect(await house.confirm(purchase.id, 100)).toMatchObject({ kind: 'confirmed' }));
  });

  it('of a stranger, in a group, or with a code that is not the gate’s is refused and recorded', async () => {
    const { id, tap } = await gate();
    expect(await press(tap('approve'), { from: stranger, chat: stranger })).toBe('This is not for you.');
    expect(await press(tap('approve'), { chat: groupId })).toBe('This is not for you.');
    const forged = writeTap({ approvalId: id, verdict: 'approve', code: 'AAAA-AAAA-AAAA' });
    expect(await press(forged)).toContain('no question');
    expect(await press('nonsense')).toContain('no question');
    expect(await press(writeTap({ approvalId: randomUUID(), verdict: 'approve', code: 'AAAA' }))).toContain(
      'no question',
    );
    expect((await house.approvals.get(id))?.status).toBe('pending');
    expect(await eventsOf(id)).toEqual([
      ['requested', null, null],
      ['refused', `telegram:${stranger}`, 'telegram'],
      ['refused', `telegram:${me}`, 'telegram'],
      ['refused', `telegram:${me}`, 'telegram'],
    ]);
    expect(await press(tap('reject'))).toBe('❌ Rejected.');
  });

  it('counts although telling the presser failed', async () => {
    const { id, tap } = await gate();
    await api.fault('answerCallbackQuery', { kind: 'answer', code: 400 });
    const { message_id } = await api.write({ text: '/start' });
    await api.press({ message_id, data: tap('reject') });
    await settled();
    await eventually(async () => expect((await house.approvals.get(id))?.status).toBe('rejected'));
  });

  it('has no authority once the account is not in the settings any more', async () => {
    const { id, tap } = await gate();
    await openTelegram({ settings: { ...settings, accounts: [me + 1] }, core: house.core, house: doors() });
    expect(await press(tap('reject'))).not.toContain('Rejected');
    expect((await house.approvals.get(id))?.status).toBe('pending');
    await telegram.stop();
    telegram = await open();
    telegram.start();
    expect(await press(tap('reject'))).toBe('❌ Rejected.');
  });
});

describe('a command', () => {
  const answerTo = async (text: string) => {
    const before = (await said()).length;
    await write({ text });
    return eventually(async () => {
      const answers = (await said()).slice(before);
      expect(answers.length).toBeGreaterThan(0);
      return answers;
    });
  };

  it('says what can be said, and the menu has it', async () => {
    const [help] = await answerTo('/help');
    expect(help?.body).toContain('/approvals — ');
    expect((await answerTo('/start'))[0]?.body).toBe(help?.body);
    expect((await answerTo('/help@majordomo_bot now'))[0]?.body).toBe(help?.body);
    expect((await answerTo('/dance'))[0]?.body).toContain('/help');
    expect((await api.state()).commands).toEqual(expect.arrayContaining(['approvals', 'board', 'status', 'help']));
  });

  it('tells how the house is and where everything is', async () => {
    const [status] = await answerTo('/status');
    expect(status?.body).toMatch(/^The house is (healthy|degraded)\.\n.*postgres/u);
    const [board] = await answerTo('/board');
    expect(board?.body).toMatch(/captured: \d+ open, \d+ done/u);
  });

  it('shows each open question again, once per command', async () => {
    const { id, tap } = await gate();
    const cards = await answerTo('/approvals');
    expect(cards).toEqual([
      {
        kind: 'card',
        approvalId: id,
        body: expect.stringContaining('Buy'),
        sourceId: expect.stringMatching(/^command:\d+:/u),
      },
    ]);
    await press(tap('reject'));
    await eventually(async () => expect((await answerTo('/approvals'))[0]?.body).toContain('Nothing waits'));
  });

  it('takes the owner’s word on what was bought', async () => {
    expect((await answerTo('/bought'))[0]?.body).toContain('/bought 12.40');
    expect((await answerTo('/bought 12.40'))[0]?.body).toContain('No list waits');
    const { tap } = await gate();
    expect(await press(tap('approve'))).toBe('✅ Approved.');
    await eventually(async () => expect((await house.purchases()).at(-1)?.status).toBe('ordered'));
    await eventually(async () =>
      expect((await answerTo('/bought 12.40'))[0]?.body).toBe('Noted: bought for 12.40 EUR.'),
    );
    await eventually(async () =>
      expect((await house.purchases()).at(-1)).toMatchObject({ status: 'bought', actual_minor: 1240 }),
    );
  });
});
