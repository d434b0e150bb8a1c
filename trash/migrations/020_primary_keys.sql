-- What is published must have a primary key, or PostgreSQL refuses its deletes; and a publication
-- FOR ALL TABLES publishes the trash too.
ALTER TABLE {schema}.link ADD id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
