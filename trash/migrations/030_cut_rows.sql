-- A trigger may write other columns of a row in which a reference is cut: these come back with it.
ALTER TABLE {schema}.link
    ADD row_was text[] COMPRESSION lz4,   -- the whole row before; NULL: its table had no such code
    ADD row_left text[] COMPRESSION lz4,  -- as the delete left it
    ADD row_wanted text[];                -- within a restore only: what it should be in the end
CREATE INDEX link_object ON {schema}.link (shape, object_id) WHERE row_was IS NOT NULL;
