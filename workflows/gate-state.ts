import type { ApprovalStatus, Decision, DecisionOutcome } from '../contracts/approvals.ts';

/** A decision on its way through the gate, and what became of it once Postgres has answered. */
interface Entry {
  decision: Decision;
  outcome?: DecisionOutcome;
}

/** Decisions that may wait at once; a flood of forged ones is turned away instead of filling the history. */
const maxWaiting = 100;

/** The order in which decisions are put to Postgres. Pure: no clock, no Temporal. */
export class GateState {
  readonly #entries: Entry[] = [];
  #closed: DecisionOutcome | undefined;
  #nudged = true;

  constructor(public status: ApprovalStatus) {}

  /** How the gate was closed, once it is. */
  get closed(): DecisionOutcome | undefined {
    return this.#closed;
  }

  get full(): boolean {
    return this.#entries.filter((entry) => entry.outcome === undefined).length >= maxWaiting;
  }

  /** True when there is something to do before the time is over. */
  get busy(): boolean {
    return this.#nudged || this.next() !== undefined;
  }

  /** Takes a decision in; the same one twice is one. False when too many wait. */
  offer(decision: Decision): boolean {
    if (this.find(decision.decisionId) !== undefined) {
      return true;
    }
    if (this.full || this.#closed !== undefined) {
      return false;
    }
    this.#entries.push({ decision });
    return true;
  }

  /** Somebody wrote to Postgres: the gate should look there. It looks once at its start, too. */
  nudge(): void {
    this.#nudged = true;
  }

  /** True once for each nudge that came since the last call. */
  takeNudge(): boolean {
    const nudged = this.#nudged;
    this.#nudged = false;
    return nudged;
  }

  next(): Decision | undefined {
    return this.#entries.find((entry) => entry.outcome === undefined)?.decision;
  }

  find(decisionId: string): Entry | undefined {
    return this.#entries.find((entry) => entry.decision.decisionId === decisionId);
  }

  /** What Postgres made of a decision. One without authority leaves the gate as it was. */
  answer(decisionId: string, outcome: DecisionOutcome): void {
    const entry = this.find(decisionId);
    if (entry !== undefined) {
      entry.outcome = outcome;
    }
    if (outcome.status !== 'pending') {
      this.close(outcome);
    }
  }

  /** Closes the gate; whoever still waits learns how. */
  close(outcome: DecisionOutcome): void {
    this.#closed ??= outcome;
    this.status = outcome.status;
    for (const entry of this.#entries) {
      entry.outcome ??= { ...outcome, first: false };
    }
  }

  carry(): Decision[] {
    return this.#entries.filter((entry) => entry.outcome === undefined).map((entry) => entry.decision);
  }
}
