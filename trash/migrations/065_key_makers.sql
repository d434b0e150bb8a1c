-- Who made a key, and who revoked it: an administrator may make keys with rights that he has not.
ALTER TABLE {schema}.key ADD created_by text, ADD revoked_by text;   -- NULL: before this was kept
