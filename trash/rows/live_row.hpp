// Reading one live row.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trashd::schema {
struct Table;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

class Trash;

struct LiveRow {
    std::optional<std::string> json;  // nothing where it is long
    std::string etag;                 // empty: what the ETag is made of is too long
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

// The JSON of one row that is held in memory, in bytes.
inline constexpr std::size_t kShortRow = 1 << 15;

struct RowQuery {
    const std::vector<std::string>&id, &select;
    std::string condition;         // SQL over rows under alias_of()
    std::size_t most = kShortRow;  // bytes of the JSON that read_row() gives
};
// tagged: with the ETag, for which the whole row is read.
std::optional<LiveRow> read_row(schema::Transaction& transaction, const schema::Table& table,
                                const RowQuery& asked, bool tagged = true);
// The same, tagged, in one round trip outside of any transaction. Nothing also where that cannot
// be: the row is too long, or code of the database's users might run or decide what may be seen.
std::optional<LiveRow> read_row_alone(Trash& trash, const schema::Table& table,
                                      const RowQuery& asked);
// Its JSON, however long, piece by piece.
void write_row(schema::Transaction& transaction, const schema::Table& table, const RowQuery& asked,
               const std::function<void(std::string_view)>& piece);

}  // namespace trashd::trash
