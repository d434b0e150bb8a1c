#include "trash/store/own_statements.hpp"

#include <vector>

#include "schema/identifier.hpp"
#include "schema/object_name.hpp"
#include "schema/text.hpp"

namespace trashd::trash {
namespace {

std::string insert_items(const std::string& into) {
    return "INSERT INTO " + into + R"( (group_id, ordinal, shape, object_id, payload)
  SELECT {group}, {ordinal}, {shape}, {object}, {payload})";
}

constexpr const char* kInsertGroup = R"(INSERT INTO {schema}.trash_group (id, uuid, created_at,
    deleted_by, reason, request_id, root_shape, root_object, shapes, counts, size, links, expires_at)
  SELECT {group}, {uuid}, pg_catalog.now(), {by}, {reason}, {request}, {root_shape}, {object},
    {shapes}, {counts}, {size}, {links},
    CASE WHEN EXISTS (SELECT FROM {schema}.keep) THEN pg_catalog.now() OPERATOR(pg_catalog.+)
      {schema}.keep_of({shapes}, {counts}, NULLIF(pg_catalog.current_setting('trashd.tenant', true), ''))
    END)";

constexpr const char* kInsertEntry = R"(INSERT INTO {schema}.ledger AS l (at, action, by, reason,
    schema_name, table_name, request_id, address, object_id, group_uuid, counts, tenant)
  SELECT pg_catalog.now(), {action}, {by}, {reason}, {table_schema}, {table}, {request}, {address},
    {object}, {uuid}, {counts}, {tenant})";

constexpr const char* kItemsOfGroup = R"((SELECT shape, payload FROM {schema}.item
    WHERE group_id OPERATOR(pg_catalog.=) {group}) s(shape, p))";

// A row without a key is known by all its values. Every link of such a row has its row_id, and as
// key the row as it is now, however many deletes have changed it: alike rows are paired one to one.
constexpr const char* kRowsWithoutKey = R"(r AS (
    SELECT d.*, pg_catalog.row_number() OVER (PARTITION BY d.key ORDER BY d.row_id) AS n
    FROM (SELECT DISTINCT o.row_id, o.key FROM {schema}.link o
      WHERE o.shape OPERATOR(pg_catalog.=) {shape} AND o.row_id IS NOT NULL
        AND o.key OPERATOR(pg_catalog.=) ANY (SELECT before FROM u)) d),
  w AS MATERIALIZED (
    SELECT c.*, COALESCE(r.row_id, pg_catalog.nextval({row_ids}::pg_catalog.regclass)) AS row_id
    FROM (SELECT u.*, pg_catalog.row_number() OVER (PARTITION BY u.before) AS n FROM u) c
    LEFT JOIN r ON r.key OPERATOR(pg_catalog.=) c.before AND r.n OPERATOR(pg_catalog.=) c.n),
  o AS (UPDATE {schema}.link o SET key = w.key FROM w
    WHERE o.row_id OPERATOR(pg_catalog.=) w.row_id RETURNING 1))";

constexpr const char* kInsertLinks = R"(INSERT INTO {schema}.link
    (group_id, shape, object_id, key, attnums, was, left_as, row_id, row_was, row_left)
  SELECT {group}, {shape}, w.object, w.key, w.attnums, w.was, w.left_as, w.row_id, {row_was},
    {row_left}
  FROM w WHERE {kept})";

// Of several links of one row each has it as it was before the first.
constexpr const char* kFirstRowWas = R"(COALESCE((
      SELECT e.row_was FROM {schema}.link e
      WHERE e.group_id OPERATOR(pg_catalog.=) {group} AND e.shape OPERATOR(pg_catalog.=) {shape}
        AND e.object_id OPERATOR(pg_catalog.=) w.object ORDER BY e.id LIMIT 1), w.before))";

constexpr const char* kSetRowLeft = R"(UPDATE {schema}.link l SET row_left = {row} FROM {table} t
    WHERE l.group_id OPERATOR(pg_catalog.=) {group} AND l.shape OPERATOR(pg_catalog.=) {shape}
      AND {same})";

// No hold is made any more before the delete ends.
constexpr const char* kRefuseHeld = R"(LOCK TABLE {schema}.hold IN ROW EXCLUSIVE MODE;
    IF {schema}.holds_objects() THEN {raise}  END IF;
)";

cascade::OwnStatements written() {
    cascade::OwnStatements own;
    own.group_ids = "trash_group_id_seq";
    own.row_ids = "link_row_id_seq";
    own.insert_items = insert_items("{schema}.item");
    own.insert_items_as_role = insert_items("{access}.incoming");
    own.insert_group = kInsertGroup;
    own.insert_entry = kInsertEntry;
    own.items_of_group = kItemsOfGroup;
    own.rows_by_key = "w AS (SELECT u.*, NULL::pg_catalog.int8 AS row_id FROM u)";
    own.rows_without_key = kRowsWithoutKey;
    own.insert_links = kInsertLinks;
    own.first_row_was = kFirstRowWas;
    own.set_row_left = kSetRowLeft;
    own.link_key = "l.key";
    own.still = "{schema}.still({query}, {fingerprint})";
    own.refuse_held = kRefuseHeld;
    own.note_oids = "{schema}.note_oids({group}, {shape}, {places}, {kinds})";
    return own;
}

}  // namespace

std::string last_entry(const std::string& trash_schema) {
    return "pg_catalog.currval(" +
           schema::literal(schema::quoted({trash_schema, "ledger_id_seq"})) +
           "::pg_catalog.regclass)";
}

std::string hash_of(const std::string& payload) {
    return "pg_catalog.hash_array_extended((" + payload + ") COLLATE \"C\", 0)";
}

std::string group_function_sql(const std::string& trash_schema, const std::string& function,
                               const std::string& code) {
    return schema::filled(
        R"(CREATE OR REPLACE FUNCTION {function}(_ids pg_catalog.int8[],
  _by pg_catalog.text, _reason pg_catalog.text, _request pg_catalog.text, _address pg_catalog.text,
  _action pg_catalog.text, _uuid pg_catalog.uuid, _ordinal pg_catalog.int8, _most pg_catalog.int8,
  _expect pg_catalog.int8) RETURNS pg_catalog.text[] LANGUAGE plpgsql VOLATILE
  SET enable_seqscan = off AS {code})",
        {{"function", schema::quoted({trash_schema, function})}, {"code", schema::literal(code)}});
}

std::string groups_function_sql(const std::string& trash_schema, const std::string& function,
                                const std::string& returns, const std::string& code) {
    return schema::filled(
        R"(CREATE OR REPLACE FUNCTION {function}(_ids pg_catalog.int8[],
  _by pg_catalog.text[], _reasons pg_catalog.text[], _requests pg_catalog.text[],
  _addresses pg_catalog.text[], _uuids pg_catalog.uuid[], _ordinals pg_catalog.int8[],
  _most pg_catalog.int8[], _expected pg_catalog.int8[], _numbers pg_catalog.int8[])
  RETURNS {returns} LANGUAGE plpgsql VOLATILE
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET lock_timeout = '20ms' AS {code})",
        {{"function", schema::quoted({trash_schema, function})},
         {"returns", returns},
         {"code", schema::literal(code)}});
}

std::string leave_to_triggers(const std::string& trash_schema, const std::string& leave) {
    std::vector<std::string> tables, names;
    for (const char* name : {"trash_group", "link", "item", "ledger", "undo_item", "hold"}) {
        tables.push_back(schema::quoted({trash_schema, name}));
        names.push_back(schema::literal(tables.back()));
    }
    return schema::filled(R"(LOCK TABLE {tables} IN ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM pg_catalog.pg_trigger t
    JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) t.tgfoid
      AND f.pronamespace OPERATOR(pg_catalog.<>) {schema}::pg_catalog.regnamespace
    WHERE t.tgrelid OPERATOR(pg_catalog.=) ANY (ARRAY[{names}]::pg_catalog.regclass[])
      AND NOT t.tgisinternal) THEN {leave}; END IF;)",
                          {{"tables", schema::join(tables, ", ")},
                           {"names", schema::join(names, ", ")},
                           {"leave", leave},
                           {"schema", schema::literal(schema::quoted(trash_schema))}});
}

const cascade::OwnStatements& own_statements() {
    static const auto own = written();
    return own;
}

}  // namespace trashd::trash
