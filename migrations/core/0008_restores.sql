-- A house that was restored from a backup: what happened between the two is known to nobody. Decisions that stand in
-- approval_events up to last_event_seq give nothing any more that has not begun.
CREATE TABLE core.restores (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  -- everything until then is in the backup
  taken_at timestamptz NOT NULL,
  last_event_seq bigint NOT NULL
);
SELECT core.standardise('core.restores');
