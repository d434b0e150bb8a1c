-- What a peer adds to the tables: when a row was deleted, and an index of those that were, from which its list is read.
ALTER TABLE project ADD deleted_at timestamptz;
ALTER TABLE task ADD deleted_at timestamptz;
ALTER TABLE member ADD deleted_at timestamptz;
ALTER TABLE time_record ADD deleted_at timestamptz;
CREATE INDEX ON project (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ON time_record (deleted_at) WHERE deleted_at IS NOT NULL;
