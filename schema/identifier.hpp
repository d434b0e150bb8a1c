// Names and literals on their way into SQL text. Nothing else may put a name into SQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trashd::schema {

struct QualifiedName;

// "name", quotes doubled: always quoted, so keywords and mixed case are safe.
std::string quoted(std::string_view name);
// Exact matches, or std::quoted of <iomanip> would be found for a std::string.
inline std::string quoted(const std::string& name) {
    return quoted(std::string_view(name));
}
inline std::string quoted(const char* name) {
    return quoted(std::string_view(name));
}
inline std::string quoted(std::string& name) {
    return quoted(std::string_view(name));
}

// 'text' as a literal, E'' form where it holds a backslash.
std::string literal(std::string_view text);

// An alias for rows that is none of these: a column of that name would be meant instead of the row.
std::string row_alias(const std::vector<std::string>& columns);

// "schema"."name"
std::string quoted(const QualifiedName& name);

}  // namespace trashd::schema
