// What the oids in values that were taken are called, for copies of the database.
#include <algorithm>

#include "cascade/statements.hpp"
#include "schema/oids.hpp"

namespace trashd::cascade {

using schema::literal;

bool holds_oids(const Node& node) {
    return std::ranges::any_of(node.table->columns, [](const schema::Column& column) {
        return !schema::kinds_in(schema::oids_of(column)).empty();
    });
}

std::string DeleteSql::note_oids() const {
    std::string text;
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
        const auto& columns = plan_.nodes[node].table->columns;
        std::vector<std::string> places, kinds;
        for (std::size_t at = 0; at < columns.size(); ++at) {
            for (const auto& kind : schema::kinds_in(schema::oids_of(columns[at]))) {
                places.push_back(std::to_string(at + 1));
                kinds.push_back(literal(kind));
            }
        }
        if (places.empty()) continue;
        text += "  IF NOT _hard AND _counts[" + std::to_string(node + 1) +
                "] OPERATOR(pg_catalog.>) 0 THEN PERFORM " + own("note_oids") + "(_group, " +
                std::to_string(names_.shapes[node]) + ", " + array_of(places, "int4") + ", " +
                array_of(kinds, "text") + "); END IF;\n";
    }
    return text;
}

}  // namespace trashd::cascade
