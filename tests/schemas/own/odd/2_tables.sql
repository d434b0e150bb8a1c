CREATE TABLE client (id serial PRIMARY KEY, name text NOT NULL UNIQUE, state state, mood mood, lives place, best int);
CREATE TABLE project (
  id uuid PRIMARY KEY, client int NOT NULL REFERENCES client, code code UNIQUE, during daterange NOT NULL,
  prices numeric(8, 2)[], doc json, docs jsonb, bits bit(5), raw bytea, price numeric CHECK (price > 10 AND price < 1000),
  taxed numeric GENERATED ALWAYS AS (price * 1.21) STORED,
  EXCLUDE USING gist (during WITH &&), CHECK (code IS NOT NULL OR doc IS NULL)
);
ALTER TABLE client ADD FOREIGN KEY (best) REFERENCES client ON DELETE SET NULL;
CREATE TABLE task (
  project uuid REFERENCES project ON DELETE CASCADE, number int GENERATED ALWAYS AS IDENTITY, up int, title varchar(12) NOT NULL,
  PRIMARY KEY (number, project), FOREIGN KEY (up, project) REFERENCES task (number, project)
);
CREATE UNIQUE INDEX ON task (lower(title)) WHERE up IS NULL;
CREATE TABLE "Odd Names"."a ""b""/c" ("the key, %" text PRIMARY KEY, "select" text, t text REFERENCES "Odd Names"."a ""b""/c" ON DELETE SET NULL);
CREATE TABLE a (id int PRIMARY KEY, b int);
CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a ON DELETE CASCADE);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE event (id bigint, day date, client int REFERENCES client ON DELETE CASCADE, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE event_2031 PARTITION OF event FOR VALUES FROM ('2031-01-01') TO ('2032-01-01');
CREATE TABLE event_2032 PARTITION OF event FOR VALUES FROM ('2032-01-01') TO ('2033-01-01');
CREATE TABLE note (id int PRIMARY KEY, body text, shape point, at timestamptz, span interval, address inet);
CREATE TABLE long_note (pages int NOT NULL CHECK (pages BETWEEN 7 AND 9), PRIMARY KEY (id)) INHERITS (note);
CREATE TABLE tag (project uuid REFERENCES project, tag text);
CREATE TABLE "Odd Names".tag ("the key" text REFERENCES "Odd Names"."a ""b""/c" ON DELETE CASCADE, tag text);
