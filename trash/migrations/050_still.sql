-- Nothing is looked up in the search path of whoever deletes.
CREATE OR REPLACE FUNCTION {schema}.still(query text, expected text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN COALESCE({schema}.text_now(query) OPERATOR(pg_catalog.=) expected, false);
END
$$;
