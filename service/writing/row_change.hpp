// A write of a row that is there: what PATCH and PUT set in it, and what POST does in one that has
// come back from the trash.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/writing/column_values.hpp"
#include "service/writing/row_write.hpp"
#include "trash/model/item.hpp"
#include "trash/write/row_writer.hpp"

namespace trashd::service {

struct Json;

// kMerge: the columns given, JSON merged into what is there; kReplace: these and the defaults of
// all others; kSet: the columns given.
enum class Setting { kMerge, kReplace, kSet };

struct Change {
    trash::RowAddress address;
    const Json& body;
    trash::ColumnValues key, given;  // columns of the key; the others
    Columns merging, defaults;       // JSON that is merged into what is there; left out of a PUT
    bool restored = false;           // the row has come back in the same transaction
};

struct ChangeWanted {
    std::vector<std::string> id;  // the key's columns as text
    const Json& body;             // must outlive the change
    Setting setting;
};

// Throws WriteFault for columns that there are not, or that the database itself fills.
Change change_of(const Request& request, const Caller& caller, const Context& context,
                 const ChangeWanted& wanted);
// The row as it is then. Throws kStale where If-Match names another version, InTrash or kNotFound
// where there is no such row, Forbidden where one that was restored may not be written.
trash::WrittenRow change_row(Write& write, schema::Transaction& transaction, const Change& change);
// What PATCH and PUT answer.
Response changed(const Write& write, schema::Transaction& transaction,
                 const trash::WrittenRow& row);

// SQL over rows under alias_of(table): who asks has them and may write them.
std::string writable_rows(const Request& request, const Caller& caller, const Context& context);
bool is_live(const Request& request, const Context& context, const std::vector<std::string>& id);
// The newest item of the key, where who asks may see it.
std::optional<trash::Item> seen_in_trash(const Write& write, schema::Transaction& transaction,
                                         const trash::RowAddress& address);
// There is no such row: InTrash with the detail where its item may be seen, else kNotFound.
inline constexpr const char* kRestoreFirst = "the object is in the trash; restore it first";
[[noreturn]] void refuse_missing(const Write& write, schema::Transaction& transaction,
                                 const trash::RowAddress& address,
                                 const char* detail = kRestoreFirst);

}  // namespace trashd::service
