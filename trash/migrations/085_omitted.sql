-- Columns that the configuration leaves out of the trash: a row comes back without them, and says so.
ALTER TABLE {schema}.shape ADD COLUMN omitted text[] NOT NULL DEFAULT '{}';
