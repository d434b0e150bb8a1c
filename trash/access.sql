-- What roles of the database see of the trash. {schema} and {access} are the quoted names of the trash
-- schema and of this one. Of groups that lie in the trash the items say what is seen, of those that have
-- ended the root. The session's user, who is not changed by SET ROLE, must have the trash.
CREATE SCHEMA IF NOT EXISTS {access};

CREATE OR REPLACE VIEW {access}.shape WITH (security_barrier) AS SELECT * FROM {schema}.shape
    WHERE pg_catalog.has_table_privilege(session_user, '{schema}.item', 'SELECT');

CREATE OR REPLACE VIEW {access}.trash_group WITH (security_barrier) AS
    SELECT * FROM {schema}.trash_group g
    WHERE pg_catalog.has_table_privilege(session_user, '{schema}.item', 'SELECT') AND
        (g.state OPERATOR(pg_catalog.=) 'trashed' OR EXISTS (SELECT FROM {schema}.shape s
            WHERE s.id OPERATOR(pg_catalog.=) g.root_shape AND
            pg_catalog.has_table_privilege(s.relation, 'SELECT') AND
            (NOT pg_catalog.row_security_active(s.relation) OR
                g.deleted_by OPERATOR(pg_catalog.=) pg_catalog.current_setting('trashd.id', true))));

CREATE OR REPLACE VIEW {access}.item WITH (security_barrier) AS SELECT * FROM {schema}.item i
    WHERE pg_catalog.has_table_privilege(session_user, '{schema}.item', 'SELECT') AND
        EXISTS (SELECT FROM {schema}.shape s WHERE s.id = i.shape AND
            pg_catalog.has_table_privilege(s.relation, 'SELECT') AND
            (NOT pg_catalog.row_security_active(s.relation) OR EXISTS (
                SELECT FROM {schema}.trash_group g WHERE g.id = i.group_id AND
                    g.deleted_by = pg_catalog.current_setting('trashd.id', true))));

CREATE OR REPLACE VIEW {access}.part WITH (security_barrier) AS SELECT * FROM {schema}.part
    WHERE pg_catalog.has_table_privilege(session_user, '{schema}.item', 'SELECT');

-- Of the tenant that asks, if there is one; as for the groups that name them.
CREATE OR REPLACE VIEW {access}.principal WITH (security_barrier) AS SELECT * FROM {schema}.principal p
    WHERE pg_catalog.has_table_privilege(session_user, '{schema}.item', 'SELECT') AND
        p.tenant = coalesce(pg_catalog.current_setting('trashd.tenant', true), '');

-- What is in the way of a group may be what the role must not see.
CREATE OR REPLACE VIEW {access}.rehearsal AS SELECT * FROM {schema}.rehearsal WHERE false;

CREATE OR REPLACE VIEW {access}.ledger WITH (security_barrier) AS SELECT * FROM {schema}.ledger l
    WHERE pg_catalog.has_table_privilege(session_user, '{schema}.item', 'SELECT') AND
        (SELECT pg_catalog.has_table_privilege(t.oid, 'SELECT') AND
            (NOT pg_catalog.row_security_active(t.oid) OR l.by = pg_catalog.current_setting('trashd.id', true))
         FROM (SELECT pg_catalog.to_regclass(
             pg_catalog.format('%I.%I', l.schema_name, l.table_name))::pg_catalog.oid) t(oid));

-- Where the statement that deletes as a role puts what it took.
CREATE OR REPLACE VIEW {access}.incoming AS SELECT * FROM {schema}.item
    WHERE pg_catalog.has_table_privilege(session_user, '{schema}.item', 'INSERT')
    WITH CHECK OPTION;

CREATE OR REPLACE FUNCTION {access}.cast_error(value text, type text) RETURNS text LANGUAGE sql
    AS 'SELECT {schema}.cast_error(value, type)';
