-- A CHECK is read anew by each statement that inserts: together they were a seventh of the time that
-- the delete of one row takes. Nobody but trashd writes these columns, and only such values.
ALTER TABLE {schema}.ledger DROP CONSTRAINT ledger_action_check;
ALTER TABLE {schema}.trash_group DROP CONSTRAINT trash_group_state_check,
    DROP CONSTRAINT trash_group_check;

CREATE FUNCTION {schema}.text_now(query text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    found text;
BEGIN
    EXECUTE query INTO found;
    RETURN found;
END
$$;
COMMENT ON FUNCTION {schema}.text_now IS 'volatile: sees what was committed before this moment';

-- The answer is kept in the plan of the statement that asks, which is why it is said to be immutable. What
-- changes a table has PostgreSQL plan anew: each statement that names that table, and asks of it alone,
-- and holds a lock that keeps such changes away, is told the truth.
CREATE FUNCTION {schema}.still(query text, expected text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN {schema}.text_now(query) IS NOT DISTINCT FROM expected;
END
$$;
