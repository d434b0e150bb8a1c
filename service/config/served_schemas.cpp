#include "service/config/served_schemas.hpp"

#include <algorithm>

#include "schema/session/connection.hpp"
#include "service/config/config.hpp"
#include "service/config/did_you_mean.hpp"

namespace trashd::service {

std::vector<std::string> missing_schemas(schema::Connection& connection, const Config& config) {
    const auto found = connection.exec(
        "SELECT nspname FROM pg_catalog.pg_namespace WHERE NOT "
        "pg_catalog.starts_with(nspname::pg_catalog.text, 'pg_') AND NOT (nspname "
        "OPERATOR(pg_catalog.=) ANY (ARRAY['information_schema', "
        "$1]::pg_catalog.name[]))",
        {config.trash_schema});
    std::vector<std::string> there, faults;
    for (int row = 0; row < found.rows(); ++row) there.emplace_back(found.text(row, 0));
    for (const auto& name : config.schemas) {
        if (std::ranges::count(there, name) > 0) continue;
        if (name == "public" && !config.resources.empty()) continue;
        faults.push_back("schemas: there is no schema '" + name + "' in the database" +
                         did_you_mean(name, there));
    }
    return faults;
}

}  // namespace trashd::service
