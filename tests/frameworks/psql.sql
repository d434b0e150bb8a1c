-- The application of someone at a prompt: psql -v step=NAME -f psql.sql; who asks says the session.
SELECT :'step' = 'make' AS make, :'step' = 'object' AS object, :'step' = 'query' AS query,
  :'step' = 'below' AS below, :'step' = 'returning' AS returning, :'step' = 'savepoint' AS savepoint,
  :'step' = 'rollback' AS rollback, :'step' = 'unrelated' AS unrelated, :'step' = 'refused' AS refused \gset

\if :make
CREATE TABLE client (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE project (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, client int NOT NULL REFERENCES client,
  name text NOT NULL);
CREATE TYPE state AS ENUM ('open', 'done');
CREATE TABLE task (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project int NOT NULL REFERENCES project ON DELETE CASCADE, parent int REFERENCES task ON DELETE CASCADE,
  state state NOT NULL DEFAULT 'open', due timestamptz, more jsonb NOT NULL DEFAULT '{"b": [1, 2.50], "a": null}');
CREATE TABLE time_record (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project int NOT NULL REFERENCES project ON DELETE CASCADE, task int REFERENCES task ON DELETE SET NULL,
  hours float8, minutes interval GENERATED ALWAYS AS (hours * interval '1 hour') STORED);
CREATE TABLE tag (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text);
CREATE TABLE task_tag (task int REFERENCES task ON DELETE CASCADE, tag int REFERENCES tag ON DELETE CASCADE,
  PRIMARY KEY (task, tag));
CREATE TABLE invoice (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, client int REFERENCES client, amount numeric);
INSERT INTO client (name) VALUES ('Nord & Söhne'), ('South'), ('East');
INSERT INTO project (client, name) SELECT (n + 1) / 2, 'project ' || n FROM generate_series(1, 6) n;
INSERT INTO task (project, parent, due)
SELECT (n + 3) / 4, CASE WHEN n % 4 IN (2, 3) THEN n - 1 END, timestamptz '2026-01-02 03:04:05.678901Z' + n * interval '1 day'
FROM generate_series(1, 24) n;
INSERT INTO time_record (project, task, hours)
SELECT (n + 3) / 4, n, n / part FROM generate_series(1, 24) n, (VALUES (3.0), (7.0)) v(part) ORDER BY n, part;
INSERT INTO time_record (project, hours) SELECT n, n FROM generate_series(1, 6) n;
INSERT INTO time_record (project, task, hours) VALUES (5, 1, 0.1);
INSERT INTO tag (word) VALUES ('red'), ('green'), ('blue');
INSERT INTO task_tag SELECT n, 1 + (n + more) % 3 FROM generate_series(1, 24) n, (VALUES (0), (1)) v(more);
INSERT INTO invoice (client, amount) VALUES (3, 12.50);
\endif

\if :object
-- [recipe]
SET trashd.by = 'ana@example.com';
SET trashd.reason = 'asked for by the customer';
-- [/recipe]
BEGIN;
DELETE FROM project WHERE client = 1;
DELETE FROM client WHERE id = 1;
COMMIT;
\endif

\if :query
DELETE FROM time_record WHERE project = 3;
\endif

\if :below
DELETE FROM project WHERE client = 2;
\endif

\if :returning
WITH gone AS (DELETE FROM time_record WHERE project = 3 RETURNING *) SELECT * FROM gone ORDER BY id;
\endif

\if :savepoint
BEGIN;
SAVEPOINT before;
DELETE FROM project WHERE id = 3;
ROLLBACK TO SAVEPOINT before;
DELETE FROM project WHERE id = 4 RETURNING name;
COMMIT;
\endif

\if :rollback
BEGIN;
DELETE FROM project WHERE client = 1;
DELETE FROM client WHERE id = 1 RETURNING *;
SELECT count(*) || ' clients after the delete' FROM client;
ROLLBACK;
\endif

\if :unrelated
BEGIN;
DELETE FROM project WHERE id = 3;
DELETE FROM project WHERE client = 1;
DELETE FROM client WHERE id = 1;
COMMIT;
\endif

\if :refused
DELETE FROM client WHERE id = 3;
\endif
