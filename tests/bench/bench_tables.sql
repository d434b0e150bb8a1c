-- The workload's tables: clients, projects, their tasks, members and time records, impulses.
-- Every referring column is indexed. A group is one project with what hangs on it.
CREATE TABLE client (
    id bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE person (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE impulse (
    id bigint PRIMARY KEY,
    started timestamptz NOT NULL
);
CREATE TABLE project (
    id bigint PRIMARY KEY,
    client_id bigint NOT NULL REFERENCES client,
    name text NOT NULL,
    budget numeric(12, 2),
    created timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON project (client_id);
CREATE TABLE task (
    id bigint PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES project ON DELETE CASCADE,
    name text NOT NULL,
    billable boolean NOT NULL DEFAULT true,
    created timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON task (project_id);
CREATE TABLE member (
    project_id bigint NOT NULL REFERENCES project ON DELETE CASCADE,
    person_id bigint NOT NULL REFERENCES person,
    role text NOT NULL,
    PRIMARY KEY (project_id, person_id)
);
CREATE INDEX ON member (person_id);
CREATE TABLE time_record (
    id bigint PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES task ON DELETE CASCADE,
    impulse_id bigint REFERENCES impulse ON DELETE SET NULL,
    person text NOT NULL,
    day date NOT NULL,
    minutes int NOT NULL,
    rate numeric(8, 2),
    billed boolean NOT NULL DEFAULT false,
    note text,
    tags text[],
    created timestamptz NOT NULL DEFAULT now(),
    changed timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON time_record (task_id);
CREATE INDEX ON time_record (impulse_id);

INSERT INTO client SELECT i, 'Client ' || i FROM generate_series(1, 100) i;
INSERT INTO person SELECT i, 'person' || i || '@example.org' FROM generate_series(1, 100000) i;
INSERT INTO impulse SELECT i, '2026-01-01Z'::timestamptz + i * interval '1 minute'
FROM generate_series(1, 1000) i;

-- Numbers that are never used twice.
CREATE SCHEMA supply;
CREATE TABLE supply.used (kind text PRIMARY KEY, up_to bigint NOT NULL);
INSERT INTO supply.used VALUES ('project', 0), ('task', 0), ('record', 0);

CREATE FUNCTION supply.take(wanted text, amount bigint) RETURNS bigint LANGUAGE sql AS $$
    UPDATE supply.used SET up_to = up_to + amount WHERE kind = wanted RETURNING up_to - amount
$$;

CREATE FUNCTION supply.records(first_task bigint, tasks bigint, amount bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    base bigint := supply.take('record', amount);
BEGIN
    INSERT INTO time_record (id, task_id, impulse_id, person, day, minutes, rate, note, tags)
    SELECT base + i, first_task + (i - 1) * tasks / amount,
           CASE WHEN i % 10 = 0 THEN i % 1000 + 1 END, 'person' || i % 500,
           date '2026-01-01' + (i % 300)::int, 15 + (i % 32)::int * 15, 80 + (i % 40),
           'worked on what was asked, call ' || i || ' with the client',
           ARRAY['office', 'w' || i % 52]
    FROM generate_series(1, amount) i;
    RETURN base + 1;
END $$;

-- Groups of `size` rows (1, or at least 4): a project, its tasks, as many members, time records.
-- Returns the first project's id; the others follow it.
CREATE FUNCTION supply.groups(amount bigint, size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    each bigint := CASE WHEN size = 1 THEN 0 ELSE greatest(1, size * 5 / 56) END;
    base bigint := supply.take('project', amount);
    task bigint := supply.take('task', amount * each);
BEGIN
    INSERT INTO project (id, client_id, name, budget)
    SELECT base + i, i % 100 + 1, 'Project ' || base + i, 1000 + i
    FROM generate_series(1, amount) i;
    IF each > 0 THEN
        INSERT INTO task (id, project_id, name)
        SELECT task + i, base + 1 + (i - 1) / each, 'Task ' || i
        FROM generate_series(1, amount * each) i;
        INSERT INTO member
        SELECT base + 1 + (i - 1) / each, (i - 1) % each + 1, 'developer'
        FROM generate_series(1, amount * each) i;
        PERFORM supply.records(task + 1, amount * each, amount * (size - 1 - 2 * each));
    END IF;
    RETURN base + 1;
END $$;

-- Time records alone, on a task that stays.
CREATE FUNCTION supply.singles(amount bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT supply.records((SELECT min(id) FROM task), 1, amount)
$$;
-- Enough that checks of foreign keys are planned for tables of some size, not for empty ones.
SELECT supply.groups(1000, 4);
ANALYZE;
