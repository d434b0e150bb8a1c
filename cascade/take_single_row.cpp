// The short way: one row to which nothing refers is deleted, captured and entered in the ledger by
// a single statement, which spares the collecting that most deletes do not need.
#include "cascade/functions.hpp"
#include "cascade/plan.hpp"
#include "cascade/statements.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/sqlstate.hpp"

namespace trashd::cascade {

using schema::literal;

// Others' triggers are watched by statements of their own.
bool one_row_alone(const schema::Catalog& catalog, const Plan& plan) {
    return plan.nodes.size() == 1 && plan.edges.empty() && !plan.root->partitioned &&
           !holds_oids(plan.nodes[0]) && !runs_triggers(catalog, plan);
}

bool DeleteSql::alone() const {
    return names_.access_schema.empty() && one_row_alone(catalog_, plan_);
}

// Looked up when the statement is planned, which PostgreSQL does again once the table has changed:
// to look at each delete would be a fourth of its time. Of its types it notices nothing.
std::string DeleteSql::unchanged() const {
    return same_types(names_) +
           own(names_.own.still, {{"query", literal(schema::fingerprint_sql(tables_of(plan_)))},
                                  {"fingerprint", literal(names_.fingerprint)}});
}

// Nothing is looked for below the row, so DELETE itself may lock it (docs/architecture.md, "The
// locking rule").
std::string DeleteSql::take_alone(const std::string& named) const {
    if (!alone()) return "";
    const auto shape = std::to_string(names_.shapes[0]);
    const auto& root = plan_.root->name;
    return schema::filled(
        R"(  IF NOT _hard AND _etags IS NULL
    AND COALESCE(_most, 1) OPERATOR(pg_catalog.>) 0 THEN
  _n := {deleted};
  _group := {next_group};
  WITH {delete},
  i AS ({insert_item} FROM d),
  g AS ({insert_group} FROM d)
  {insert_entry} FROM d RETURNING l.id INTO _entry;
  IF FOUND THEN
  IF {deleted} OPERATOR(pg_catalog.-) _n OPERATOR(pg_catalog.<>) 1 THEN {raise}  END IF;
  RETURN ARRAY[_group, 1, 0, _entry, 1]::pg_catalog.int8[];
  END IF; END IF;
)",
        {{"deleted", deleted_so_far()[0]},
         {"next_group", next_group()},
         {"delete", one_delete(0, "d", named + " AND " + unchanged())},
         {"insert_item",
          own(names_.own.insert_items,
              {{"ordinal", "1"}, {"shape", shape}, {"object", "d.o"}, {"payload", "d.p"}})},
         {"insert_group", own(names_.own.insert_group, {{"object", "d.o"},
                                                        {"shapes", array_of({shape}, "int4")},
                                                        {"counts", array_of({"1"}, "int8")},
                                                        {"size", "1"},
                                                        {"links", "0"}})},
         {"insert_entry", own(names_.own.insert_entry,
                              {{"action", "'trashed'"},
                               {"object", "d.o"},
                               {"counts", "pg_catalog.jsonb_build_object(" +
                                              literal(root.schema + "." + root.name) + ", 1)"}})},
         {"raise", raise(sqlstate::kUncaptured, "rows vanished that were not captured")}});
}

bool may_share(const schema::Catalog& catalog, const Plan& plan, const Names& names) {
    return one_row_alone(catalog, plan) && names.access_schema.empty() && names.types.empty() &&
           plan.tenant_column.empty() && !plan.root->rules && plan.root->can_update;
}

// A row that another transaction has changed meanwhile is locked in its new version, which the
// snapshot of the statement does not show to the DELETE: it stays, and goes by itself.
std::string DeleteSql::take_together(const std::string& named) const {
    const auto shape = std::to_string(names_.shapes[0]);
    const auto& root = plan_.root->name;
    const auto of_each = [&](const std::string& statement, schema::Values more) {
        more.merge(schema::Values{{"group", "d.group_id"},
                                  {"object", "d.o"},
                                  {"uuid", "d.uuid"},
                                  {"by", "d.by"},
                                  {"reason", "d.reason"},
                                  {"request", "d.request"},
                                  {"address", "d.address"}});
        return own(statement, std::move(more));
    };
    return schema::filled(
        R"(  _n := {deleted};
  RETURN QUERY WITH q AS MATERIALIZED (
    SELECT u.key::pg_catalog.text[] AS key, u.uuid, u.by, u.reason, u.request, u.address
    FROM ROWS FROM (pg_catalog.unnest(_keys), pg_catalog.unnest(_uuids), pg_catalog.unnest(_by),
      pg_catalog.unnest(_reasons), pg_catalog.unnest(_requests), pg_catalog.unnest(_addresses))
      u(key, uuid, by, reason, request, address)),
  held AS (
    SELECT t.at, q.uuid, q.by, q.reason, q.request, q.address
    FROM q CROSS JOIN LATERAL (
      SELECT t.ctid AS at FROM {root} t WHERE {named} AND {unchanged}
      FOR UPDATE SKIP LOCKED) t),
  d AS (
    DELETE FROM {root} t USING held h WHERE t.ctid OPERATOR(pg_catalog.=) h.at
    RETURNING h.uuid, h.by, h.reason, h.request, h.address, {next_group} AS group_id,
      {object} AS o, {payload} AS p),
  i AS ({insert_item} FROM d),
  g AS ({insert_group} FROM d)
  {insert_entry} FROM d RETURNING l.group_uuid, l.id;
  GET DIAGNOSTICS _m = ROW_COUNT;
  IF {deleted} OPERATOR(pg_catalog.-) _n OPERATOR(pg_catalog.<>) _m THEN {raise}  END IF;)",
        {{"deleted", deleted_so_far()[0]},
         {"root", schema::relation(*plan_.root)},
         {"named", named},
         {"unchanged", unchanged()},
         {"next_group", next_group()},
         {"object", schema::key_text(*plan_.root, plan_.root->identity, "t")},
         {"payload", schema::payload(*plan_.root, "t")},
         {"insert_item", of_each(names_.own.insert_items,
                                 {{"ordinal", "1"}, {"shape", shape}, {"payload", "d.p"}})},
         {"insert_group", of_each(names_.own.insert_group, {{"shapes", array_of({shape}, "int4")},
                                                            {"counts", array_of({"1"}, "int8")},
                                                            {"size", "1"},
                                                            {"links", "0"}})},
         {"insert_entry",
          of_each(names_.own.insert_entry,
                  {{"action", "'trashed'"},
                   {"counts", "pg_catalog.jsonb_build_object(" +
                                  literal(root.schema + "." + root.name) + ", 1)"}})},
         {"raise", raise(sqlstate::kUncaptured, "rows vanished that were not captured")}});
}

}  // namespace trashd::cascade
