/** What a conversation carries from one run to the next. */
export interface ConversationCarry {
  conversationId: string;
  ownerId: string;
  /** Admitted and not yet thought about, in order. */
  waiting: string[];
  /** Ids admitted lately, so that a repeated admission is the same one; bounded. */
  recent: string[];
}

/** Admissions remembered; older repeats are caught by the unique key in Postgres. */
const remembered = 200;

/** The order in which messages were admitted. Pure: no clock, no Temporal. */
export class ConversationState {
  #waiting: string[];
  readonly #recent: string[];

  constructor(carry: Pick<ConversationCarry, 'waiting' | 'recent'>) {
    this.#waiting = [...carry.waiting];
    this.#recent = [...carry.recent];
  }

  /** Takes a message in; false when it had been taken in before. */
  admit(messageId: string): boolean {
    if (this.#recent.includes(messageId) || this.#waiting.includes(messageId)) {
      return false;
    }
    this.#waiting.push(messageId);
    this.#recent.push(messageId);
    this.#recent.splice(0, Math.max(0, this.#recent.length - remembered));
    return true;
  }

  /** Puts messages that were recorded earlier in front; those that had their turn before stay out. */
  precede(earlier: readonly string[]): void {
    const taken = earlier.filter((id) => this.admit(id) || this.#waiting.includes(id));
    this.#waiting = [...taken, ...this.#waiting.filter((id) => !taken.includes(id))];
  }

  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** The oldest waiting message; it stays until `done`. */
  next(): string | undefined {
    return this.#waiting[0];
  }

  done(messageId: string): void {
    const index = this.#waiting.indexOf(messageId);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
    }
  }

  carry(): Pick<ConversationCarry, 'waiting' | 'recent'> {
    return { waiting: [...this.#waiting], recent: [...this.#recent] };
  }
}
