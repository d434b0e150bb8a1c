// Live rows: the only SQL of this folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/catalog.hpp"
#include "schema/database.hpp"

namespace trashd::service {

struct LiveRow {
    std::string json, etag;
};

struct LivePage {
    std::vector<std::string> rows;      // JSON of each
    std::vector<std::string> last_key;  // of the last row
    bool more = false;
};

// False when the text cannot be a key of the table: too many parts, or too long for its type, which
// a cast would cut and so find another row.
bool can_be_key(const schema::Table& table, const std::vector<std::string>& id);

std::optional<LiveRow> read_row(schema::Pool& pool, const schema::Table& table,
                                const std::vector<std::string>& id);
// In key order, strictly after the key (empty: from the start).
LivePage read_page(schema::Pool& pool, const schema::Table& table, long long limit,
                   const std::vector<std::string>& after);

}  // namespace trashd::service
