-- A trigger may write other columns of a row in which a reference is cut: these come back with it.
ALTER TABLE {schema}.link
    ADD row_was text[],     -- the whole row before; NULL: its table had no such code
    ADD row_left text[],    -- as the delete left it
    ADD row_wanted text[];  -- within a restore only: what it should be in the end
-- A server may be built without it; then its default compression holds.
DO $$
BEGIN
    ALTER TABLE {schema}.link ALTER row_was SET COMPRESSION lz4, ALTER row_left SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;
CREATE INDEX link_object ON {schema}.link (shape, object_id) WHERE row_was IS NOT NULL;
