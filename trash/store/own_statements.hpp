// What is written to the trash's own tables: the one place that spells the columns of item,
// trash_group, ledger and link for that. Functions of plans get these texts as values.
#pragma once

#include <string>

#include "cascade/functions.hpp"

namespace trashd::trash {

const cascade::OwnStatements& own_statements();

// The end of groups, whose ids are $1, an int8[]: {schema} is to be filled, of the last {state} and
// {by}, too.
inline constexpr const char* kDeleteLinks =
    "DELETE FROM {schema}.link WHERE group_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])";
inline constexpr const char* kDeleteItems =
    "DELETE FROM {schema}.item WHERE group_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])";
inline constexpr const char* kEndGroups = R"(UPDATE {schema}.trash_group
  SET state = {state}, ended_at = pg_catalog.now(), ended_by = {by}
  WHERE id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]))";
// The same for the groups _ids of groups_function_sql(), each ended by who asks for it.
inline constexpr const char* kEndEachGroup = R"(UPDATE {schema}.trash_group g
  SET state = {state}, ended_at = pg_catalog.now(), ended_by = _by[{place}]
  WHERE g.id OPERATOR(pg_catalog.=) ANY (_ids))";

// Begins a function that ends many groups, each for who asks for it. Those that are asked for, are
// as {which} wants it and that nobody holds are, each once, _ids, _groups (their uuids), _sizes and
// _places in the arrays of parameters; _size is the number of all their items. Each is looked for
// by itself, and what follows names them by = ANY, so that no plan reads a whole table that was
// small when it was made.
inline constexpr const char* kHoldGroups = R"(WITH q AS MATERIALIZED (
    SELECT u.* FROM ROWS FROM (pg_catalog.unnest(_uuids), pg_catalog.unnest(_ordinals),
      pg_catalog.unnest(_most), pg_catalog.unnest(_expected)) WITH ORDINALITY
      u(uuid, ordinal, most, expected, n)),
  held AS MATERIALIZED (
    SELECT h.id, h.size, q.uuid, q.n
    FROM q CROSS JOIN LATERAL (
      SELECT g.id, g.size FROM {schema}.trash_group g
      WHERE g.uuid OPERATOR(pg_catalog.=) q.uuid
        AND g.state OPERATOR(pg_catalog.=) 'trashed' AND g.layout IS NULL AND {which}
        AND q.ordinal OPERATOR(pg_catalog.>=) 1 AND q.ordinal OPERATOR(pg_catalog.<=) g.size
        AND (q.most IS NULL OR g.size OPERATOR(pg_catalog.<=) q.most)
        AND (q.expected IS NULL OR g.size OPERATOR(pg_catalog.=) q.expected)
      FOR UPDATE SKIP LOCKED) h),
  once AS (SELECT DISTINCT ON (h.id) h.* FROM held h ORDER BY h.id, h.n)
  SELECT pg_catalog.array_agg(o.id), pg_catalog.array_agg(o.uuid), pg_catalog.array_agg(o.size),
      pg_catalog.array_agg(o.n), pg_catalog.sum(o.size)
    INTO _ids, _groups, _sizes, _places, _size FROM once o)";
inline constexpr const char* kHeldDeclared = R"(_groups pg_catalog.uuid[]; _sizes pg_catalog.int8[];
  _places pg_catalog.int8[]; _size pg_catalog.int8;)";
// SQL: the place of the group with that id, or of that uuid.
inline constexpr const char* kPlaceOfId = "_places[pg_catalog.array_position(_ids, g.id)]";
inline constexpr const char* kPlaceOfGroup =
    "_places[pg_catalog.array_position(_groups, e.of_group)]";

// SQL: the id of the entry of the ledger that this session has written last; of a row as a delete
// captures it, a number that tells it from the same row with other values.
std::string last_entry(const std::string& trash_schema);
std::string hash_of(const std::string& payload);

// SQL that makes a function of a group, which is called with ($1 int8[]: NULL, who, why, under
// which request, from which address, the action, the group's uuid, the ordinal of an item, and of
// how many items it may be, and is to be, the one that is NULL being any). It gives text[]; NULL:
// the ordinary way is to be taken. Each statement in it has a snapshot of its own: what the first
// waited for is seen by the others. They are planned once for each session, when the tables may
// still be small.
std::string group_function_sql(const std::string& trash_schema, const std::string& function,
                               const std::string& code);
// The same of many groups: arrays with a value for each that asks, a last one of numbers that the
// code may tell them by. returns: the type of what it gives. It waits for no table longer than a
// moment, and joins by loops over the groups whatever is known of the tables when it is planned.
std::string groups_function_sql(const std::string& trash_schema, const std::string& function,
                                const std::string& returns, const std::string& code);
// What its code begins with. Triggers of the users on the trash's tables are told what happens, and
// may set what must not stay: with them the ordinary way is taken, and nobody makes one meanwhile.
// leave: the statement that takes it.
std::string leave_to_triggers(const std::string& trash_schema,
                              const std::string& leave = "RETURN NULL");

// Before items of {group}, an int8, and links of the group $1 go, what undoing that needs of them:
// {entry} is the entry of the ledger that is undone then, {hash} that of i.payload and of l.key.
inline constexpr const char* kKeepItems = R"(INSERT INTO {schema}.undo_item
    (entry, shape, first, ordinals, ids, hashes)
  SELECT {entry}, i.shape, pg_catalog.min(i.ordinal),
    pg_catalog.array_agg(i.ordinal), pg_catalog.array_agg(i.object_id),
    pg_catalog.array_agg({hash})
  FROM {schema}.item i
  WHERE i.group_id OPERATOR(pg_catalog.=) {group}
  GROUP BY i.shape, i.ordinal OPERATOR(pg_catalog./) 1000)";
// Where it has one item.
inline constexpr const char* kKeepItem = R"(INSERT INTO {schema}.undo_item
    (entry, shape, first, ordinals, ids, hashes)
  SELECT {entry}, i.shape, i.ordinal, ARRAY[i.ordinal], ARRAY[i.object_id], ARRAY[{hash}]
  FROM {schema}.item i
  WHERE i.group_id OPERATOR(pg_catalog.=) {group})";
inline constexpr const char* kKeepLinks = R"(INSERT INTO {schema}.undo_link
    (entry, shape, attnums, keys)
  SELECT {entry}, l.shape, l.attnums,
    pg_catalog.array_agg({hash})
  FROM {schema}.link l
  WHERE l.group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
  GROUP BY l.shape, l.attnums)";

// The same for each of the groups $1, all of which have such an entry of this transaction.
inline constexpr const char* kKeepItemsOfMany = R"(INSERT INTO {schema}.undo_item
    (entry, shape, first, ordinals, ids, hashes)
  SELECT e.id, i.shape, pg_catalog.min(i.ordinal),
    pg_catalog.array_agg(i.ordinal), pg_catalog.array_agg(i.object_id),
    pg_catalog.array_agg({hash})
  FROM {schema}.trash_group g
  JOIN {schema}.ledger e ON e.group_uuid OPERATOR(pg_catalog.=) g.uuid
    AND e.at OPERATOR(pg_catalog.=) pg_catalog.now() AND e.action OPERATOR(pg_catalog.=) 'restored'
  JOIN {schema}.item i ON i.group_id OPERATOR(pg_catalog.=) g.id
  WHERE g.id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])
  GROUP BY e.id, i.shape, i.ordinal OPERATOR(pg_catalog./) 1000)";
// The same for each of the groups _ids, which have one item each, and the _entries at their places.
inline constexpr const char* kKeepItemsOfEach = R"(INSERT INTO {schema}.undo_item
    (entry, shape, first, ordinals, ids, hashes)
  SELECT _entries[pg_catalog.array_position(_ids, i.group_id)], i.shape, i.ordinal,
    ARRAY[i.ordinal], ARRAY[i.object_id], ARRAY[{hash}]
  FROM {schema}.item i
  WHERE i.group_id OPERATOR(pg_catalog.=) ANY (_ids))";
inline constexpr const char* kKeepLinksOfMany = R"(INSERT INTO {schema}.undo_link
    (entry, shape, attnums, keys)
  SELECT e.id, l.shape, l.attnums, pg_catalog.array_agg({hash})
  FROM {schema}.trash_group g
  JOIN {schema}.ledger e ON e.group_uuid OPERATOR(pg_catalog.=) g.uuid
    AND e.at OPERATOR(pg_catalog.=) pg_catalog.now() AND e.action OPERATOR(pg_catalog.=) 'restored'
  JOIN {schema}.link l ON l.group_id OPERATOR(pg_catalog.=) g.id
  WHERE g.id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])
  GROUP BY e.id, l.shape, l.attnums)";

// The entries $1 were written by one transaction.
inline constexpr const char* kTogether = R"(INSERT INTO {schema}.undo_together (entry, first)
  SELECT e, pg_catalog.min(e) OVER () FROM pg_catalog.unnest($1::pg_catalog.int8[]) u(e))";

// The end of a part of a group: {gone} says which of its items, {changed}: from which ordinal on
// they are of changed ones. $1: the group, $2: the outcome, $3: who, $4: ordinals that changed ones
// had.
inline constexpr const char* kEndPart = R"(WITH gone AS (
    DELETE FROM {schema}.item
    WHERE group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8 AND {gone}
    RETURNING pg_catalog.abs(ordinal) AS ordinal),
  noted AS (
    INSERT INTO {schema}.part (group_id, number, outcome, at, by, ordinals)
    SELECT $1::pg_catalog.int8,
      (SELECT coalesce(pg_catalog.max(p.number), 0) OPERATOR(pg_catalog.+) 1 FROM {schema}.part p
       WHERE p.group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8),
      $2, pg_catalog.now(), $3,
      (SELECT pg_catalog.range_agg(
          pg_catalog.int4range(o.ordinal, o.ordinal OPERATOR(pg_catalog.+) 1))
       FROM (
         SELECT g.ordinal FROM gone g WHERE g.ordinal OPERATOR(pg_catalog.<) {changed}
         UNION ALL SELECT pg_catalog.unnest($4::pg_catalog.int4[])) o))
  SELECT pg_catalog.count(*) FROM gone)";
// What is left of the group $1: $2 items and $3 links, $4 of each form, by the ordinals $5 that it
// was made with, below the items $6, of which $7 is the first.
inline constexpr const char* kKeepRest = R"(UPDATE {schema}.trash_group g
  SET size = $2::pg_catalog.int8, links = $3::pg_catalog.int8, counts = $4::pg_catalog.int8[],
    layout = $5::pg_catalog.int8[], roots = $6::pg_catalog.int4[], root_shape = i.shape,
    root_object = coalesce(i.object_id, '')
  FROM {schema}.item i
  WHERE g.id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
    AND i.group_id OPERATOR(pg_catalog.=) g.id
    AND i.ordinal OPERATOR(pg_catalog.=) $7::pg_catalog.int4)";

}  // namespace trashd::trash
