import type { ApiApproval } from '../../contracts/api.ts';

export const exampleApproval: ApiApproval = {
  id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e40',
  status: 'pending',
  butler: 'household',
  tool: 'household_purchase_owner',
  account: 'owner',
  args: { shop: 'Corner Market', currency: 'EUR', estimate_minor: 390 },
  risk_tier: 'medium',
  action: '9f2c1a7b04de',
  card: 'Buy one thing at Corner Market?\n• milk — 3 l — €3.90',
  created_at: '2026-11-21T12:00:00.000Z',
  expires_at: '2026-11-23T12:00:00.000Z',
  decided_at: null,
  decided_by: null,
  decided_via: null,
  feedback: null,
};

export const exampleDecision = {
  approval_id: exampleApproval.id,
  decision_id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e60',
  status: 'approved' as const,
  decided_by: 'key:018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e70',
  decided_via: 'api',
  decided_at: '2026-11-21T12:05:00.000Z',
};
