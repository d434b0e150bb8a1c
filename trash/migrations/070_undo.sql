-- What a restore brought back, so that it can be undone: which rows, under which numbers, and what they
-- were like then. In lists, because a row for each would cost a large restore a fifth of its time.
CREATE TABLE {schema}.undo_item (
    entry bigint NOT NULL,               -- of the ledger
    shape int NOT NULL,
    first int NOT NULL,
    ordinals int[] NOT NULL,             -- in the entry's group; `first` is the least
    ids text[] NOT NULL,                 -- as in item.object_id
    hashes bigint[] NOT NULL,            -- of payloads as a delete would take them; NULL: not to be told again
    PRIMARY KEY (entry, shape, first)
);
COMMENT ON TABLE {schema}.undo_item IS 'rows that restores brought back, for as long as these can be undone';

CREATE TABLE {schema}.undo_link (
    entry bigint NOT NULL,
    shape int NOT NULL,                  -- of the table in which references were set back
    attnums int2[] NOT NULL,
    keys bigint[] NOT NULL,              -- hashes of link.key
    PRIMARY KEY (entry, shape, attnums)
);
COMMENT ON TABLE {schema}.undo_link IS 'references that restores set back';

-- Entries that one transaction has written are undone together. One alone is not listed.
CREATE TABLE {schema}.undo_together (
    entry bigint PRIMARY KEY,
    first bigint NOT NULL                -- the first of its transaction
);
CREATE INDEX undo_together_first ON {schema}.undo_together (first);
COMMENT ON TABLE {schema}.undo_together IS 'entries of the ledger that were written together';
