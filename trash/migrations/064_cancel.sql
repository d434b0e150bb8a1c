-- An operation that waits may be called off. What expires first is looked for by this index alone; as long
-- as nothing expires it costs nothing.
ALTER TABLE {schema}.operation DROP CONSTRAINT operation_state_check, DROP CONSTRAINT operation_check;
ALTER TABLE {schema}.operation
    ADD CONSTRAINT operation_state_check
        CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    ADD CONSTRAINT operation_check
        CHECK ((state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL));
CREATE INDEX trash_group_expires ON {schema}.trash_group (expires_at)
    WHERE state = 'trashed' AND expires_at IS NOT NULL;
