-- A group of which some items have been restored or purged, and the others lie there still.
ALTER TABLE {schema}.trash_group
    ADD layout bigint[],    -- counts as they were when it was made, by which ordinals go; NULL: they are still
    ADD roots int[];        -- ordinals of the items with nothing above them; NULL: the first alone

CREATE TABLE {schema}.part (
    group_id bigint NOT NULL,
    number int NOT NULL,                 -- 1 for the first part that left the group
    outcome text NOT NULL,               -- restored or purged
    at timestamptz NOT NULL,
    by text NOT NULL,
    ordinals int4multirange NOT NULL,    -- of the items that left
    PRIMARY KEY (group_id, number)
);
COMMENT ON TABLE {schema}.part IS 'items that left a group before the others did';
