import type { ApiItem, Board, ItemDetail, TimelineEntry } from '../../contracts/api.ts';

const id = '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e20';
const at = '2026-11-21T12:00:00.000Z';

export const exampleItem: ApiItem = {
  id,
  chain: 'groceries',
  title: 'milk',
  status: 'open',
  stage: 'bought',
  stage_state: 'open',
  since: at,
  age_seconds: 3600,
  deadline: '2026-11-24T12:00:00.000Z',
  overdue: false,
  broken: false,
  next_action: 'Approve the purchase, then confirm it with the amount paid.',
  reason: 'The owner has not decided yet.',
  merged_into: null,
  quantity: '3 l',
};

export const exampleBoard: Board = {
  chain: 'groceries',
  as_of: at,
  stages: [
    {
      name: 'bought',
      counts: { open: 1, claimed: 0, done: 4 },
      oldest_seconds: 3600,
      breaks: 0,
      items: [exampleItem],
      more: false,
    },
  ],
  sums: { items_in: 6, by_stage: 5, waived: 0, merged: 1, cancelled: 0, conserved: true },
};

export const exampleDetail: ItemDetail = {
  item: exampleItem,
  invariant: 'A receipt covers the item, and somebody who knows confirmed the purchase with its amount.',
  message: { id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e10', words: 'milk' },
  parts: [{ id, title: 'milk', quantity: '3 l' }],
  purchase: {
    id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e30',
    status: 'asked',
    channel: 'owner',
    shop: 'Corner Market',
    round: 1,
    currency: 'EUR',
    estimate: '3.90',
    actual: null,
    approval_id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e40',
    intent_id: null,
    confirmed_by: null,
    confirmed_at: null,
  },
  workflow: {
    id,
    web_ui_url: `http://127.0.0.1:7780/temporal/namespaces/default/workflows/${id}`,
    history: 'running',
  },
};

export const exampleEntry: TimelineEntry = {
  at,
  kind: 'stage',
  event: 'done',
  stage: 'captured',
  id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e50',
  detail: null,
  evidence: { kind: 'query', value: { name: 'milk', quantity: '3', unit: 'l' } },
};
