import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { CodeSignal, Decision } from '../contracts/approvals.ts';
import { failureTypes } from '../contracts/failures.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u;

/** Longest feedback and code that a gate takes in, in characters. */
const maxFeedback = 2_000;
const maxCode = 64;

/** Temporal's ports know no login, so whatever arrives by them may have any shape. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && uuid.test(value);
}

export function malformed(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, failureTypes.malformed);
}

/**
 * Temporal runs one flow under an id, so there is one for each thing as long as it runs under that thing's id alone. One
 * that somebody started under another, or on an input of another form, ends here.
 */
export function mustBe(workflowIdOf: (id: string) => string, id: unknown): void {
  if (!isId(id) || workflowInfo().workflowId !== workflowIdOf(id)) {
    throw malformed('A flow takes the id of what it is about, and runs under it.');
  }
}

const isText = (value: unknown, max: number): boolean => typeof value === 'string' && value.length <= max;
const isOptionalText = (value: unknown, max: number): boolean => value === undefined || isText(value, max);

/** Whether an argument is a decision; anything else is refused before it reaches the history. */
export function isDecision(value: unknown): value is Decision {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const { decisionId, verdict, code, feedback } = value as Partial<Record<keyof Decision, unknown>>;
  return (
    isId(decisionId) &&
    (verdict === 'approve' || verdict === 'reject') &&
    isOptionalText(code, maxCode) &&
    isOptionalText(feedback, maxFeedback)
  );
}

/** The code and the word that a plain signal carries, or undefined when it is of no form that we know. */
export function readCodeSignal(value: unknown): Exclude<CodeSignal, string> | undefined {
  if (isText(value, maxCode)) {
    return { code: value as string };
  }
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  const { code, feedback } = value as Record<string, unknown>;
  if (!isText(code, maxCode) || !isOptionalText(feedback, maxFeedback)) {
    return undefined;
  }
  return { code: code as string, ...(feedback === undefined ? {} : { feedback: feedback as string }) };
}
