import { createGateCodes } from '../adapters/gate-code.ts';
import type { Keyring } from '../adapters/keyring.ts';
import { DatabaseUnavailable, type Postgres } from '../adapters/postgres.ts';
import { mailProbe, modelProbe, postgresProbe, temporalProbe, workerProbe } from '../adapters/probes.ts';
import type { OrderMailer } from '../adapters/smtp.ts';
import { createJsonCodec } from '../adapters/json-codec.ts';
import { payloadCodec } from '../adapters/payload-codec.ts';
import { createApprovalStore } from '../adapters/store/approvals.ts';
import { createBoardStore } from '../adapters/store/board.ts';
import { createEventStore } from '../adapters/store/events.ts';
import { createGroceriesStore } from '../adapters/store/groceries.ts';
import { createIdempotencyStore } from '../adapters/store/idempotency.ts';
import { createIssuedKeyStore } from '../adapters/store/issued-keys.ts';
import { createKeyStore } from '../adapters/store/keys.ts';
import { createLimitStore } from '../adapters/store/limits.ts';
import { createLoginStore } from '../adapters/store/logins.ts';
import { createMessageLog } from '../adapters/store/message-log.ts';
import { createMessageStore } from '../adapters/store/messages.ts';
import { createServiceStateStore } from '../adapters/store/service-states.ts';
import type { TemporalConnection } from '../adapters/temporal.ts';
import { createWorkflowGateway, type GatewayDeadlines } from '../adapters/workflow-gateway.ts';
import { createLater } from '../api/later.ts';
import type { ApiDeps, Log } from '../api/ports.ts';
import type { Butler } from '../contracts/butler.ts';
import { groceries as groceriesChain } from '../contracts/chains/groceries.ts';
import { defaultLimits, defaultStreamMs, type Limits } from '../contracts/limits.ts';
import { HouseIncomplete } from './house.ts';

/** What the doors are made of. Whoever composes them closes the connections. */
export interface DoorParts {
  core: Postgres;
  household: Postgres;
  temporal: TemporalConnection;
  taskQueue: string;
  keyring: Keyring;
  /** The household butler, as the roster has it. */
  butler: Butler;
  /** The mail server, when orders go by e-mail. */
  mailer?: OrderMailer;
  /** Address of Temporal's UI server, without a slash at its end; null where there is none. */
  webUi: string | null;
  allowedHosts: readonly string[];
  log: Log;
  deadlines?: GatewayDeadlines;
  limits?: Limits;
  streamMs?: number;
  /** Aborted when the process is about to end. */
  ending?: AbortSignal;
}

/** Wires the stores and the gateway to what the API asks for. Throws HouseIncomplete. */
export function createDoors(parts: DoorParts): ApiDeps {
  const { core, household, temporal, taskQueue, butler, webUi } = parts;
  const settings = butler.modules.groceries;
  if (settings === undefined) throw new HouseIncomplete('roster/household/butler.toml has no [modules.groceries].');
  const { capturedWithinMs: captured, boughtWithinMs: bought } = settings.deadlines;
  const messages = createMessageStore(core);
  const states = createServiceStateStore(core);
  const codes = createGateCodes(parts.keyring);
  return {
    keys: createKeyStore(core),
    issuedKeys: createIssuedKeyStore(core),
    limits: createLimitStore(core, parts.limits ?? defaultLimits),
    idempotency: createIdempotencyStore(core),
    messages,
    messageLog: createMessageLog(core, messages.releaseHeld),
    board: createBoardStore({ core, household }),
    purchases: createGroceriesStore(household, settings),
    approvals: createApprovalStore(core),
    events: createEventStore(core),
    streamMs: parts.streamMs ?? defaultStreamMs,
    ending: parts.ending ?? new AbortController().signal,
    workflows: createWorkflowGateway(temporal.client, {
      taskQueue,
      ...(parts.deadlines && { deadlines: parts.deadlines }),
    }),
    later: createLater(parts.log),
    model: {
      async blockedForMs() {
        const state = await states.get('model');
        return state === null || state.status === 'healthy' ? 0 : state.untilMs;
      },
    },
    probes: [
      postgresProbe(core),
      temporalProbe(temporal.connection, temporal.namespace),
      workerProbe(temporal.connection, temporal.namespace, taskQueue),
      modelProbe(states),
      ...(parts.mailer === undefined ? [] : [mailProbe(parts.mailer)]),
    ],
    chains: [groceriesChain({ captured, bought })],
    butler: butler.name,
    codeOf: codes.knownCodeOf,
    logins: createLoginStore(core),
    codec: createJsonCodec(payloadCodec(parts.keyring)),
    webUi: webUi === null ? null : { server: webUi, namespace: temporal.namespace, timezone: settings.timezone },
    isDatabaseOutage: (error) => error instanceof DatabaseUnavailable,
    allowedHosts: parts.allowedHosts,
    log: parts.log,
  };
}
