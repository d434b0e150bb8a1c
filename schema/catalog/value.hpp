// How a column's value becomes text and comes back, byte for byte. Rules: the output text of the
// type, never a cast function of a user's; reg* types by oid.
#pragma once

#include <string>
#include <vector>

namespace trashd::schema {

struct Column;
struct Table;

// SQL for the output text of the column, e.g. t."a"::text. alias empty: no prefix.
std::string to_text(const Column& column, const std::string& alias);
// SQL for the value of the column from a text expression, e.g. (p[1])::bigint.
std::string from_text(const Column& column, const std::string& text);
// The value of the column that the SQL gives, in its base type: operators of enums and ranges take
// no domains.
std::string in_base_type(const Column& column, const std::string& sql);
// The type that this gives.
const std::string& base_type(const Column& column);
// SQL text[] of the columns of the table that are kept, in attnum order: the payload of an item.
std::string payload(const Table& table, const std::string& alias);
// The same of the columns that are shown.
std::string shown_payload(const Table& table, const std::string& alias);
// SQL text of a key as in addresses: one column plainly, several joined by ',', % and , escaped.
std::string key_text(const Table& table, const std::vector<int>& attnums, const std::string& alias);
// SQL bool: the values, of one type that is no array, are the same as the type's equality has it,
// or both NULL; never NULL. Of other operators than those of pg_catalog nothing is looked up.
std::string same(const std::string& one, const std::string& other);
std::string differ(const std::string& one, const std::string& other);
// "schema"."name", with ONLY unless partitioned: each table of an inheritance tree by itself.
std::string relation(const Table& table);

}  // namespace trashd::schema
