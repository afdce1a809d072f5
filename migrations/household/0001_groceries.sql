-- The household butler's own schema, and what its role may see and change of the house.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'majordomo_household') THEN
    CREATE ROLE majordomo_household NOLOGIN;
  END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS household;
GRANT USAGE ON SCHEMA household TO majordomo_household;
GRANT USAGE ON SCHEMA core TO majordomo_household;
GRANT SELECT ON core.messages, core.pipeline_items_history TO majordomo_household;
GRANT SELECT, INSERT, UPDATE ON core.pipeline_items, core.pipeline_links, core.stage_events, core.invariant_events TO majordomo_household;
ALTER DEFAULT PRIVILEGES IN SCHEMA household GRANT SELECT, INSERT, UPDATE ON TABLES TO majordomo_household;

-- One purchase gathers items, asks once, and is bought or not. At most one per owner is still undecided.
CREATE TABLE household.purchases (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'planning' CHECK (status IN
    ('planning', 'asked', 'ordering', 'ordered', 'unknown', 'bought', 'not_bought', 'rejected', 'expired', 'cancelled', 'over_budget', 'failed')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  channel text NOT NULL CHECK (channel IN ('owner', 'email')),
  shop text NOT NULL,
  shop_address text,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- each plan is a round: a change of the items before the decision cancels the gate and opens the next round
  round integer NOT NULL DEFAULT 0,
  lines jsonb NOT NULL DEFAULT '[]',
  estimate_minor bigint NOT NULL DEFAULT 0 CHECK (estimate_minor >= 0),
  approval_id uuid,
  reservation_id uuid,
  intent_id uuid,
  actual_minor bigint CHECK (actual_minor >= 0),
  confirmed_by text,
  confirmed_at timestamptz,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  CHECK (channel <> 'email' OR shop_address IS NOT NULL)
);
CREATE UNIQUE INDEX purchases_one_undecided ON household.purchases (owner_id) WHERE status IN ('planning', 'asked');
SELECT core.standardise('household.purchases');
SELECT core.remember('household.purchases');

-- What one message asked for; id is the pipeline item's id. Quantities are exact: thousandths of the base unit.
CREATE TABLE household.needs (
  id uuid PRIMARY KEY REFERENCES core.pipeline_items (id),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL,
  name text NOT NULL CHECK (name <> ''),
  name_key text NOT NULL CHECK (name_key <> ''),
  -- as it was said; null until the owner has answered how much
  quantity numeric(12, 3) CHECK (quantity > 0),
  unit text,
  base_milli bigint CHECK (base_milli > 0),
  base_unit text,
  quantity_origin text CHECK (quantity_origin IN ('said', 'regular')),
  message_id uuid NOT NULL,
  span_start integer NOT NULL CHECK (span_start >= 0),
  span_end integer NOT NULL CHECK (span_end > span_start),
  span_text text NOT NULL,
  purchase_id uuid REFERENCES household.purchases (id),
  confidence real CHECK (confidence BETWEEN 0 AND 1),
  importance integer CHECK (importance BETWEEN 1 AND 5),
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  CHECK ((quantity IS NULL) = (quantity_origin IS NULL) AND (quantity IS NULL) = (base_milli IS NULL) AND (quantity IS NULL) = (unit IS NULL) AND (quantity IS NULL) = (base_unit IS NULL))
);
CREATE INDEX needs_open ON household.needs (owner_id, name_key);
CREATE INDEX needs_by_purchase ON household.needs (purchase_id);
SELECT core.standardise('household.needs');
SELECT core.remember('household.needs');

-- What was made of a message, so that a repeated capture answers what the first one did.
CREATE TABLE household.captures (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  result jsonb NOT NULL,
  -- what the owner is told
  report jsonb NOT NULL
);
SELECT core.standardise('household.captures');

-- The stages as the household sees them, with what has been merged into each item summed up.
CREATE VIEW household.item_totals WITH (security_invoker = true) AS
SELECT root.id, root.owner_id, root.name, root.name_key, root.purchase_id, root.base_unit,
  sum(part.base_milli)::bigint AS base_milli,
  count(*)::integer AS parts
FROM household.needs root
JOIN core.pipeline_items item ON item.id = root.id AND item.merged_into IS NULL
JOIN LATERAL (
  SELECT root.base_milli
  UNION ALL
  SELECT need.base_milli FROM household.needs need JOIN core.pipeline_items merged ON merged.id = need.id WHERE merged.merged_into = root.id
) part ON true
GROUP BY root.id;
