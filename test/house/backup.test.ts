import { randomBytes, randomUUID } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadKeyring } from '../../adapters/keyring.ts';
import { dataConverter } from '../../adapters/payload-codec.ts';
import { connectTemporal } from '../../adapters/temporal.ts';
import { shopSettings } from '../../cli/demo/shop.ts';
import { sha256 } from '../../contracts/action.ts';
import { gateStateQuery } from '../../contracts/messages.ts';
import { runCommand } from '../support/command.ts';
import { eventually } from '../support/house.ts';
import { insertRow } from '../support/rows.ts';
import { runHouse, type RunningHouse } from '../support/running-house.ts';
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts';

const patience = 60_000;
let folder: string;
let shop: SmtpSink;
let env: NodeJS.ProcessEnv;
let house: RunningHouse;
let archive: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'majordomo-backup-'));
  execFileSync('chmod', ['711', folder]);
  shop = await startSmtpSink({ log: join(folder, 'shop.log') });
  env = shopSettings(shop.port);
  archive = join(folder, 'house.tar');
  house = await runHouse({ ...env, MAJORDOMO_HOME: join(folder, 'first') });
}, 60_000);
afterAll(async () => {
  await house.stop();
  await shop.close();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

const majordomo = (args: string[], extra: NodeJS.ProcessEnv = {}) =>
  runCommand('cli/bootstrap.mjs', args, { ...house.env, ...extra });
/** What the shop has on its disk; it is never killed. */
const orders = () =>
  readFileSync(join(folder, 'shop.log'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
const one = async <Row extends object>(sql: string, params: unknown[]): Promise<Row | undefined> =>
  (await house.core.query<Row>(sql, params)).rows[0];

/** Somebody with a key of his own, who wants one thing. */
interface Owner {
  thing: string;
  id: string;
  key: string;
}

async function makeOwner(thing: string): Promise<Owner> {
  const key = `mj_${randomBytes(32).toString('base64url')}`;
  const id = await insertRow(house.core, 'core.owners', { name: thing });
  const keyId = await insertRow(house.core, 'core.api_keys', {
    owner_id: id,
    name: thing,
    key_hash: sha256(key),
    scopes: (await one<{ scopes: string[] }>('SELECT scopes FROM core.api_keys LIMIT 1', []))?.scopes,
  });
  await insertRow(house.core, 'core.owner_accounts', { owner_id: id, channel: 'key', account: keyId });
  return { thing, id, key };
}

/** A call of the API by this owner, until the house takes it. */
const call = <Answer>({ key }: Owner, path: string, body?: object): Promise<Answer> =>
  eventually(async () => {
    const response = await fetch(`${house.url}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const answer: Answer = JSON.parse(await response.text());
    expect(response.ok ? 'ok' : answer).toBe('ok');
    return answer;
  }, patience);
const wants = (owner: Owner) =>
  call(owner, '/messages', { text: `get 2 kg ${owner.thing}`, source_id: `wants ${owner.thing}` });
const gateOf = (owner: Owner) =>
  eventually(async () => {
    const { approvals } = await call<{ approvals: Array<{ id: string }> }>(owner, '/approvals?status=pending');
    expect(approvals).toHaveLength(1);
    return approvals[0]?.id ?? '';
  }, patience);
const decide = async (owner: Owner, verdict: 'approve' | 'reject') =>
  call(owner, `/approvals/${await gateOf(owner)}/decide`, { verdict });
const itemOf = (owner: Owner) =>
  one<{ id: string; status: string; stage: string; next_action: string }>(
    'SELECT id, status, stage, next_action FROM core.pipeline_items WHERE owner_id = $1 ORDER BY created_at LIMIT 1',
    [owner.id],
  );
const confirm = async (owner: Owner, amount: string) =>
  call(owner, `/pipelines/items/${(await itemOf(owner))?.id}/evidence`, { stage: 'bought', verdict: 'bought', amount });
const intentOf = (owner: Owner) =>
  one<{ status: string; entity: string; detail: string | null }>(
    `SELECT intent.status, intent.entity_id AS entity, receipt.detail FROM core.intents intent
     LEFT JOIN core.receipts receipt ON receipt.intent_id = intent.id WHERE intent.owner_id = $1`,
    [owner.id],
  );
const isOrdered = (owner: Owner, status = 'delivered') =>
  eventually(async () => expect((await intentOf(owner))?.status).toBe(status), patience);
const isBought = (owner: Owner) =>
  eventually(async () => expect(await itemOf(owner)).toMatchObject({ status: 'done' }), patience);
const received = (count: number) => eventually(async () => expect(shop.received).toHaveLength(count), patience);
const isStopped = (pid: number) => /^\d+ \(.*\) [Tt] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe.sequential('a house that is backed up in flight, destroyed and restored', () => {
  type Phase = 'vague' | 'asked' | 'late' | 'held' | 'between' | 'heard' | 'ordered' | 'bought' | 'after';
  let owners: Record<Phase, Owner>;

  it('is backed up while purchases are in every phase, and goes on', { timeout: 120_000 }, async () => {
    owners = {
      vague: await makeOwner('saffron'),
      asked: await makeOwner('rice'),
      late: await makeOwner('oats'),
      held: await makeOwner('barley'),
      between: await makeOwner('lentils'),
      heard: await makeOwner('millet'),
      ordered: await makeOwner('salt'),
      bought: await makeOwner('quinoa'),
      after: await makeOwner('rye'),
    };
    const { vague, asked, late, held, between, heard, ordered, bought, after } = owners;
    await call(vague, '/messages', { text: 'we need saffron', source_id: 'wants saffron' });
    await Promise.all([asked, late, held, between, ordered, bought].map(wants));
    await Promise.all([decide(ordered, 'approve'), decide(bought, 'approve')]);
    await Promise.all([isOrdered(ordered), isOrdered(bought)]);
    await confirm(bought, '3.21');
    await isBought(bought);
    shop.behave('hang-content');
    await decide(held, 'approve');
    await received(3);
    const gate = await gateOf(between);

    // Slow enough that the owners do more between the copy of Temporal and the end of the copy of Postgres.
    const backup = majordomo(['backup', '--to', archive, '--rate', '3']);
    await backup.says('Copying Postgres');
    await call(between, `/approvals/${gate}/decide`, { verdict: 'approve' });
    await received(4);
    await wants(heard);
    expect(backup.output()).not.toContain('Writing');
    expect(await backup.ended).toBe(0);

    shop.behave('accept');
    await Promise.all([isOrdered(held), isOrdered(between)]);
    await decide(late, 'approve');
    await isOrdered(late);
    await wants(after);
    expect(orders()).toHaveLength(5);
  });

  it('leaves an archive for its owner alone, and nothing beside it', () => {
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(['first', 'house.tar', 'shop.log']);
  });

  it('comes back in a new folder, and says what it cannot know', { timeout: 120_000 }, async () => {
    await house.destroy();
    const home = join(folder, 'second');
    const restore = majordomo(['restore', archive, '--home', home, '--json']);
    expect(await restore.ended).toBe(0);
    house = await runHouse({ ...env, MAJORDOMO_HOME: home });

    const restored = await one<{ id: string }>('SELECT id FROM core.restores', []);
    expect(restored).toBeDefined();
    for (const owner of [owners.asked, owners.late, owners.held, owners.between]) {
      const { messages } = await call<{ messages: Array<{ text: string }> }>(owner, '/messages?after=0&limit=100');
      expect(messages.filter(({ text }) => text.includes('was restored from a backup of'))).toHaveLength(1);
    }
    const item = await itemOf(owners.asked);
    const { entries } = await call<{ entries: Array<{ kind: string; event: string }> }>(
      owners.asked,
      `/pipelines/items/${item?.id}/timeline`,
    );
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'house', event: 'restored' }));
  });

  it('sends nothing again: what was on its way is unknown, and the owner settles it', {
    timeout: 120_000,
  }, async () => {
    const { held, between } = owners;
    for (const owner of [held, between]) {
      await isOrdered(owner, 'unknown');
      expect((await intentOf(owner))?.detail).toMatch(/^Restored from a backup of .*; may have been sent after it\.$/);
      await eventually(
        async () => expect((await itemOf(owner))?.next_action).toContain('Find out whether the order arrived'),
        patience,
      );
      await confirm(owner, '2.00');
      await isBought(owner);
    }
  });

  it('goes on with all that was acknowledged', { timeout: 120_000 }, async () => {
    const { vague, asked, late, heard, ordered, bought, after } = owners;
    // The owner looks at his orders, as he was told: one of the two that are asked has gone out after the backup.
    await decide(late, 'reject');
    for (const owner of [asked, heard]) await decide(owner, 'approve');
    await Promise.all([isOrdered(asked), isOrdered(heard), isOrdered(ordered)]);
    for (const owner of [asked, heard, ordered]) await confirm(owner, '1.00');
    for (const owner of [asked, heard, ordered, bought]) await isBought(owner);
    await eventually(async () => {
      expect(await itemOf(late)).toMatchObject({ status: 'open', next_action: expect.stringContaining('buy it now') });
    }, patience);
    expect(await itemOf(vague)).toMatchObject({ status: 'open', stage: 'captured' });
    expect(await itemOf(after)).toBeUndefined();
  });

  it('has ordered nothing twice, and its sums are right', async () => {
    // The Message-ID is made of the purchase's id.
    const purchases = orders().map((line) => z.object({ messageId: z.string() }).parse(JSON.parse(line)).messageId);
    expect(purchases).toHaveLength(7);
    expect(new Set(purchases).size).toBe(7);
    for (const owner of Object.values(owners)) {
      const board = await call<{ sums: { conserved: boolean } }>(owner, '/pipelines/groceries/board');
      expect(board.sums).toMatchObject({ conserved: true });
    }
    const { rows } = await house.core.query<{ thing: string; status: string; settled: number | null }>(
      `SELECT owners.name AS thing, reservation.status, settled_minor AS settled FROM core.budget_reservations reservation
       JOIN core.budgets budget ON budget.id = budget_id JOIN core.owners ON owners.id = budget.owner_id`,
      [],
    );
    expect(new Map(rows.map(({ thing, status, settled }) => [thing, settled ?? status]))).toEqual(
      new Map<string, number | string>([
        ...(['rice', 'millet', 'salt'] as const).map((thing) => [thing, 100] as const),
        ...(['barley', 'lentils'] as const).map((thing) => [thing, 200] as const),
        ['quinoa', 321],
        ['oats', 'released'],
      ]),
    );
  });

  it('reads its histories with its keys', async () => {
    const temporal = await connectTemporal({
      address: house.temporalAddress,
      namespace: 'default',
      dataConverter: dataConverter(loadKeyring({ env: {}, home: house.home })),
    });
    const gate = await one<{ id: string }>('SELECT id FROM core.approvals WHERE owner_id = $1', [owners.ordered.id]);
    const handle = temporal.client.workflow.getHandle(gate?.id ?? '');
    expect(await handle.query(gateStateQuery)).toMatchObject({ status: 'approved' });
    expect((await handle.fetchHistory()).events?.length).toBeGreaterThan(5);
    await temporal.close();
  });
});

describe.sequential('a backup', () => {
  it('that is killed leaves no file, and no Temporal that stands still', { timeout: 60_000 }, async () => {
    const target = join(folder, 'killed.tar');
    const killed = majordomo(['backup', '--to', target, '--rate', '4']);
    await killed.says('Copying Temporal');
    killed.kill('SIGKILL');
    await killed.ended;
    const temporal = house.pidOf('temporal');
    await expect.poll(() => isStopped(temporal)).toBe(false);
    expect(readdirSync(folder)).not.toContain('killed.tar');

    const told = majordomo(['backup', '--to', target, '--rate', '4']);
    await told.says('Copying Postgres');
    told.kill('SIGTERM');
    expect(await told.ended).toBe(1);
    expect(told.output()).toContain('Stopped; nothing was written.');
    expect(readdirSync(folder).sort()).toEqual(['house.tar', 'second', 'shop.log']);
  });

  it('that finds the disk full says so and leaves nothing', { timeout: 60_000 }, async () => {
    // A limit of the size of one file stands for the disk: the tool that writes meets the same end.
    const small = `ulimit -f 8000; exec "${process.execPath}" cli/bootstrap.mjs backup --to "${join(folder, 'full.tar')}"`;
    let output = '';
    try {
      execFileSync('bash', ['-c', small], { env: { ...process.env, ...house.env }, stdio: 'pipe' });
    } catch (error) {
      output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    }
    expect(output).toMatch(/pg_basebackup ended with .*/);
    expect(readdirSync(folder).sort()).toEqual(['house.tar', 'second', 'shop.log']);
  });

  it('does not write over a file, and says where there is no house', async () => {
    const again = majordomo(['backup', '--to', archive]);
    expect(await again.ended).toBe(1);
    expect(again.output()).toContain('exists already');
    const nowhere = majordomo(['backup'], { MAJORDOMO_HOME: join(folder, 'nowhere') });
    expect(await nowhere.ended).toBe(1);
    expect(nowhere.output()).toContain('There is no house in');
  });
});

describe('an archive', () => {
  /** The archive with its manifest changed. */
  function withManifest(name: string, change: (manifest: Record<string, unknown>) => object): string {
    const work = join(folder, `${name}-content`);
    mkdirSync(work);
    execFileSync('tar', ['-xf', archive, '-C', work]);
    const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(work, 'manifest.json'), 'utf8'));
    writeFileSync(join(work, 'manifest.json'), JSON.stringify({ ...manifest, ...change(manifest) }));
    const changed = join(folder, `${name}.tar`);
    execFileSync('tar', ['-cf', changed, '-C', work, 'manifest.json', 'keys', 'temporal', 'postgres']);
    return changed;
  }
  const refused = async (file: string, home = join(folder, 'third'), more: NodeJS.ProcessEnv = {}): Promise<string> => {
    const restore = majordomo(['restore', file, '--home', home], more);
    expect(await restore.ended).toBe(1);
    expect(readdirSync(folder).filter((name) => name.includes('third'))).toEqual([]);
    return restore.output();
  };

  it('that was damaged is refused', async () => {
    const damaged = join(folder, 'damaged.tar');
    cpSync(archive, damaged);
    const bytes = readFileSync(damaged);
    const middle = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    writeFileSync(damaged, bytes);
    expect(await refused(damaged)).toContain('is damaged: postgres/');
    writeFileSync(damaged, bytes.subarray(0, middle));
    expect(await refused(damaged)).toContain('damaged');
    writeFileSync(damaged, randomUUID());
    expect(await refused(damaged)).toContain('no archive of a house');
  });

  it('of a newer house is refused', async () => {
    expect(await refused(withManifest('newer', () => ({ format: 2 })))).toContain(
      'knows none above 1: update it first',
    );
    const migrations = ['core/0001_foundations.sql', 'core/9999_tomorrow.sql'];
    expect(await refused(withManifest('later', () => ({ migrations })))).toContain('core/9999_tomorrow.sql');
    // Without a Python nothing is fetched.
    mkdirSync(join(folder, 'bin'));
    symlinkSync(execFileSync('which', ['tar'], { encoding: 'utf8' }).trim(), join(folder, 'bin', 'tar'));
    const other = withManifest('other', () => ({ postgresMajor: 99 }));
    expect(await refused(other, join(folder, 'third'), { PATH: join(folder, 'bin') })).toContain(
      'which Postgres 99 made',
    );
  });

  it('is not restored over anything', async () => {
    expect(await refused(archive, join(folder, 'second'))).toContain('A house runs in');
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full', 'letter.txt'), 'mine');
    expect(await refused(archive, join(folder, 'full'))).toContain('is not empty');
    expect(readdirSync(join(folder, 'full'))).toEqual(['letter.txt']);
  });
});
