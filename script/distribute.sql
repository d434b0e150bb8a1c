-- Distributes the tables of the trash by tenant over the nodes of Citus. Run it as their owner, once,
-- while no service runs, in one transaction:
--   psql -v ON_ERROR_STOP=1 -1 -f script/distribute.sql "$DATABASE"
-- docs/scale.md says what that is good for; it has been checked on plain PostgreSQL, not on Citus.
-- For a trash schema of another name: -v trash=NAME.
\if :{?trash}
\else
\set trash trashd
\endif
SET LOCAL search_path = :"trash", public;

-- A row without a tenant has no node.
DO $$
BEGIN
    IF EXISTS (SELECT FROM trash_group WHERE tenant IS NULL AND state = 'trashed') THEN
        RAISE EXCEPTION 'groups in the trash are of no tenant; restore or purge them first';
    END IF;
END
$$;
DELETE FROM trash_group WHERE tenant IS NULL;   -- ended ones: their TrashItems are 404 then, not 410

-- Items and links of a group get its tenant; those to come take it from their transaction, as groups do.
ALTER TABLE item ADD tenant text;
ALTER TABLE link ADD tenant text;
UPDATE item i SET tenant = g.tenant FROM trash_group g WHERE g.id = i.group_id;
UPDATE link l SET tenant = g.tenant FROM trash_group g WHERE g.id = l.group_id;
ALTER TABLE item
    ALTER tenant SET DEFAULT NULLIF(pg_catalog.current_setting('trashd.tenant', true), ''),
    ALTER tenant SET NOT NULL,
    DROP CONSTRAINT item_pkey,
    ADD PRIMARY KEY (group_id, ordinal, tenant);
ALTER TABLE link
    ALTER tenant SET DEFAULT NULLIF(pg_catalog.current_setting('trashd.tenant', true), ''),
    ALTER tenant SET NOT NULL,
    DROP CONSTRAINT link_pkey,
    ADD PRIMARY KEY (id, tenant);

-- A unique constraint can be kept on a node only where it holds the column that says which one.
ALTER TABLE trash_group
    ALTER tenant SET NOT NULL,
    DROP CONSTRAINT trash_group_pkey,
    DROP CONSTRAINT trash_group_uuid_key,
    ADD PRIMARY KEY (id, tenant),
    ADD UNIQUE (uuid, tenant);

-- The ledger and its seals are one chain, and operations, keys and kept answers are few or short-lived:
-- they stay on the coordinator.
SELECT create_reference_table('shape');
SELECT create_distributed_table('trash_group', 'tenant');
SELECT create_distributed_table('item', 'tenant', colocate_with => 'trash_group');
SELECT create_distributed_table('link', 'tenant', colocate_with => 'trash_group');
