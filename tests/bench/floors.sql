-- What a careful hand writes: one trash table, values as text, found by group and by object.
CREATE SCHEMA floor;
CREATE SEQUENCE floor.group_id;
CREATE TABLE floor.item (
    group_id bigint NOT NULL,
    ordinal int NOT NULL,
    kind int NOT NULL,
    object_id text NOT NULL,
    payload text[] COMPRESSION lz4 NOT NULL,
    deleted_at timestamptz NOT NULL,
    deleted_by text NOT NULL,
    PRIMARY KEY (group_id, ordinal)
);
CREATE INDEX ON floor.item (kind, object_id);
-- For the floor that also keeps the same books as trashd: a row per group, a ledger.
CREATE TABLE floor.trash_group (
    id bigint PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    deleted_by text NOT NULL,
    root_object text NOT NULL,
    size bigint NOT NULL
);
CREATE INDEX ON floor.trash_group (created_at DESC, id DESC);
CREATE TABLE floor.ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    by text NOT NULL,
    table_name text NOT NULL,
    object_id text NOT NULL,
    group_uuid uuid,
    counts jsonb NOT NULL
);
CREATE INDEX ON floor.ledger (table_name, object_id);
CREATE INDEX ON floor.ledger (group_uuid);
