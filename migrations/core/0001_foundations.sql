-- The vocabulary that every later table uses: roles, the three trigger functions, owners and their accounts.
-- Roles are created without login; the migrator gives them derived passwords after the migrations.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'majordomo_core') THEN
    CREATE ROLE majordomo_core NOLOGIN;
  END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS core;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA core TO majordomo_core;
ALTER DEFAULT PRIVILEGES IN SCHEMA core GRANT SELECT, INSERT, UPDATE ON TABLES TO majordomo_core;

-- The butler that the connected role stands for: role majordomo_household acts for household.
CREATE FUNCTION core.current_butler() RETURNS text LANGUAGE sql STABLE
AS $$ SELECT CASE WHEN current_user LIKE 'majordomo\_%' THEN substr(current_user, 11) END $$;

CREATE FUNCTION core.set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at);
  RETURN NEW;
END
$$;

-- Copies the old version of a row into <table>_history and opens a new validity interval. clock_timestamp, because
-- the transaction that started first may well write last; greatest, because clocks step back.
CREATE FUNCTION core.keep_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  moment timestamptz := greatest(clock_timestamp(), OLD.valid_from);
BEGIN
  OLD.valid_to := moment;
  EXECUTE format('INSERT INTO %I.%I SELECT ($1).*', TG_TABLE_SCHEMA, TG_TABLE_NAME || '_history') USING OLD;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  NEW.valid_from := moment;
  NEW.valid_to := 'infinity';
  RETURN NEW;
END
$$;

CREATE FUNCTION core.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

-- One call gives a table its updated_at trigger.
CREATE FUNCTION core.standardise(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER set_updated_at BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION core.set_updated_at()', target);
END
$$;

-- One call gives a table with valid_from/valid_to its history twin, which no role may write to: only the trigger does.
CREATE FUNCTION core.remember(target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  twin text := target::text || '_history';
  reader name;
BEGIN
  EXECUTE format('CREATE TABLE %s (LIKE %s)', twin, target);
  EXECUTE format('CREATE INDEX ON %s (id, valid_from)', twin);
  FOR reader IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'majordomo\_%' LOOP
    EXECUTE format('REVOKE INSERT, UPDATE ON %s FROM %I', twin, reader);
  END LOOP;
  EXECUTE format('CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION core.keep_history()', target);
END
$$;

-- keep_history runs with its owner's rights: whoever could attach it to a table of his own would borrow them. The other
-- two are for migrations alone.
REVOKE EXECUTE ON FUNCTION core.keep_history(), core.standardise(regclass), core.remember(regclass) FROM PUBLIC;
DO $$
BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END
$$;

CREATE TABLE core.owners (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  name text NOT NULL
);
SELECT core.standardise('core.owners');

-- The ids by which an owner is known: (key, <api key id>), later (telegram, <numeric id>).
CREATE TABLE core.owner_accounts (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL REFERENCES core.owners (id),
  channel text NOT NULL,
  account text NOT NULL,
  UNIQUE (channel, account)
);
SELECT core.standardise('core.owner_accounts');

CREATE TABLE core.api_keys (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived', 'superseded')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL REFERENCES core.owners (id),
  name text NOT NULL,
  key_hash text NOT NULL UNIQUE CHECK (key_hash ~ '^[0-9a-f]{64}$'),
  scopes text[] NOT NULL,
  expires_at timestamptz,
  last_used_at timestamptz
);
SELECT core.standardise('core.api_keys');

-- A POST that starts something is answered once per key; the same key with another body is refused.
CREATE TABLE core.idempotency_keys (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'answered')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL REFERENCES core.owners (id),
  key text NOT NULL,
  request_hash text NOT NULL,
  response_status integer,
  response_body jsonb,
  UNIQUE (owner_id, key)
);
SELECT core.standardise('core.idempotency_keys');

-- What one process knows and another must say: the model's breaker, seen by the worker and shown by the api.
CREATE TABLE core.service_states (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL CHECK (status IN ('healthy', 'degraded', 'unhealthy')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  name text NOT NULL UNIQUE,
  until timestamptz
);
SELECT core.standardise('core.service_states');
