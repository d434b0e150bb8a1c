// The tables that race_test.cpp runs on, what it plants in them and the triggers by which it sees
// what became of each row.
#pragma once

#include <array>
#include <string>
#include <utility>

namespace trashd::test {

// audit.captured: what each group took, however the group ends.
inline constexpr const char* kGraph = R"(
CREATE TABLE project (id bigint PRIMARY KEY, tag bigint NOT NULL, version int NOT NULL DEFAULT 0);
CREATE TABLE task (id bigint PRIMARY KEY, tag bigint NOT NULL, version int NOT NULL DEFAULT 0,
                   project_id bigint REFERENCES project ON DELETE CASCADE,
                   parent_id bigint REFERENCES task ON DELETE CASCADE);
CREATE TABLE impulse (id bigint PRIMARY KEY, tag bigint NOT NULL, version int NOT NULL DEFAULT 0,
                      project_id bigint REFERENCES project ON DELETE CASCADE);
CREATE TABLE time_record (id bigint PRIMARY KEY, tag bigint NOT NULL,
                          version int NOT NULL DEFAULT 0,
                          task_id bigint NOT NULL REFERENCES task ON DELETE CASCADE,
                          impulse_id bigint REFERENCES impulse ON DELETE SET NULL);
CREATE TABLE project_member (project_id bigint REFERENCES project ON DELETE CASCADE,
                             tag bigint NOT NULL, version int NOT NULL DEFAULT 0, person int,
                             PRIMARY KEY (project_id, person));
CREATE TABLE assignment (id bigint PRIMARY KEY, tag bigint NOT NULL, version int NOT NULL DEFAULT 0,
                         project_id bigint NOT NULL, person int NOT NULL,
                         FOREIGN KEY (project_id, person)
                             REFERENCES project_member ON DELETE CASCADE);
CREATE TABLE bookmark (id bigint PRIMARY KEY, tag bigint NOT NULL, version int NOT NULL DEFAULT 0,
                       task_id bigint REFERENCES task ON DELETE SET NULL);
CREATE INDEX ON task (project_id); CREATE INDEX ON task (parent_id);
CREATE INDEX ON impulse (project_id);
CREATE INDEX ON time_record (task_id); CREATE INDEX ON time_record (impulse_id);
CREATE INDEX ON assignment (project_id, person); CREATE INDEX ON bookmark (task_id);
CREATE SCHEMA audit;
CREATE TABLE audit.captured (group_id bigint, tag bigint, PRIMARY KEY (group_id, tag));
)";

inline constexpr const char* kAudit = R"(
CREATE FUNCTION audit.capture() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO audit.captured SELECT group_id, payload[2]::bigint FROM added
    ON CONFLICT DO NOTHING; RETURN NULL; END $$;
CREATE TRIGGER capture AFTER INSERT ON trashd.item REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION audit.capture();
CREATE TRIGGER recapture AFTER UPDATE ON trashd.item REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION audit.capture();
)";

// Which rows went with each hard delete, and how many it says they were.
inline constexpr const char* kWatch = R"(
CREATE TABLE audit.vanished (xid text DEFAULT pg_current_xact_id()::text, tag bigint);
CREATE TABLE audit.hard (xid text DEFAULT pg_current_xact_id()::text, said bigint);
CREATE FUNCTION audit.vanish() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO audit.vanished (tag) SELECT tag FROM gone; RETURN NULL; END $$;
CREATE FUNCTION audit.harden() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO audit.hard (said) SELECT sum(value::bigint) FROM jsonb_each_text(NEW.counts);
    RETURN NULL; END $$;
CREATE TRIGGER harden AFTER INSERT ON trashd.ledger FOR EACH ROW WHEN (NEW.action = 'deleted')
    EXECUTE FUNCTION audit.harden();
)";

// $: the id of the project. Tasks five levels deep, some reached from two sides.
inline constexpr const char* kTree = R"(
WITH p AS (INSERT INTO project (id, tag) VALUES ($, $) RETURNING tag),
t AS (INSERT INTO task (id, tag, project_id, parent_id)
    SELECT $ + i, $ + i, CASE WHEN i IN (1, 6) THEN $ END, CASE WHEN i > 1 THEN $ + i * 2 / 3 END
    FROM generate_series(1, 9) i RETURNING tag),
i AS (INSERT INTO impulse (id, tag, project_id)
    SELECT $ + 9 + i, $ + 9 + i, $ FROM generate_series(1, 2) i RETURNING tag),
r AS (INSERT INTO time_record (id, tag, task_id, impulse_id)
    SELECT $ + 11 + i, $ + 11 + i, $ + i, $ + 10 + i % 2
    FROM generate_series(1, 9) i RETURNING tag, impulse_id),
m AS (INSERT INTO project_member (project_id, tag, person)
    SELECT $, $ + 21 + i, i FROM generate_series(0, 1) i RETURNING tag),
a AS (INSERT INTO assignment (id, tag, project_id, person)
    SELECT $ + 23 + i, $ + 23 + i, $, i FROM generate_series(0, 1) i RETURNING tag),
b AS (INSERT INTO bookmark (id, tag, task_id)
    SELECT $ + 25 + i, $ + 25 + i, $ + 1 + i * 4 FROM generate_series(0, 2) i
    RETURNING tag, task_id)
SELECT tag, NULL::bigint AS refers FROM p UNION ALL SELECT tag, NULL FROM t UNION ALL
SELECT tag, NULL FROM i UNION ALL SELECT * FROM r UNION ALL SELECT tag, NULL FROM m UNION ALL
SELECT tag, NULL FROM a UNION ALL SELECT * FROM b)";

inline const std::array<std::string, 7> kTables = {
    "project", "task", "impulse", "time_record", "project_member", "assignment", "bookmark"};
enum Kind { kProject, kTask, kImpulse, kRecord, kMember, kAssignment, kBookmark };

// How many rows of a tree are of each table, in the order of their ids.
inline constexpr std::pair<Kind, int> kOfTree[] = {{kProject, 1}, {kTask, 9},   {kImpulse, 2},
                                                   {kRecord, 9},  {kMember, 2}, {kAssignment, 2},
                                                   {kBookmark, 3}};

// (place, tag, version) of every row wherever it is.
inline std::string everything() {
    std::string sql;
    for (const auto& table : kTables)
        sql += "SELECT 'live' AS place, tag, version FROM " + table + " UNION ALL ";
    return sql +
           "SELECT 'trash', payload[2]::bigint, payload[3]::int FROM trashd.item UNION ALL "
           "SELECT 'purged', c.tag, NULL FROM audit.captured c JOIN trashd.trash_group g ON g.id = "
           "c.group_id "
           "WHERE g.state = 'purged'";
}

}  // namespace trashd::test
