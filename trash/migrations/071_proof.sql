-- Whether groups could come back when that was last tried. What was found holds as long as the group has
-- the same items: one that changes gets another size, one that comes back into the trash another `taken`.
CREATE TABLE {schema}.rehearsal (
    group_id bigint PRIMARY KEY,
    taken bigint NOT NULL,
    size bigint NOT NULL,
    at timestamptz NOT NULL,
    restorable bool,                     -- NULL: it was not tried, or not to its end
    conflicts jsonb                      -- where it is false: [{"kind", "count"}]
);
CREATE INDEX rehearsal_failed ON {schema}.rehearsal (group_id) WHERE NOT restorable;
COMMENT ON TABLE {schema}.rehearsal IS 'whether groups could come back when that was last tried';
