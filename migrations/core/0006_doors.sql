-- What the doors need beyond the first key: keys that people make, a limit per key, events in an order that can be resumed.
ALTER TABLE core.api_keys
  -- the key by which this one was made; null for the first
  ADD COLUMN created_by uuid REFERENCES core.api_keys (id),
  ADD COLUMN rotated_from uuid UNIQUE REFERENCES core.api_keys (id);
CREATE INDEX api_keys_by_owner ON core.api_keys (owner_id, created_at);

-- The first key may do everything, also what came after it.
UPDATE core.api_keys SET scopes = scopes || ARRAY['keys:manage']
WHERE source = 'first-start' AND NOT 'keys:manage' = ANY (scopes);

-- Of the form that rate-limiter-flexible wants. Unlogged: counting costs no wait for the disk, and a crash forgives.
CREATE UNLOGGED TABLE core.rate_limits (
  key varchar(255) PRIMARY KEY,
  points integer NOT NULL DEFAULT 0,
  -- milliseconds since 1970
  expire bigint
);

-- seq is given at the insert and seen at the commit, so it alone is no reading cursor. Below the oldest transaction that
-- still runs nothing new appears: there (xact, seq) is an order that all readers share.
ALTER TABLE core.stage_events ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE core.invariant_events ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE core.approval_events ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX stage_events_stream ON core.stage_events (xact, seq);
CREATE INDEX invariant_events_stream ON core.invariant_events (xact, seq);
CREATE INDEX approval_events_stream ON core.approval_events (xact, seq);

-- Transaction ids belong to one server: after the rows were loaded into another, its restore calls this, which puts all
-- of them, in their old order, before whatever comes.
CREATE FUNCTION core.restamp_events() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['stage_events', 'invariant_events', 'approval_events'] LOOP
    EXECUTE format('ALTER TABLE core.%I DROP COLUMN xact', name);
    EXECUTE format('ALTER TABLE core.%I ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id()', name);
    EXECUTE format('CREATE INDEX %I ON core.%I (xact, seq)', name || '_stream', name);
  END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION core.restamp_events() FROM PUBLIC;
