-- Logins to Temporal's Web UI: a link that opens once, and the session that it opened. Of both secrets only the SHA-256.
CREATE TABLE core.logins (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'offered' CHECK (status IN ('offered', 'open', 'ended')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  -- the key that asked for the link: it must still be good for as long as the session is used
  api_key_id uuid NOT NULL REFERENCES core.api_keys (id),
  view text NOT NULL,
  link_hash text NOT NULL UNIQUE CHECK (link_hash ~ '^[0-9a-f]{64}$'),
  session_hash text UNIQUE CHECK (session_hash ~ '^[0-9a-f]{64}$'),
  -- of the link while it is offered, then of the session
  expires_at timestamptz NOT NULL,
  CHECK ((session_hash IS NULL) = (status = 'offered'))
);
SELECT core.standardise('core.logins');

-- The key of a house that began before this could be granted.
UPDATE core.api_keys SET scopes = array_append(scopes, 'ui:open')
WHERE source = 'first-start' AND NOT 'ui:open' = ANY (scopes);
