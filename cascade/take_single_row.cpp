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

}  // namespace trashd::cascade
