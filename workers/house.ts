import type { Client } from '@temporalio/client';
import { groceriesEvidence } from '../activities/chains/groceries.ts';
import { createEffectActivities } from '../activities/effects.ts';
import { createGateActivities } from '../activities/gate.ts';
import { createMessageActivities } from '../activities/messages.ts';
import { createOutboxActivities } from '../activities/outbox.ts';
import { createPipelineActivities } from '../activities/pipelines.ts';
import { createPurchaseActivities } from '../activities/purchase.ts';
import { createReconcileActivities } from '../activities/reconcile.ts';
import { createEmailChannel } from '../adapters/channels/email.ts';
import { createOwnerChannel } from '../adapters/channels/owner.ts';
import { createGateCodes } from '../adapters/gate-code.ts';
import { createHouseWorkflows } from '../adapters/house-workflows.ts';
import type { Keyring } from '../adapters/keyring.ts';
import type { Postgres } from '../adapters/postgres.ts';
import type { OrderMailer } from '../adapters/smtp.ts';
import { createApprovalStore } from '../adapters/store/approvals.ts';
import { createBudgetStore } from '../adapters/store/budgets.ts';
import { createDeliveryStore } from '../adapters/store/deliveries.ts';
import { createGroceriesStore, groceriesFacts } from '../adapters/store/groceries.ts';
import { createLedgerStore, type LedgerStore } from '../adapters/store/ledger.ts';
import { createMessageStore } from '../adapters/store/messages.ts';
import { createOpenWorkStore } from '../adapters/store/open-work.ts';
import { createPipelineStore } from '../adapters/store/pipelines.ts';
import { createSessionStore } from '../adapters/store/sessions.ts';
import type { Butler } from '../contracts/butler.ts';
import { groceries as groceriesChain } from '../contracts/chains/groceries.ts';
import * as defaults from '../contracts/defaults.ts';
import { taskQueue } from '../contracts/names.ts';
import type { EffectTool } from '../contracts/effect-tool.ts';
import type { Reader } from '../contracts/reader.ts';
import type { TelegramPort } from '../contracts/telegram.ts';

/** What a house is made of: connections, keys, settings. Whoever composes one closes them. */
export interface HouseParts {
  core: Postgres;
  household: Postgres;
  client: Client;
  keyring: Keyring;
  /** The household butler, as the roster has it. */
  butler: Butler;
  reader: Reader;
  /** The one on `core`, unless told otherwise. */
  ledger?: LedgerStore;
  /** Absent where no mail account is set: then the order channel `email` cannot be used. */
  mail?: { mailer: OrderMailer; from: string };
  /** Absent where there is no bot: then what the house says waits for one. */
  telegram?: TelegramPort;
  /** The house's own by default. */
  taskQueue?: string;
  /** Milliseconds; default in contracts/defaults.ts. */
  reconcileGraceMs?: number;
  now?: () => Date;
}

/** The household needs a part that is not there; the sentence says which. */
export class HouseIncomplete extends Error {
  override readonly name = 'HouseIncomplete';
}

/** Wires stores, channels and activities. Throws HouseIncomplete. */
export function createHouse(parts: HouseParts) {
  const { core, household, client, keyring, butler, reader, mail } = parts;
  const settings = butler.modules.groceries;
  if (settings === undefined) {
    throw new HouseIncomplete('roster/household/butler.toml has no [modules.groceries].');
  }
  if (settings.channel === 'email' && mail === undefined) {
    throw new HouseIncomplete(
      'The order channel is e-mail, and no mail account is set: set MAJORDOMO_SMTP_HOST and its like.',
    );
  }
  const now = parts.now ?? (() => new Date());
  const chain = groceriesChain({
    captured: settings.deadlines.capturedWithinMs,
    bought: settings.deadlines.boughtWithinMs,
  });
  const { persona } = chain;
  const approvals = createApprovalStore(core);
  const budgets = createBudgetStore(core);
  const ledger = parts.ledger ?? createLedgerStore(core);
  const messages = createMessageStore(core);
  const deliveries = createDeliveryStore(core, messages.releaseHeld);
  const sessions = createSessionStore(core);
  const pipelines = createPipelineStore(household);
  const groceries = createGroceriesStore(household, settings);
  const tools = toolsOf([
    createOwnerChannel({ messages, butler: butler.name, persona }),
    ...(mail === undefined ? [] : [createEmailChannel(mail)]),
  ]);
  const codes = createGateCodes(keyring);
  const workflows = createHouseWorkflows(client, parts.taskQueue ?? taskQueue);
  const understanding = createMessageActivities({ messages, sessions, groceries, reader, butler, now });
  const activities = {
    ...understanding,
    ...createPipelineActivities({
      pipelines,
      messages,
      evidence: { [chain.name]: groceriesEvidence(groceriesFacts) },
      settings,
      now,
    }),
    ...createGateActivities({ approvals }),
    ...createEffectActivities({ ledger, approvals, tools, leaseMs: defaults.sendDeadline }),
    ...createPurchaseActivities({
      groceries,
      budgets,
      approvals,
      ledger,
      messages,
      codes,
      tools,
      settings,
      persona,
      account: settings.channel === 'email' ? (mail?.from ?? '') : 'owner',
      approvalExpiresAfterMs: butler.modules.approvals?.expiresAfterMs ?? defaults.approvalExpiresAfter,
      now,
    }),
    ...createOutboxActivities({
      deliveries,
      telegram: parts.telegram,
      codeOf: codes.knownCodeOf,
      leaseMs: defaults.deliveryDeadline,
    }),
    ...createReconcileActivities({
      openWork: createOpenWorkStore({ core, household }),
      pipelines,
      approvals,
      groceries,
      budgets,
      ledger,
      workflows,
      chains: new Map([[chain.name, chain]]),
      failMessage: (input) => understanding.failMessage(input),
      graceMs: parts.reconcileGraceMs ?? defaults.reconcileGrace,
    }),
  };
  return { activities, approvals, budgets, deliveries, ledger, messages, sessions, pipelines, groceries, workflows };
}

function toolsOf(tools: EffectTool[]): ReadonlyMap<string, EffectTool> {
  return new Map(tools.map((tool) => [tool.name, tool]));
}
