-- Conversations, the messages in them, and the sessions and turns of the model calls that they cause.
CREATE TABLE core.conversations (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL REFERENCES core.owners (id),
  channel text NOT NULL,
  -- the chat's own id in that channel; personal, so it never leaves this table
  address text NOT NULL,
  UNIQUE (owner_id, channel, address)
);
SELECT core.standardise('core.conversations');

-- Inbound: what the owner wrote, deduplicated by the source's own id. Outbound: what the house says, deduplicated by
-- the reason for saying it. seq is the reading cursor: writers hold a lock per conversation until commit, so within one
-- conversation the order of seq is the order of commits.
CREATE TABLE core.messages (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL CHECK (status IN ('received', 'answered', 'failed', 'held', 'sent')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  owner_id uuid NOT NULL REFERENCES core.owners (id),
  conversation_id uuid NOT NULL REFERENCES core.conversations (id),
  butler text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
  kind text NOT NULL CHECK (kind IN ('text', 'answer', 'card', 'list', 'notice')),
  source_id text NOT NULL,
  body text NOT NULL CHECK (body <> ''),
  persona text,
  in_reply_to uuid REFERENCES core.messages (id),
  approval_id uuid,
  -- quiet hours: until this moment a notice is held; then it takes a new seq, because readers have passed its old one
  show_after timestamptz NOT NULL DEFAULT now(),
  UNIQUE (owner_id, source, source_id)
);
CREATE INDEX messages_by_conversation ON core.messages (conversation_id, seq);
CREATE INDEX messages_held ON core.messages (owner_id, show_after) WHERE status = 'held';
CREATE INDEX messages_waiting ON core.messages (created_at) WHERE status = 'received';
SELECT core.standardise('core.messages');
ALTER TABLE core.messages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY house ON core.messages TO majordomo_core USING (true);
CREATE POLICY migrations ON core.messages TO CURRENT_USER USING (true);
CREATE POLICY own_butler ON core.messages FOR SELECT TO PUBLIC USING (butler = core.current_butler());

CREATE TABLE core.sessions (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'ended', 'abandoned', 'archived')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL REFERENCES core.owners (id),
  butler text NOT NULL,
  parent_id uuid REFERENCES core.sessions (id),
  purpose text NOT NULL,
  mode text NOT NULL CHECK (mode IN ('sparring', 'execution', 'debug')),
  trigger_source text NOT NULL,
  message_id uuid REFERENCES core.messages (id),
  workflow_id text NOT NULL,
  model text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  success boolean,
  error text,
  -- micro-units of the currency that the model is billed in (1e-6); null where no price is known
  cost_micro bigint,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity'
);
SELECT core.standardise('core.sessions');
SELECT core.remember('core.sessions');

CREATE TABLE core.turns (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL CHECK (status IN ('ok', 'errored', 'archived')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  session_id uuid NOT NULL REFERENCES core.sessions (id),
  turn_num integer NOT NULL CHECK (turn_num >= 1),
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  user_message text NOT NULL,
  assistant_response text,
  -- what the answer was parsed into; the next step reads this, never the text again
  result jsonb,
  model text NOT NULL,
  tokens_in integer NOT NULL DEFAULT 0,
  tokens_out integer NOT NULL DEFAULT 0,
  tokens_cache_read integer NOT NULL DEFAULT 0,
  tokens_cache_write integer NOT NULL DEFAULT 0,
  tool_calls_count integer NOT NULL DEFAULT 0,
  error_note text,
  classified_at timestamptz,
  classification jsonb,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  UNIQUE (session_id, turn_num)
);
SELECT core.standardise('core.turns');
SELECT core.remember('core.turns');
