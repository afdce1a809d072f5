/** Who acts in a stage. */
export type StageActor = 'owner' | 'butler' | 'job' | 'gate';

/** Where the proof of a stage comes from. */
export type EvidenceKind = 'query' | 'file' | 'http' | 'mailbox' | 'owner';

/** One link of a chain: who acts, by when, what proves it, what to do when it is late. */
export interface StageDefinition {
  name: string;
  actor: StageActor;
  /** Milliseconds from entering the stage until it counts as a break; null means no deadline. */
  deadlineMs: number | null;
  evidence: EvidenceKind;
  /** The invariant in one sentence, shown on the board. */
  invariant: string;
  /** The next action when the stage is open, and when it is overdue. */
  nextAction: string;
  onBreak: string;
}

/** A chain is data: the engine knows none by name. Its evidence functions stand in `activities/chains/`. */
export interface ChainDefinition {
  name: string;
  butler: string;
  persona: { name: string; emoji: string };
  stages: readonly StageDefinition[];
}

export type ItemStatus = 'open' | 'done' | 'cancelled' | 'merged' | 'waived';
export type StageState = 'open' | 'claimed' | 'done';

/** Where an item is, as the engine needs to know it. */
export interface ItemState {
  itemId: string;
  ownerId: string;
  status: ItemStatus;
  stage: string;
  stageState: StageState;
  /** ISO 8601; null when the stage has no deadline. */
  deadline: string | null;
  /** Milliseconds left until the deadline by the database's clock, negative when it has passed; null without one. */
  deadlineInMs: number | null;
  /** True once the break of this stage has been recorded. */
  broken: boolean;
}

/** Input of the item workflow. The chain is its label in Temporal; the one that counts stands on the item's row. */
export interface ItemInput {
  itemId: string;
  ownerId: string;
  chain: ChainDefinition;
}

/**
 * What an evidence function says of a stage: it holds, with the evidence; it is claimed, with what is missing; or it is
 * open.
 */
export type StageFinding =
  | { holds: true; evidence: Record<string, unknown> }
  | { holds: false; claimed: boolean; missing: string };
