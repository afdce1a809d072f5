import { type ProblemBody, type ProblemSlug, problemType } from '../contracts/problems.ts';

/** The house answered with a problem document. */
export class HouseRefused extends Error {
  override readonly name = 'HouseRefused';

  constructor(readonly problem: ProblemBody) {
    super(`${problem.title} ${problem.detail}`);
  }

  is(...slugs: ProblemSlug[]): boolean {
    return slugs.some((slug) => problemType(slug) === this.problem.type);
  }
}

/** Nobody answered in time, or what answered is not the house; whether the request arrived is not known. */
export class HouseUnreachable extends Error {
  override readonly name = 'HouseUnreachable';
}

const passing = ['database-unavailable', 'idempotency-in-progress', 'rate-limited', 'too-many-streams'] as const;

/**
 * Whether the same request may succeed a little later: the house, or a part of it, is away or still at work on it,
 * or was asked too often. `problem.retry_after` says when, where the house knows.
 */
export function isPassing(error: unknown): error is HouseRefused | HouseUnreachable {
  if (error instanceof HouseUnreachable) return true;
  return error instanceof HouseRefused && error.is(...passing);
}
