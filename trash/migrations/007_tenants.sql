-- Whose groups, entries and operations these are; NULL: nobody's in particular. A transaction of a
-- tenant says so in this setting.
ALTER TABLE {schema}.trash_group
    ADD tenant text DEFAULT NULLIF(pg_catalog.current_setting('trashd.tenant', true), '');
ALTER TABLE {schema}.ledger
    ADD tenant text DEFAULT NULLIF(pg_catalog.current_setting('trashd.tenant', true), '');
ALTER TABLE {schema}.operation ADD tenant text;
CREATE INDEX trash_group_tenant ON {schema}.trash_group (tenant, created_at DESC, id DESC)
    WHERE state = 'trashed' AND tenant IS NOT NULL;
CREATE INDEX ledger_tenant ON {schema}.ledger (tenant, id) WHERE tenant IS NOT NULL;
