// What stands in the place of a personal value that was erased: null, or where the column does not
// take that a marker of its type, so that the row can still come back.
#pragma once

#include <string>
#include <vector>

namespace trashd::schema {
class Connection;
struct Check;
struct Column;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

struct Form;

// Columns of checks as they stand in their text.
bool mentions(const std::string& expression, const schema::Column& column);
// The table's checks over the column.
std::vector<const schema::Check*> checks_over(const schema::Table& table,
                                              const schema::Column& column);

// SQL texts over an item i of the form, the best first: what the column's type, its domain and the
// checks over it alone let stand in the payload. Where a unique index is over the column each item
// gets another one. Empty: nothing that is known here fits.
std::vector<std::string> markers_of(schema::Connection& connection, const std::string& trash_schema,
                                    const Form& form, const schema::Column& column);

}  // namespace trashd::trash
