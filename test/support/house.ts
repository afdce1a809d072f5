import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { expect, inject, vi } from 'vitest';
import { createGateCodes } from '../../adapters/gate-code.ts';
import { type Keyring, loadKeyring } from '../../adapters/keyring.ts';
import { createOfflineReader } from '../../adapters/offline-reader/index.ts';
import { dataConverter } from '../../adapters/payload-codec.ts';
import { connectPostgres, type Postgres } from '../../adapters/postgres.ts';
import type { OrderMailer } from '../../adapters/smtp.ts';
import type { LedgerStore } from '../../adapters/store/ledger.ts';
import type { Message } from '../../adapters/store/messages.ts';
import { connectTemporal } from '../../adapters/temporal.ts';
import type { Verdict } from '../../contracts/approvals.ts';
import type { Butler } from '../../contracts/butler.ts';
import { decideUpdate } from '../../contracts/messages.ts';
import { workflowIds } from '../../contracts/names.ts';
import type { Reader } from '../../contracts/reader.ts';
import { loadRoster } from '../../roster/load.ts';
import { createHouse } from '../../workers/house.ts';
import type { TelegramPort } from '../../contracts/telegram.ts';
import { startRelay } from '../../workers/relay.ts';
import { createTestDatabase } from './database.ts';
import { addChat, makeOwner } from './stores.ts';

const roster = fileURLToPath(new URL('../../roster', import.meta.url));

/** What a test changes of the house that ships. */
export interface TestHouseOptions {
  groceries?: Partial<NonNullable<Butler['modules']['groceries']>>;
  approvalExpiresAfterMs?: number;
  reader?: Reader;
  mail?: { mailer: OrderMailer; from: string };
  ledger?: (core: Postgres) => LedgerStore;
  /** Keys of the payload codec, where the run's own will not do. */
  codecKeyring?: Keyring;
  now?: () => Date;
  /** What the worker runs instead of an activity: it may call it twice, or lose its answer. */
  around?: (name: string, run: () => Promise<unknown>) => Promise<unknown>;
  /** With it the house has a relay, and the owner a chat. */
  telegram?: { port: TelegramPort; chatId: number };
  /** None by default, so that a reconcile sees everything. */
  reconcileGraceMs?: number;
}

/** The household of the roster, with a test's settings. Noon, so that quiet hours hold nothing back. */
function butlerOf(options: TestHouseOptions): Butler {
  const [butler] = loadRoster({ directory: roster, env: {} });
  const settings = butler?.modules.groceries;
  if (butler === undefined || settings === undefined) {
    throw new Error('The roster has no household.');
  }
  const approvals = { gatedTools: {}, expiresAfterMs: options.approvalExpiresAfterMs ?? 3_600_000 };
  return { ...butler, modules: { ...butler.modules, approvals, groceries: { ...settings, ...options.groceries } } };
}

Runtime.install({ logger: new DefaultLogger('ERROR') });

/** A whole house without its doors: a database and a task queue of its own, a real worker on the run's one server. */
export async function startHouse(options: TestHouseOptions = {}) {
  const database = await createTestDatabase();
  const core = connectPostgres({ url: database.urlAs('majordomo_core'), env: {} });
  const household = connectPostgres({ url: database.urlAs('majordomo_household'), env: {} });
  const keyring = loadKeyring({ env: {}, home: inject('testHome') });
  const converter = dataConverter(options.codecKeyring ?? keyring);
  const address = inject('temporalAddress');
  const temporal = await connectTemporal({ address, namespace: 'default', dataConverter: converter });
  const taskQueue = `test-${randomUUID()}`;
  const house = createHouse({
    core,
    household,
    client: temporal.client,
    keyring,
    butler: butlerOf(options),
    reader: options.reader ?? createOfflineReader(),
    taskQueue,
    reconcileGraceMs: options.reconcileGraceMs ?? 0,
    now: options.now ?? (() => new Date('2026-11-21T12:00:00Z')),
    ...(options.mail === undefined ? {} : { mail: options.mail }),
    ...(options.ledger && { ledger: options.ledger(core) }),
    ...(options.telegram === undefined ? {} : { telegram: options.telegram.port }),
  });
  const relay =
    options.telegram === undefined
      ? undefined
      : startRelay({ deliveries: house.deliveries, workflows: house.workflows, log: { warn: () => undefined } });
  const activities = options.around === undefined ? house.activities : wrapped(house.activities, options.around);
  const connection = await NativeConnection.connect({ address });
  const startWorker = async () => {
    const worker = await Worker.create({
      connection,
      namespace: 'default',
      taskQueue,
      workflowBundle: { codePath: inject('workflowBundle') },
      activities: relay?.after(activities) ?? activities,
      dataConverter: converter,
      shutdownGraceTime: '1s',
      stickyQueueScheduleToStartTimeout: '1s',
    });
    const running = worker.run();
    return async () => {
      worker.shutdown();
      await running;
    };
  };
  let stopWorker = await startWorker();
  const owner = await makeOwner(core);
  const accountId = options.telegram === undefined ? null : await addChat(core, owner.ownerId, options.telegram.chatId);
  const { workflows } = house;
  const codes = createGateCodes(keyring);
  const { client } = temporal;

  return {
    ...house,
    core,
    household,
    client,
    owner,
    /** The row of the owner's chat. */
    accountId,
    codes,
    taskQueue,
    /** Writes and admits a message of the owner, as a door does. */
    async say(text: string, sourceId: string = randomUUID()): Promise<{ messageId: string; conversationId: string }> {
      const { ownerId } = owner;
      const inbound = {
        ownerId,
        butler: 'household',
        channel: 'api',
        address: 'test',
        source: 'api',
        sourceId,
        body: text,
      };
      const { messageId, conversationId } = await house.messages.insertInbound(inbound);
      await workflows.admit({ conversationId, ownerId, messageId });
      return { messageId, conversationId };
    },
    /** The same in the owner's Telegram chat. */
    async write(
      text: string,
      telegramId: number,
      chatId: number,
    ): Promise<{ messageId: string; conversationId: string }> {
      const { ownerId } = owner;
      const { messageId, conversationId } = await house.messages.insertInbound({
        ownerId,
        butler: 'household',
        channel: 'telegram',
        address: String(chatId),
        source: 'telegram',
        sourceId: String(telegramId),
        body: text,
      });
      await workflows.admit({ conversationId, ownerId, messageId });
      return { messageId, conversationId };
    },
    /** Says something that answers nothing, in a conversation that is no chat. */
    notice: (body: string, showAfter: Date | null = null) =>
      house.messages.insertOutbound({
        ownerId: owner.ownerId,
        conversationId: owner.conversationId,
        butler: 'household',
        kind: 'notice',
        persona: null,
        body,
        dedupeKey: randomUUID(),
        showAfter,
      }),
    /** What the house has said so far. */
    heard: (): Promise<Message[]> => house.messages.listOutbound({ ownerId: owner.ownerId, afterSeq: 0, limit: 200 }),
    items: async () => {
      const { rows } = await core.query<ItemRow>(
        `SELECT id, title, status, stage, stage_state, next_action FROM core.pipeline_items ORDER BY created_at, title`,
      );
      return rows;
    },
    purchases: async () => {
      const { rows } = await household.query<PurchaseRow>(
        'SELECT id, status, round, actual_minor, approval_id, intent_id FROM household.purchases ORDER BY created_at',
      );
      return rows;
    },
    /** The gate that waits, once there is exactly one. */
    openGate: () =>
      eventually(async () => {
        const gates = await house.approvals.list(owner.ownerId, { status: 'pending', limit: 10 });
        expect(gates).toHaveLength(1);
        const [gate] = gates;
        if (gate === undefined) {
          throw new Error('No gate waits.');
        }
        await client.workflow.getHandle(workflowIds.approval(gate.id)).describe();
        return gate;
      }),
    reservations: async () => {
      const { rows } = await core.query<{ status: string; amount_minor: number; settled_minor: number | null }>(
        'SELECT status, amount_minor, settled_minor FROM core.budget_reservations ORDER BY created_at',
      );
      return rows;
    },
    /** Everything the house said of one kind, joined. */
    async said(kind: Message['kind']): Promise<string> {
      const heard = await house.messages.listOutbound({ ownerId: owner.ownerId, afterSeq: 0, limit: 200 });
      return heard
        .filter((message) => message.kind === kind)
        .map((message) => message.body)
        .join('\n');
    },
    /** Decides as a door does: records the wish, then tells the gate. */
    async decide(approvalId: string, verdict: Verdict, decisionId: string = randomUUID()) {
      const { ownerId, approver } = owner;
      await house.approvals.recordAsked({
        approvalId,
        ownerId,
        approver,
        via: 'api',
        feedback: null,
        decisionId,
        verdict,
      });
      return client.workflow
        .getHandle(workflowIds.approval(approvalId))
        .executeUpdate(decideUpdate, { args: [{ decisionId, verdict }] });
    },
    /** The owner's word on a purchase, what he paid or null for not bought, and the nudge that follows it. */
    async confirm(purchaseId: string, amountMinor: number | null) {
      const verdict = amountMinor === null ? 'not_bought' : 'bought';
      const { ownerId, approver: by } = owner;
      const outcome = await house.groceries.confirm({ purchaseId, ownerId, by, verdict, amountMinor });
      await workflows.nudge(workflowIds.purchase(purchaseId));
      return outcome;
    },
    stopWorker: () => stopWorker(),
    async restartWorker(): Promise<void> {
      stopWorker = await startWorker();
    },
    async close(): Promise<void> {
      relay?.stop();
      await stopWorker().catch(() => undefined);
      await Promise.all([core.close(), household.close(), temporal.close(), connection.close()]);
      await database.drop();
    },
  };
}

export type TestHouse = Awaited<ReturnType<typeof startHouse>>;

function wrapped(activities: object, around: NonNullable<TestHouseOptions['around']>): object {
  return Object.fromEntries(
    Object.entries(activities).map(([name, activity]: [string, (input: unknown) => Promise<unknown>]) => [
      name,
      (input: unknown) => around(name, () => activity(input)),
    ]),
  );
}

interface ItemRow {
  id: string;
  title: string;
  status: string;
  stage: string;
  stage_state: string;
  next_action: string | null;
}

interface PurchaseRow {
  id: string;
  status: string;
  round: number;
  actual_minor: number | null;
  approval_id: string | null;
  intent_id: string | null;
}

/** Looks until `look` does not throw, for at most 20 s; the error is the last one. */
export function eventually<Result>(look: () => Promise<Result>, timeout = 20_000): Promise<Result> {
  return vi.waitFor(look, { timeout, interval: 50 });
}
