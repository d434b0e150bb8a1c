// Live rows, and both kinds in one list: the only SQL of this folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/catalog.hpp"
#include "schema/database.hpp"
#include "trash/trash.hpp"

namespace trashd::service {

struct LiveRow {
    std::string json, etag;
};

// SQL: the row has the key whose columns are $1, $2, ... as text.
std::string equals_key(const schema::Table& table, const std::string& alias);

// False when the text cannot be a key of the table: too many parts, or too long for its type, which
// a cast would cut and so find another row.
bool can_be_key(const schema::Table& table, const std::vector<std::string>& id);

// SQL of the JSON of rows under the alias: of the columns in select, empty: of all.
std::string live_json(const schema::Table& table, const std::string& alias,
                      const std::vector<std::string>& select);
// An alias that is no column of the table.
std::string alias_of(const schema::Table& table);

struct RowAsked {
    const std::vector<std::string>&id, &select;
    std::string condition;  // SQL over rows under alias_of()
};
std::optional<LiveRow> read_row(schema::Transaction& transaction, const schema::Table& table,
                                const RowAsked& asked);

}  // namespace trashd::service
