-- Invariant pipelines, one table family for every chain of every butler. A butler's role sees the rows of its own
-- butler and no others, so that domain rows and pipeline rows change in one transaction.
CREATE TABLE core.pipeline_items (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'done', 'cancelled', 'merged', 'waived')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL REFERENCES core.owners (id),
  butler text NOT NULL,
  chain text NOT NULL,
  title text NOT NULL,
  -- the stage being worked on, or the last one of a finished item
  stage text NOT NULL,
  -- open: nobody says that it is done; claimed: somebody does, without evidence; done: the evidence was observed
  stage_state text NOT NULL DEFAULT 'open' CHECK (stage_state IN ('open', 'claimed', 'done')),
  stage_since timestamptz NOT NULL DEFAULT now(),
  deadline timestamptz,
  next_action text,
  reason text,
  message_id uuid REFERENCES core.messages (id),
  conversation_id uuid REFERENCES core.conversations (id),
  merged_into uuid REFERENCES core.pipeline_items (id),
  workflow_id text NOT NULL,
  confidence real CHECK (confidence BETWEEN 0 AND 1),
  importance integer CHECK (importance BETWEEN 1 AND 5),
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  CHECK ((status = 'merged') = (merged_into IS NOT NULL))
);
CREATE INDEX pipeline_items_board ON core.pipeline_items (owner_id, chain, status, stage);
CREATE INDEX pipeline_items_merged ON core.pipeline_items (merged_into) WHERE merged_into IS NOT NULL;
SELECT core.standardise('core.pipeline_items');
SELECT core.remember('core.pipeline_items');

-- The items as they stood at a moment: SELECT * FROM core.pipeline_items_as_of('2026-11-21T12:00:00Z').
CREATE FUNCTION core.pipeline_items_as_of(moment timestamptz) RETURNS SETOF core.pipeline_items LANGUAGE sql STABLE AS $$
  SELECT * FROM core.pipeline_items WHERE valid_from <= moment AND valid_to > moment
  UNION ALL
  SELECT * FROM core.pipeline_items_history WHERE valid_from <= moment AND valid_to > moment
$$;

CREATE TABLE core.pipeline_links (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  butler text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('merge', 'split')),
  from_item uuid NOT NULL REFERENCES core.pipeline_items (id),
  to_item uuid NOT NULL REFERENCES core.pipeline_items (id),
  UNIQUE (kind, from_item, to_item)
);
SELECT core.standardise('core.pipeline_links');

CREATE TABLE core.stage_events (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  seq bigint GENERATED ALWAYS AS IDENTITY,
  butler text NOT NULL,
  item_id uuid NOT NULL REFERENCES core.pipeline_items (id),
  stage text NOT NULL,
  event text NOT NULL CHECK (event IN ('entered', 'claimed', 'done', 'cancelled', 'merged')),
  -- what makes a repeat of the same event the same row
  dedupe text NOT NULL DEFAULT '',
  evidence_kind text CHECK (evidence_kind IN ('query', 'file', 'http', 'mailbox', 'owner')),
  evidence jsonb,
  UNIQUE (item_id, stage, event, dedupe),
  CHECK (event <> 'done' OR (evidence IS NOT NULL AND evidence_kind IS NOT NULL))
);
SELECT core.standardise('core.stage_events');

CREATE TABLE core.invariant_events (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  seq bigint GENERATED ALWAYS AS IDENTITY,
  butler text NOT NULL,
  item_id uuid NOT NULL REFERENCES core.pipeline_items (id),
  stage text NOT NULL,
  event text NOT NULL CHECK (event IN ('break', 'ack', 'waive', 'repair')),
  dedupe text NOT NULL DEFAULT '',
  persona text NOT NULL,
  reason text NOT NULL,
  next_action text NOT NULL,
  UNIQUE (item_id, stage, event, dedupe)
);
SELECT core.standardise('core.invariant_events');

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['pipeline_items', 'pipeline_items_history', 'pipeline_links', 'stage_events', 'invariant_events'] LOOP
    EXECUTE format('ALTER TABLE core.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY house ON core.%I TO majordomo_core USING (true)', name);
    EXECUTE format('CREATE POLICY migrations ON core.%I TO CURRENT_USER USING (true)', name);
    EXECUTE format('CREATE POLICY own_butler ON core.%I TO PUBLIC USING (butler = core.current_butler())', name);
  END LOOP;
END
$$;

-- Items in = items by stage + waived + merged + cancelled, per owner and chain, provable at any time.
CREATE VIEW core.pipeline_sums WITH (security_invoker = true) AS
SELECT owner_id, chain,
  count(*) AS items_in,
  count(*) FILTER (WHERE status IN ('open', 'done')) AS by_stage,
  count(*) FILTER (WHERE status = 'waived') AS waived,
  count(*) FILTER (WHERE status = 'merged') AS merged,
  count(*) FILTER (WHERE status = 'cancelled') AS cancelled
FROM core.pipeline_items GROUP BY owner_id, chain;
