-- What a Telegram account is shown: one row per message of the house that goes to its chat, and one per message of the
-- owner that carries a reaction. Written in the transaction of the message itself, so neither is there without the other.
CREATE TABLE core.deliveries (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- waiting: certainly not sent; sending: it may have left; unknown: nobody knows, and it is never sent again
  status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'claimed', 'sending', 'delivered', 'refused', 'unknown')),
  source text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  account_id uuid NOT NULL REFERENCES core.owner_accounts (id),
  message_id uuid NOT NULL UNIQUE REFERENCES core.messages (id),
  kind text NOT NULL CHECK (kind IN ('message', 'reaction')),
  -- the try that holds or held the row, from 1
  number integer NOT NULL DEFAULT 0 CHECK (number >= 0),
  lease_until timestamptz,
  retry_at timestamptz,
  -- Telegram's own id of the message
  provider_message_id bigint,
  -- what the chat shows now: of a card the approval's state, of a reaction the emoji
  shows text,
  -- nothing is left to do, whatever happens
  settled boolean NOT NULL DEFAULT false,
  detail text,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  CHECK (status NOT IN ('claimed', 'sending') OR lease_until IS NOT NULL),
  CHECK (status <> 'delivered' OR provider_message_id IS NOT NULL)
);
-- The house looks here every second; what is settled costs it nothing.
CREATE INDEX deliveries_open ON core.deliveries (account_id) WHERE NOT settled;
SELECT core.standardise('core.deliveries');
SELECT core.remember('core.deliveries');
