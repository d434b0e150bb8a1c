#include "schema/identifier.hpp"

#include <algorithm>

#include "schema/object_name.hpp"

namespace trashd::schema {
namespace {

std::string doubled(std::string_view text, std::string_view special) {
    std::string out;
    out.reserve(text.size() + 2);
    for (const char c : text) {
        if (special.find(c) != special.npos) out += c;
        out += c;
    }
    return out;
}

}  // namespace

std::string quoted(std::string_view name) {
    return '"' + doubled(name, "\"") + '"';
}

std::string literal(std::string_view text) {
    const bool escape = text.find('\\') != text.npos;
    return (escape ? "E'" : "'") + doubled(text, escape ? "'\\" : "'") + '\'';
}

std::string quoted(const QualifiedName& name) {
    return quoted(name.schema) + '.' + quoted(name.name);
}

std::string row_alias(const std::vector<std::string>& columns) {
    std::string alias = "trashd_row";
    while (std::find(columns.begin(), columns.end(), alias) != columns.end()) alias += "_";
    return alias;
}

}  // namespace trashd::schema
