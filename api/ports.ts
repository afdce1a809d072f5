import type {
  ApiItem,
  ApiMessage,
  ApiPurchase,
  Board,
  ItemDetail,
  Scope,
  ServiceHealth,
  TimelineEntry,
} from '../contracts/api.ts';
import type { KeyState } from '../contracts/api-keys.ts';
import type { Action, ApprovalStatus, DecisionVia, RiskTier, Verdict } from '../contracts/approvals.ts';
import type { ApprovalEvent, BoardEvent } from '../contracts/events.ts';
import type { WorkflowGateway } from '../contracts/gateway.ts';
import type { LimitKind } from '../contracts/limits.ts';
import type { ChainDefinition } from '../contracts/pipelines.ts';
import type { Later } from './later.ts';
import type { TelegramWebhook } from './telegram/webhook.ts';
import type { View } from '../contracts/web-ui.ts';

/** Who is asking: the key, and the owner to whom everything it sees belongs. */
export interface Caller {
  readonly ownerId: string;
  readonly keyId: string;
  /** As it stands in approval_events: `key:<key id>`. */
  readonly account: string;
  readonly scopes: readonly Scope[];
}

export interface KeyPort {
  /** The active key with this SHA-256, in hex; null when there is none. Notes its use, at most once a minute. */
  find(keyHash: string): Promise<{ caller: Caller; expired: boolean } | null>;
  /** Whether a key that was found is good still: neither ended nor expired. */
  holds(keyId: string): Promise<boolean>;
}

/** A key as its owner sees it. */
export interface KeyRecord {
  id: string;
  name: string;
  scopes: Scope[];
  state: KeyState;
  createdAt: Date;
  createdBy: string | null;
  rotatedFrom: string | null;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

/** A key to be: `id` is the same in every try of one request. */
export interface NewKeyFacts {
  id: string;
  keyHash: string;
  createdBy: string;
}

/** `made` is false in a repeat: the key of the first try stands, with the first try's hash. */
export type RotateResult = { kind: 'rotated'; key: KeyRecord; made: boolean } | { kind: 'unknown' } | { kind: 'ended' };

export interface IssuedKeyPort {
  /** Newest first. */
  list(ownerId: string, page: { limit: number; before?: { createdAt: Date; id: string } }): Promise<KeyRecord[]>;
  get(ownerId: string, id: string): Promise<KeyRecord | null>;
  create(
    ownerId: string,
    key: NewKeyFacts & { name: string; scopes: readonly Scope[]; expiresAt: Date | null },
  ): Promise<{ key: KeyRecord; made: boolean }>;
  /** Puts a new key into the place of an active one, which ends `oldValidSeconds` later; undefined keeps the expiry. */
  rotate(
    ownerId: string,
    id: string,
    key: NewKeyFacts & { expiresAt: Date | undefined; oldValidSeconds: number },
  ): Promise<RotateResult>;
  /** Ends a key at once, and the authority of what it asked for. `last`: no other active key has `keys:manage`. */
  revoke(ownerId: string, id: string): Promise<KeyRecord | 'unknown' | 'last'>;
}

/** What a repeated key means. `run`: nobody has answered, this caller now holds it; `id` stays the same over take-overs. */
export type IdempotencyClaim =
  | { kind: 'run'; id: string }
  | { kind: 'answered'; status: number; body: unknown }
  | { kind: 'conflict' }
  | { kind: 'busy' };

export interface IdempotencyPort {
  begin(request: { ownerId: string; key: string; requestHash: string; leaseMs: number }): Promise<IdempotencyClaim>;
  /** Stores the answer; the first one stands. */
  complete(id: string, answer: { status: number; body: unknown }): Promise<void>;
  /** Gives the key back without an answer, so that the next try runs at once. */
  release(id: string): Promise<void>;
}

export interface MessagePort {
  /** Records a message once per source and id; `conflict`: the id is known with other words or in another chat. */
  insertInbound(message: {
    ownerId: string;
    butler: string;
    channel: string;
    address: string;
    source: string;
    sourceId: string;
    body: string;
  }): Promise<{ messageId: string; conversationId: string; duplicate: boolean; conflict: boolean }>;
}

/** Reads of what was said. */
export interface MessageLogPort {
  /** After a seq in that order; in descending order 0 is behind the newest. */
  list(wanted: {
    ownerId: string;
    conversationId: string | null;
    after: number;
    order: 'asc' | 'desc';
    limit: number;
  }): Promise<ApiMessage[]>;
  /** A message and what answered it; null when it is not this owner's, or still held back. */
  get(ownerId: string, id: string): Promise<{ message: ApiMessage; answers: ApiMessage[] } | null>;
}

/** An item with what the door adds to it: everything but the workflow's own state. */
export interface ItemRecord extends Omit<ItemDetail, 'workflow' | 'invariant' | 'purchase'> {
  workflowId: string;
  purchase: ApiPurchase | null;
}

export interface BoardPort {
  board(ownerId: string, chain: ChainDefinition): Promise<Board>;
  item(ownerId: string, id: string): Promise<ItemRecord | null>;
  timeline(ownerId: string, id: string): Promise<TimelineEntry[] | null>;
  itemsOfMessage(ownerId: string, messageId: string): Promise<ApiItem[]>;
}

export type ConfirmResult =
  | { kind: 'confirmed' }
  /** Somebody was first; this word changes nothing. A repeat of the word that stands is `confirmed`. */
  | { kind: 'already'; status: string; by: string | null; at: Date | null }
  | { kind: 'not_ordered' };

export interface PurchasePort {
  /** What a word that names no purchase may be about: the purchase that it was taken for, else all that wait for one. */
  awaiting(word: { ownerId: string; wordId: string }): Promise<Array<{ id: string; currency: string }>>;
  /** Writes the owner's word on an order down before anybody is told; the first word stands. */
  confirm(word: {
    purchaseId: string;
    ownerId: string;
    by: string;
    verdict: 'bought' | 'not_bought';
    /** Minor units of the purchase's currency; null unless bought. */
    amountMinor: number | null;
    /** The word's own id, where it names no purchase. */
    wordId?: string;
  }): Promise<ConfirmResult>;
}

export interface ApprovalRecord {
  id: string;
  butler: string;
  status: ApprovalStatus;
  action: Action;
  actionHash: string;
  codeKeyId: string;
  riskTier: RiskTier;
  createdAt: Date;
  expiresAt: Date;
  expiresInMs: number;
  decisionId: string | null;
  decidedAt: Date | null;
  decidedBy: string | null;
  decidedVia: string | null;
  feedback: string | null;
}

export interface ApprovalPort {
  get(id: string, ownerId: string): Promise<ApprovalRecord | null>;
  list(
    ownerId: string,
    filter: { status?: ApprovalStatus; limit: number; before?: { createdAt: Date; id: string } },
  ): Promise<ApprovalRecord[]>;
  events(id: string): Promise<
    Array<{
      at: Date;
      event: string;
      verdict: Verdict | null;
      approver: string | null;
      via: string | null;
      feedback: string | null;
    }>
  >;
  recordAsked(asked: {
    approvalId: string;
    ownerId: string;
    decisionId: string;
    verdict: Verdict;
    approver: string;
    via: DecisionVia;
    feedback: string | null;
  }): Promise<ApprovalRecord | null>;
}

export interface LimitPort {
  /** Counts one request of a key; `remaining` is what is left until `resetsInMs` milliseconds from now. */
  consume(
    kind: LimitKind,
    keyId: string,
  ): Promise<{ allowed: boolean; limit: number; remaining: number; resetsInMs: number }>;
}

/** A place in a stream of events; what is in it is the store's business. */
export interface EventPosition {
  readonly system: string;
  readonly xact: string;
  readonly kind: number;
  readonly seq: number;
}

/** Events after a place, at most `limit`, each with the place behind it, and from where to read on. */
export interface EventPage<Event> {
  readonly events: ReadonlyArray<{ readonly event: Event; readonly at: EventPosition }>;
  readonly next: EventPosition;
}

export interface EventPort {
  /** The place behind which is what happens from now on. */
  now(): Promise<EventPosition>;
  board(wanted: {
    ownerId: string;
    chain: string;
    after: EventPosition;
    limit: number;
  }): Promise<EventPage<BoardEvent>>;
  approvals(wanted: { ownerId: string; after: EventPosition; limit: number }): Promise<EventPage<ApprovalEvent>>;
}

/** Logins to the Web UI; hashes are SHA-256 in hex. */
export interface LoginPort {
  /** Writes a link down; resolves with the moment until which it opens. */
  offer(link: { id: string; keyId: string; linkHash: string; view: View; lastsMs: number }): Promise<Date>;
  /** Turns a link into a session, once; null when it does not open. */
  open(login: { linkHash: string; sessionHash: string; lastsMs: number }): Promise<{ view: View } | null>;
  /** Whether the session is good now: not over, not ended, its key not revoked. */
  isOpen(sessionHash: string): Promise<boolean>;
  end(sessionHash: string): Promise<void>;
}

/** A payload as Temporal's JSON has it: bytes in base64. */
export interface JsonPayload {
  metadata?: Record<string, string> | undefined;
  data?: string | undefined;
}

export interface CodecPort {
  /** What cannot be read comes back as it is. */
  decode(payloads: readonly JsonPayload[]): Promise<JsonPayload[]>;
  encode(payloads: readonly JsonPayload[]): Promise<JsonPayload[]>;
}

/** Where Temporal's Web UI is, and what it shows. */
export interface WebUi {
  /** Address of the UI server, without a slash at its end; nobody but this process calls it. */
  readonly server: string;
  /** Temporal's namespace. */
  readonly namespace: string;
  /** IANA zone in which a day begins. */
  readonly timezone: string;
}

export interface ModelPort {
  /** Milliseconds until calls are let through again; 0 when they are. */
  blockedForMs(): Promise<number>;
}

/** One part of the house whose state is asked for. */
export interface Probe {
  readonly name: string;
  /** Without it nothing works: the house is unhealthy; otherwise it is degraded. */
  readonly vital: boolean;
  /** What does not work, or only later, without it. */
  readonly features: readonly string[];
  /** Throws when the part does not answer; what it throws is not shown. */
  check(signal: AbortSignal): Promise<Pick<ServiceHealth, 'status' | 'detail'>>;
}

/** A log as pino gives it. */
export interface Log {
  error(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** Everything that the doors need of the house. */
export interface ApiDeps {
  readonly keys: KeyPort;
  readonly issuedKeys: IssuedKeyPort;
  readonly limits: LimitPort;
  readonly idempotency: IdempotencyPort;
  readonly messages: MessagePort;
  readonly messageLog: MessageLogPort;
  readonly board: BoardPort;
  readonly purchases: PurchasePort;
  readonly approvals: ApprovalPort;
  readonly events: EventPort;
  /** Milliseconds after which an event stream ends by itself. */
  readonly streamMs: number;
  /** Aborted when the process is about to end: open streams end then. */
  readonly ending: AbortSignal;
  readonly workflows: WorkflowGateway;
  /** What could not be handed to the workflows is tried again behind the answer. */
  readonly later: Later;
  readonly model: ModelPort;
  readonly probes: readonly Probe[];
  readonly chains: readonly ChainDefinition[];
  /** The butler that reads what comes in. */
  readonly butler: string;
  /** The gate's code; null when its key is not in the keyring any more. */
  readonly codeOf: (approvalId: string, keyId: string) => string | null;
  readonly logins: LoginPort;
  readonly codec: CodecPort;
  /** Temporal's Web UI; null when there is none. */
  readonly webUi: WebUi | null;
  /** Whether an error means that the database cannot be reached. */
  readonly isDatabaseOutage: (error: unknown) => boolean;
  /** Host names besides those of loopback under which the house is served. */
  readonly allowedHosts: readonly string[];
  readonly log: Log;
  /** Where Telegram brings its updates; absent where they are polled for, or there is no bot. */
  readonly telegramWebhook?: TelegramWebhook;
}
