// The short way: one row to which nothing refers is deleted, captured and entered in the ledger by
// a single statement, which spares the collecting that most deletes do not need.
#include "cascade/statements.hpp"
#include "schema/reader.hpp"
#include "schema/sqlstate.hpp"
#include "schema/value.hpp"

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
    return same_types(names_) + own("still") + "(" +
           literal(schema::fingerprint_sql(tables_of(plan_))) + ", " + literal(names_.fingerprint) +
           ")";
}

// Nothing is looked for below the row, so DELETE itself may lock it (docs/architecture.md, "The
// locking rule").
std::string DeleteSql::take_alone(const std::string& named) const {
    if (!alone()) return "";
    const auto shape = std::to_string(names_.shapes[0]);
    const auto& root = plan_.root->name;
    return "  IF NOT _hard AND _etags IS NULL AND COALESCE(_most, 1) OPERATOR(pg_catalog.>) 0 "
           "THEN\n  _n := " +
           deleted_so_far()[0] + ";\n  _group := " + next_group() + ";\n  WITH " +
           one_delete(0, "d", named + " AND " + unchanged()) + ",\n  i AS (" + into_item() +
           "SELECT _group, 1, " + shape + ", d.o, d.p FROM d),\n  g AS (" + into_group() + "d.o, " +
           array_of({shape}, "int4") + ", " + array_of({"1"}, "int8") + ", 1, 0 FROM d)\n  " +
           into_ledger("'trashed'") + "d.o, _uuid, pg_catalog.jsonb_build_object(" +
           literal(root.schema + "." + root.name) + ", 1) FROM d;\n  IF FOUND THEN\n  IF " +
           deleted_so_far()[0] + " OPERATOR(pg_catalog.-) _n OPERATOR(pg_catalog.<>) 1 THEN " +
           raise(sqlstate::kUncaptured, "rows vanished that were not captured") +
           "  END IF;\n  RETURN ARRAY[_group, 1, 0, 1]::pg_catalog.int8[];\n  END IF; END IF;\n";
}

}  // namespace trashd::cascade
