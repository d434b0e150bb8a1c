-- Work that no client waits for. Who runs one holds an advisory lock on its id: a row that is
-- running while nobody holds the lock was left by a process that ended, and is run again.
CREATE TABLE {schema}.operation (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    kind text NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    run_after timestamptz NOT NULL DEFAULT pg_catalog.now(),
    started_at timestamptz,
    ended_at timestamptz,
    tries int NOT NULL DEFAULT 0,        -- times it was begun; the newest alone may end it
    by text NOT NULL,
    request json NOT NULL,               -- json, not jsonb: texts stay as they are
    done bigint NOT NULL DEFAULT 0,      -- rows
    total bigint,                        -- NULL: not counted yet
    result json,
    error json,
    CHECK ((state IN ('done', 'failed')) = (ended_at IS NOT NULL))
);
CREATE INDEX operation_open ON {schema}.operation (number) WHERE state IN ('queued', 'running');
COMMENT ON TABLE {schema}.operation IS 'deletes, restores and purges that run apart from a request';
