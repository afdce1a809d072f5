-- What leaves the house: the gate that allowed it, the three rows that make it accountable, the money it may cost.
CREATE TABLE core.approvals (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN
    ('pending', 'approved', 'rejected', 'expired', 'cancelled', 'executing', 'executed', 'failed', 'unknown')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL REFERENCES core.owners (id),
  butler text NOT NULL,
  conversation_id uuid NOT NULL REFERENCES core.conversations (id),
  requester_workflow_id text NOT NULL,
  tool text NOT NULL,
  tool_version integer NOT NULL,
  args jsonb NOT NULL,
  account text NOT NULL,
  nonce text NOT NULL,
  action_hash text NOT NULL CHECK (action_hash ~ '^[0-9a-f]{64}$'),
  -- SHA-256 of the single-use code; the code itself is derived from the house's key and never stored
  code_hash text NOT NULL CHECK (code_hash ~ '^[0-9a-f]{64}$'),
  code_key_id text NOT NULL,
  risk_tier text NOT NULL CHECK (risk_tier IN ('low', 'medium', 'high', 'critical')),
  expires_at timestamptz NOT NULL,
  decision_id uuid,
  decided_at timestamptz,
  decided_by text,
  decided_via text,
  feedback text,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity'
);
CREATE INDEX approvals_by_owner ON core.approvals (owner_id, status, created_at);
SELECT core.standardise('core.approvals');
SELECT core.remember('core.approvals');

ALTER TABLE core.messages ADD FOREIGN KEY (approval_id) REFERENCES core.approvals (id);

-- "asked": a door authenticated the owner and recorded what he wants, before any workflow heard of it.
CREATE TABLE core.approval_events (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status = 'active'),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  approval_id uuid NOT NULL REFERENCES core.approvals (id),
  event text NOT NULL CHECK (event IN
    ('requested', 'asked', 'approved', 'rejected', 'expired', 'cancelled', 'refused', 'late', 'executing', 'executed', 'failed', 'unknown')),
  decision_id uuid,
  verdict text CHECK (verdict IN ('approve', 'reject')),
  approver text,
  via text,
  action_hash text NOT NULL,
  feedback text
);
CREATE UNIQUE INDEX approval_events_once ON core.approval_events (approval_id, event, decision_id) NULLS NOT DISTINCT
  WHERE event NOT IN ('executing', 'executed', 'failed', 'unknown');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON core.approval_events FOR EACH ROW EXECUTE FUNCTION core.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON core.approval_events FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
REVOKE UPDATE ON core.approval_events FROM majordomo_core;

CREATE TABLE core.budgets (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL REFERENCES core.owners (id),
  butler text NOT NULL,
  period text NOT NULL CHECK (period = 'week'),
  period_start date NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  cap_minor bigint NOT NULL CHECK (cap_minor >= 0),
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  UNIQUE (owner_id, butler, period, period_start, currency)
);
SELECT core.standardise('core.budgets');
SELECT core.remember('core.budgets');

CREATE TABLE core.budget_reservations (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'reserved' CHECK (status IN ('reserved', 'settled', 'released')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  budget_id uuid NOT NULL REFERENCES core.budgets (id),
  amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
  settled_minor bigint CHECK (settled_minor >= 0),
  workflow_id text NOT NULL,
  attempt integer NOT NULL CHECK (attempt >= 1),
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  CHECK ((status = 'settled') = (settled_minor IS NOT NULL)),
  UNIQUE (workflow_id, attempt)
);
CREATE INDEX budget_reservations_by_budget ON core.budget_reservations (budget_id);
SELECT core.standardise('core.budget_reservations');
SELECT core.remember('core.budget_reservations');

CREATE TABLE core.intents (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'delivered', 'refused', 'expired', 'unknown')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL REFERENCES core.owners (id),
  butler text NOT NULL,
  flow text NOT NULL,
  entity_id uuid NOT NULL,
  step integer NOT NULL,
  tool text NOT NULL,
  action_hash text NOT NULL CHECK (action_hash ~ '^[0-9a-f]{64}$'),
  approval_id uuid NOT NULL REFERENCES core.approvals (id),
  reservation_id uuid REFERENCES core.budget_reservations (id),
  workflow_id text NOT NULL,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  UNIQUE (flow, entity_id, step, action_hash)
);
SELECT core.standardise('core.intents');
SELECT core.remember('core.intents');

CREATE TABLE core.attempts (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'claimed' CHECK (status IN ('claimed', 'sending', 'fenced', 'receipt')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  intent_id uuid NOT NULL REFERENCES core.intents (id),
  number integer NOT NULL CHECK (number >= 1),
  lease_until timestamptz NOT NULL,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  UNIQUE (intent_id, number)
);
SELECT core.standardise('core.attempts');
SELECT core.remember('core.attempts');

-- One receipt per attempt; an intent that was refused or expired before any attempt has one without.
CREATE TABLE core.receipts (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL CHECK (status IN ('delivered', 'refused', 'expired', 'unknown')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  intent_id uuid NOT NULL REFERENCES core.intents (id),
  attempt_id uuid REFERENCES core.attempts (id),
  provider_id text,
  detail text,
  retryable boolean NOT NULL DEFAULT false,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  UNIQUE NULLS NOT DISTINCT (intent_id, attempt_id)
);
CREATE UNIQUE INDEX receipts_delivered_once ON core.receipts (intent_id) WHERE status = 'delivered';
SELECT core.standardise('core.receipts');
SELECT core.remember('core.receipts');
