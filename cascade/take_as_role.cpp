// What a delete needs besides where it runs as a role of the database: live rows are touched as
// that role, the trash as the service, and what row-level security hides is told from what is not
// there.
#include "cascade/statements.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "schema/value.hpp"

namespace trashd::cascade {

// A role does not delete what row-level security hides from it, and is not told: what should go is
// counted by who sees it all. Privileges and policies are the server's to check.

std::string DeleteSql::become_asker() const {
    if (names_.access_schema.empty()) return "";
    return "  PERFORM pg_catalog.set_config('row_security', 'on', true);\n"
           "  PERFORM pg_catalog.set_config('role', pg_catalog.current_setting('trashd.role'), "
           "true);\n";
}

// Deferred triggers run as the role as well.
std::string DeleteSql::deferred_as_asker() const {
    return names_.access_schema.empty() ? "" : "  SET CONSTRAINTS ALL IMMEDIATE;\n";
}

std::string DeleteSql::become_service() const {
    if (names_.access_schema.empty()) return "";
    return "  IF pg_catalog.current_setting('role') OPERATOR(pg_catalog.<>) "
           "pg_catalog.current_setting('trashd.role') "
           "THEN " +
           raise(sqlstate::kInterference, "a trigger changes the role; change the trigger") +
           "  END IF;\n  PERFORM pg_catalog.set_config('role', _was, true);\n"
           "  PERFORM pg_catalog.set_config('row_security', 'off', true);\n";
}

std::string DeleteSql::see_root() const {
    if (names_.access_schema.empty()) return "";
    return "  _was := pg_catalog.current_setting('role');\n" + become_asker() + "  PERFORM FROM " +
           schema::relation(*plan_.root) + " t WHERE " + is_.is_root() + ";\n  IF NOT FOUND THEN " +
           raise(sqlstate::kNoSuchRow, "no such row") + "  END IF;\n" + become_service();
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
    return "  IF _n OPERATOR(pg_catalog.<>) _want THEN " +
           raise(sqlstate::kHidden, "rows are hidden from the role") + "  END IF;\n";
}

}  // namespace trashd::cascade
