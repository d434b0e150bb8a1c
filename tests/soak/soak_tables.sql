-- What the soak races over: a key that is changed, a reference to itself, a key of two columns, a table
-- without any key, a partitioned one, references that are set to null, and triggers that stamp, count and
-- tell. `uid` says which row it is for ever, and `uid` and `ver` together what its values must be.
CREATE SCHEMA soak;
CREATE TABLE soak.journal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL);
COMMENT ON TABLE soak.journal IS 'a transaction that deletes rows by SQL says so here';

CREATE TYPE spot AS (x int, y text, z numeric[]);
CREATE TYPE grade AS ENUM ('low', 'it''s "high"', 'a,b');
CREATE TABLE soak.common (
    uid bigint NOT NULL,
    ver int NOT NULL,
    label text NOT NULL,
    doc jsonb,
    raw bytea,
    amount numeric,
    tags text[],
    place spot,
    grade grade,
    fixed char(8),
    moment timestamptz,
    span interval,
    ratio float8,
    js json,
    size int GENERATED ALWAYS AS (length(label)) STORED
);

CREATE TABLE area (key text PRIMARY KEY, LIKE soak.common INCLUDING GENERATED);
CREATE TABLE person (
    id bigint PRIMARY KEY,
    email text NOT NULL UNIQUE,
    stamp timestamptz,
    LIKE soak.common INCLUDING GENERATED
);
CREATE TABLE project (
    id bigint PRIMARY KEY,
    area text REFERENCES area ON UPDATE CASCADE,
    updated_at timestamptz,
    tasks int NOT NULL DEFAULT 0,
    LIKE soak.common INCLUDING GENERATED
);
CREATE TABLE task (
    id uuid PRIMARY KEY,
    project bigint NOT NULL REFERENCES project ON DELETE CASCADE ON UPDATE CASCADE,
    parent uuid REFERENCES task ON DELETE CASCADE,
    LIKE soak.common INCLUDING GENERATED
);
CREATE TABLE note (
    id bigint PRIMARY KEY,
    task uuid REFERENCES task ON DELETE SET NULL,
    person bigint REFERENCES person ON DELETE SET NULL,
    LIKE soak.common INCLUDING GENERATED
);
CREATE TABLE member (
    project bigint REFERENCES project ON DELETE CASCADE ON UPDATE CASCADE,
    person bigint REFERENCES person DEFERRABLE INITIALLY DEFERRED,
    LIKE soak.common INCLUDING GENERATED,
    PRIMARY KEY (project, person)
);
CREATE TABLE entry (
    task uuid NOT NULL REFERENCES task ON DELETE CASCADE,
    LIKE soak.common INCLUDING GENERATED
);
CREATE TABLE piece (
    id bigint PRIMARY KEY,
    project bigint NOT NULL REFERENCES project ON DELETE CASCADE ON UPDATE CASCADE,
    LIKE soak.common INCLUDING GENERATED
) PARTITION BY HASH (id);
CREATE TABLE piece_0 PARTITION OF piece FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE piece_1 PARTITION OF piece FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE audit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL, of bigint NOT NULL);
CREATE TABLE scratch (id bigint PRIMARY KEY);

CREATE INDEX ON project (area);
CREATE INDEX ON task (project);
CREATE INDEX ON task (parent);
CREATE INDEX ON note (task);
CREATE INDEX ON note (person);
CREATE INDEX ON member (person);
CREATE INDEX ON entry (task);
CREATE INDEX ON piece (project);

CREATE FUNCTION soak.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER stamp BEFORE UPDATE ON project FOR EACH ROW EXECUTE FUNCTION soak.stamp();

CREATE FUNCTION soak.stamp_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.stamp := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER stamp_new BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION soak.stamp_new();

CREATE FUNCTION soak.counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE public.project SET tasks = tasks + 1 WHERE id = NEW.project;
    ELSE
        UPDATE public.project SET tasks = tasks - 1 WHERE id = OLD.project;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER counted AFTER INSERT OR DELETE ON task FOR EACH ROW EXECUTE FUNCTION soak.counted();

CREATE FUNCTION soak.told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.audit (what, of) VALUES (TG_TABLE_NAME || ' ' || TG_OP, COALESCE(NEW.uid, OLD.uid));
    RETURN NULL;
END
$$;
CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE ON person FOR EACH ROW EXECUTE FUNCTION soak.told();

-- The write-ahead log then has each row as it was, by which the account is kept.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{area,person,project,task,note,member,entry,piece_0,piece_1,audit}'::text[] LOOP
        EXECUTE format('ALTER TABLE %I REPLICA IDENTITY FULL', name);
        IF name <> 'audit' THEN EXECUTE format('CREATE INDEX ON %I (uid)', name); END IF;
    END LOOP;
END
$$;
