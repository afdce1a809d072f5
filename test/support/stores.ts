import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { createGateCodes } from '../../adapters/gate-code.ts';
import { loadKeyring } from '../../adapters/keyring.ts';
import { connectPostgres, type Postgres } from '../../adapters/postgres.ts';
import { createApprovalStore } from '../../adapters/store/approvals.ts';
import { createBudgetStore } from '../../adapters/store/budgets.ts';
import { createLedgerStore } from '../../adapters/store/ledger.ts';
import { actionHash } from '../../contracts/action.ts';
import type { Action, RiskTier } from '../../contracts/approvals.ts';
import { createTestDatabase } from './database.ts';

/** An owner with one account, known as `key:<account>`. */
export interface TestOwner {
  ownerId: string;
  account: string;
  approver: string;
  conversationId: string;
}

/** The core stores over a database of the test's own. */
export async function openStores() {
  const database = await createTestDatabase();
  const core = connectPostgres({ url: database.urlAs('majordomo_core'), env: {} });
  const codes = createGateCodes(loadKeyring({ env: {}, home: inject('testHome') }));
  const approvals = createApprovalStore(core);
  return {
    database,
    core,
    codes,
    approvals,
    ledger: createLedgerStore(core),
    budgets: createBudgetStore(core),
    owner: await makeOwner(core),
    async close(): Promise<void> {
      await core.close();
      await database.drop();
    },
  };
}

export type Stores = Awaited<ReturnType<typeof openStores>>;

/** A new owner with an account and a conversation. */
export async function makeOwner(core: Postgres): Promise<TestOwner> {
  const [ownerId, account, conversationId] = [randomUUID(), randomUUID(), randomUUID()];
  await core.query(`INSERT INTO core.owners (id, source, name) VALUES ($1, 'test', 'owner')`, [ownerId]);
  await core.query(
    `INSERT INTO core.owner_accounts (id, source, owner_id, channel, account) VALUES ($1, 'test', $2, 'key', $3)`,
    [randomUUID(), ownerId, account],
  );
  await core.query(
    `INSERT INTO core.conversations (id, source, owner_id, channel, address) VALUES ($1, 'test', $2, 'api', $3)`,
    [conversationId, ownerId, conversationId],
  );
  return { ownerId, account, approver: `key:${account}`, conversationId };
}

/** Gives an owner a Telegram account; answers its row's id. */
export async function addChat(core: Postgres, ownerId: string, chatId: number): Promise<string> {
  const id = randomUUID();
  await core.query(
    `INSERT INTO core.owner_accounts (id, source, owner_id, channel, account) VALUES ($1, 'test', $2, 'telegram', $3)`,
    [id, ownerId, String(chatId)],
  );
  return id;
}

/** A gate over a made-up action, and its code. */
export async function openGate(
  stores: Pick<Stores, 'approvals' | 'codes' | 'owner'>,
  options: { riskTier?: RiskTier; expiresAfterMs?: number; tool?: string } = {},
) {
  const { approvals, codes, owner } = stores;
  const id = randomUUID();
  const action: Action = {
    tool: options.tool ?? 'test_tool',
    toolVersion: 1,
    args: { what: 'milk' },
    account: 'owner',
    nonce: id,
  };
  const approval = await approvals.request({
    id,
    ownerId: owner.ownerId,
    butler: 'household',
    conversationId: owner.conversationId,
    requesterWorkflowId: `test-${id}`,
    action,
    actionHash: actionHash(action),
    ...codes.issue(id),
    riskTier: options.riskTier ?? 'medium',
    expiresAfterMs: options.expiresAfterMs ?? 3_600_000,
  });
  return { approval, code: codes.codeOf(id, approval.codeKeyId) };
}

/** What a door does for an authenticated owner: records the wish and returns the decision to send on. */
export async function ask(
  stores: Pick<Stores, 'approvals' | 'owner'>,
  approvalId: string,
  verdict: 'approve' | 'reject',
) {
  const decision = { decisionId: randomUUID(), verdict };
  const { ownerId, approver } = stores.owner;
  await stores.approvals.recordAsked({ approvalId, ownerId, approver, via: 'api', feedback: null, ...decision });
  return decision;
}
