// What the oids in values that were taken are called, for copies of the database.
#include <algorithm>

#include "cascade/plan.hpp"
#include "cascade/statements.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/oids.hpp"
#include "schema/identifier.hpp"

namespace trashd::cascade {

using schema::literal;

bool holds_oids(const Node& node) {
    return std::ranges::any_of(node.table->columns, [](const schema::Column& column) {
        return !column.omitted && !schema::kinds_in(schema::oids_of(column)).empty();
    });
}

std::string DeleteSql::note_oids() const {
    std::string text;
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
        const auto columns = plan_.nodes[node].table->kept_columns();
        std::vector<std::string> places, kinds;
        for (std::size_t at = 0; at < columns.size(); ++at) {
            for (const auto& kind : schema::kinds_in(schema::oids_of(*columns[at]))) {
                places.push_back(std::to_string(at + 1));
                kinds.push_back(literal(kind));
            }
        }
        if (places.empty() || plan_.drops(static_cast<int>(node))) continue;
        text += schema::filled(
            R"(  IF NOT _hard AND _counts[{place}] OPERATOR(pg_catalog.>) 0 THEN
    PERFORM {note};
  END IF;
)",
            {{"place", std::to_string(node + 1)},
             {"note", own(names_.own.note_oids, {{"shape", std::to_string(names_.shapes[node])},
                                                 {"places", array_of(places, "int4")},
                                                 {"kinds", array_of(kinds, "text")}})}});
    }
    return text;
}

}  // namespace trashd::cascade
