-- What those who change something are called, as their credentials said last. What they did names them by
-- their id alone, so another name holds for what they did before as well.
CREATE TABLE {schema}.principal (
    tenant text NOT NULL,                -- whose credentials these are; empty: there are no tenants
    id text NOT NULL,                    -- as in deleted_by, ended_by and by
    name text NOT NULL,
    PRIMARY KEY (tenant, id)
);
COMMENT ON TABLE {schema}.principal IS 'what those who change something are called';
