-- A row without a key is known by all its values, and another delete may set another of its
-- references: then its links must still find it, and each other.
ALTER TABLE {schema}.link ADD row_id bigint;   -- same row, same number; NULL: the table has a key
CREATE SEQUENCE {schema}.link_row_id_seq OWNED BY {schema}.link.row_id;
CREATE INDEX link_row ON {schema}.link (row_id) WHERE row_id IS NOT NULL;
CREATE INDEX link_key ON {schema}.link USING hash (key) WHERE row_id IS NOT NULL;
COMMENT ON COLUMN {schema}.link.key IS 'values of shape.identity; without one the whole row as it is now';

-- The order in which groups were taken, for whoever meets at a row: drawn after the last row is
-- locked, which the id is not.
ALTER TABLE {schema}.trash_group ADD taken bigint GENERATED ALWAYS AS IDENTITY;
