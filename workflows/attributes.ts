import { defineSearchAttributeKey, type SearchAttributePair, TypedSearchAttributes } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { ApprovalStatus, RiskTier } from '../contracts/approvals.ts';

const keys = {
  butler: defineSearchAttributeKey('Butler', 'KEYWORD'),
  flow: defineSearchAttributeKey('Flow', 'KEYWORD'),
  stage: defineSearchAttributeKey('Stage', 'KEYWORD'),
  approvalState: defineSearchAttributeKey('ApprovalState', 'KEYWORD'),
  riskTier: defineSearchAttributeKey('RiskTier', 'KEYWORD'),
  owner: defineSearchAttributeKey('Owner', 'KEYWORD'),
  deadline: defineSearchAttributeKey('Deadline', 'DATETIME'),
} as const;

/** What the operator's list of workflows shows of one; ids and states, nothing personal. */
export interface Attributes {
  butler?: string;
  flow?: string;
  stage?: string;
  approvalState?: ApprovalStatus;
  riskTier?: RiskTier;
  owner?: string;
  deadline?: Date;
}

function pairs(values: Attributes): SearchAttributePair[] {
  return Object.entries(values).map(
    ([name, value]) => ({ key: keys[name as keyof Attributes], value }) as SearchAttributePair,
  );
}

/** For starting a child. */
export function attributes(values: Attributes): TypedSearchAttributes {
  return new TypedSearchAttributes(pairs(values));
}

/** For the workflow itself, as it goes along; null takes an attribute away. */
export function show(values: { [Name in keyof Attributes]: Attributes[Name] | null }): void {
  upsertSearchAttributes(
    Object.entries(values).map(
      ([name, value]) => ({ key: keys[name as keyof Attributes], value }) as SearchAttributePair,
    ),
  );
}
