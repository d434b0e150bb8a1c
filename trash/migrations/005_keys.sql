-- What programs sign in with. A plain SHA-256 is enough: the secret is 256 random bits, which nobody
-- guesses however fast a guess is; slow hashes protect what people think up, and would cost each request.
CREATE TABLE {schema}.key (
    id text PRIMARY KEY,                 -- part of the key, no secret
    name text NOT NULL,
    hash bytea NOT NULL CHECK (pg_catalog.length(hash) = 32),
    roles text[] NOT NULL,
    tenant text,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    used_on date                         -- to the day, so that few requests write it
);
COMMENT ON TABLE {schema}.key IS 'API keys, without their secrets';
