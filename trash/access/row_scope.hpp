// Which rows a right is for, where it is not for all of them: those of whole tables, and of other
// tables those in which a column holds the id of who asks. Live rows and items are judged alike.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {
class Catalog;
class Connection;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

struct RowScope;

// SQL over the alias of a live row, or of an item read as one: one of the columns holds the id.
std::string own_rows(const schema::Table& table, const std::vector<std::string>& columns,
                     const std::string& alias, const std::string& id);
// SQL over an item i of a group g: it is within reach. members: rows of tables without a column are
// as well, as far as they go with others.
std::string within(const RowScope& reach, const schema::Catalog& catalog,
                   const std::string& trash_schema, bool members);
bool item_within(schema::Connection& connection, const schema::Catalog& catalog,
                 const std::string& trash_schema, const std::string& item_id,
                 const RowScope& reach);
// Those of the items, by their ids, that are within reach.
std::set<std::string> items_within(schema::Connection& connection, const schema::Catalog& catalog,
                                   const std::string& trash_schema,
                                   const std::vector<std::string>& item_ids, const RowScope& reach);
// The table of an item of the group that is beyond reach, as it is called today; nothing: there is
// none.
std::optional<schema::QualifiedName> first_beyond(schema::Connection& connection,
                                                  const schema::Catalog& catalog,
                                                  const std::string& trash_schema, long long group,
                                                  const RowScope& reach);

}  // namespace trashd::trash
