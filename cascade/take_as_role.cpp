// What a delete needs besides where it runs as a role of the database: live rows are touched as
// that role, the trash as the service, and what row-level security hides is told from what is not
// there.
#include "cascade/plan.hpp"
#include "cascade/statements.hpp"
#include "schema/catalog/value.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"

namespace trashd::cascade {

// A role does not delete what row-level security hides from it, and is not told: what should go is
// counted by who sees it all. Privileges and policies are the server's to check.

std::string DeleteSql::become_asker() const {
    if (names_.access_schema.empty()) return "";
    return R"(  PERFORM pg_catalog.set_config('row_security', 'on', true);
  PERFORM pg_catalog.set_config('role', pg_catalog.current_setting('trashd.role'), true);
)";
}

// Deferred triggers run as the role as well.
std::string DeleteSql::deferred_as_asker() const {
    return names_.access_schema.empty() ? "" : "  SET CONSTRAINTS ALL IMMEDIATE;\n";
}

std::string DeleteSql::become_service() const {
    if (names_.access_schema.empty()) return "";
    return schema::filled(R"(  IF pg_catalog.current_setting('role') OPERATOR(pg_catalog.<>)
    pg_catalog.current_setting('trashd.role') THEN {raise}  END IF;
  PERFORM pg_catalog.set_config('role', _was, true);
  PERFORM pg_catalog.set_config('row_security', 'off', true);
)",
                          {{"raise", raise(sqlstate::kInterference,
                                           "a trigger changes the role; change the trigger")}});
}

std::string DeleteSql::see_root() const {
    if (names_.access_schema.empty()) return "";
    return schema::filled(R"(  _was := pg_catalog.current_setting('role');
{as_asker}  PERFORM FROM {root} t WHERE {is_root};
  IF NOT FOUND THEN {raise}  END IF;
{as_service})",
                          {{"as_asker", become_asker()},
                           {"root", schema::relation(*plan_.root)},
                           {"is_root", is_.is_root()},
                           {"raise", raise(sqlstate::kNoSuchRow, "no such row")},
                           {"as_service", become_service()}});
}

std::string DeleteSql::count_wanted() const {
    if (names_.access_schema.empty()) return "";
    std::vector<std::string> counts;
    for (int node = 0; node < static_cast<int>(plan_.nodes.size()); ++node)
        counts.push_back("(SELECT pg_catalog.count(*) FROM " + all_of(node) + ")");
    return "  _want := " + schema::join(counts, " OPERATOR(pg_catalog.+) ") + ";\n";
}

std::string DeleteSql::expect_wanted() const {
    if (names_.access_schema.empty()) return "";
    return schema::filled("  IF _n OPERATOR(pg_catalog.<>) _want THEN {raise}  END IF;\n",
                          {{"raise", raise(sqlstate::kHidden, "rows are hidden from the role")}});
}

}  // namespace trashd::cascade
