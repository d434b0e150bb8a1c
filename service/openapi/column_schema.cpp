#include "service/openapi/column_schema.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/makeup.hpp"
#include "service/openapi/check_values.hpp"

namespace trashd::service::openapi {

namespace {

using schema::Column;

// By the numbers that PostgreSQL's own types have for ever. type: empty for anything at all.
struct Known {
    schema::Oid scalar, array;
    std::string_view type, format;
};

constexpr schema::Oid kFirstOfUsers = 16384, kText = 25, kVarchar = 1043, kBpchar = 1042;
constexpr std::array kKnown = {Known{16, 1000, "boolean", ""},
                               Known{21, 1005, "integer", "int16"},
                               Known{23, 1007, "integer", "int32"},
                               Known{20, 1016, "integer", "int64"},
                               Known{700, 1021, "number", "float"},
                               Known{701, 1022, "number", "double"},
                               Known{1700, 1231, "number", ""},
                               Known{2950, 2951, "string", "uuid"},
                               Known{1082, 1182, "string", "date"},
                               Known{1083, 1183, "string", "time-local"},
                               Known{1114, 1115, "string", "date-time-local"},
                               Known{1184, 1185, "string", "date-time"},
                               Known{114, 199, "", ""},
                               Known{3802, 3807, "", ""}};

constexpr Known kOther{0, 0, "string", ""}, kAnything{0, 0, "", ""};

Known known(const Column& column) {
    for (const auto& one : kKnown)
        if (column.base_oid == one.scalar || column.base_oid == one.array) return one;
    const bool users = column.base_oid >= kFirstOfUsers;
    const bool citext = column.value_type.ends_with("citext");
    return users && !citext ? kAnything : kOther;
}

void put_type(const Nodes& nodes, Node& schema, std::string_view type, bool nullable) {
    if (type.empty()) return;
    if (!nullable) return nodes.put(schema, "type", type);
    Node types = nodes.array();
    nodes.add(types, type);
    nodes.add(types, "null");
    nodes.put(schema, "type", std::move(types));
}

Node type_schema(const Nodes& nodes, const Known& type, bool nullable) {
    Node schema = nodes.object();
    put_type(nodes, schema, type.type, nullable);
    if (!type.format.empty()) nodes.put(schema, "format", type.format);
    return schema;
}

// Elements may be null whatever the column says, and arrays of arrays have the same type.
Node array_schema(const Nodes& nodes, const Column& column, bool nullable) {
    Node schema = nodes.object();
    put_type(nodes, schema, "array", nullable);
    nodes.put(schema, "items", type_schema(nodes, known(column), true));
    return schema;
}

// 30 of "character varying(30)".
std::optional<int> longest(const Column& column) {
    if (column.base_oid != kVarchar && column.base_oid != kBpchar) return std::nullopt;
    const auto bracket = column.type.find('(');
    if (!column.type.starts_with("character") || bracket == column.type.npos) return std::nullopt;
    int length = 0;
    std::from_chars(column.type.data() + bracket + 1, column.type.data() + column.type.size(),
                    length);
    return length;
}

std::vector<std::string> values_of(const schema::Table& table, const Column& column) {
    std::vector<std::string> values;
    if (schema::is_enum(column)) {
        for (const auto& label : schema::Makeup::read(column.makeup).parts)
            values.push_back(label.name);
        return values;
    }
    const bool text = column.base_oid == kText || column.base_oid == kVarchar;
    return text ? check_values(table, column) : values;
}

void put_values(const Nodes& nodes, Node& schema, const std::vector<std::string>& values,
                bool nullable) {
    Node all = nodes.array();
    for (const auto& value : values) nodes.add(all, value);
    if (nullable) nodes.add(all, Node());
    nodes.put(schema, "enum", std::move(all));
}

bool is_composite(const Column& column) {
    return !column.makeup.empty() && schema::Makeup::read(column.makeup).kind == 'c';
}

}  // namespace

Node column_schema(const Nodes& nodes, const schema::Table& table, const Column& column,
                   bool nullable) {
    if (column.array) return array_schema(nodes, column, nullable);
    const auto values = values_of(table, column);
    auto type = known(column);
    if (!values.empty()) type = kOther;
    if (is_composite(column)) type.type = "object";
    Node schema = type_schema(nodes, type, nullable);
    if (!values.empty()) put_values(nodes, schema, values, nullable);
    if (const auto length = longest(column)) nodes.put(schema, "maxLength", Node(*length));
    return schema;
}

Node key_schema(const Nodes& nodes, const schema::Table& table, const Column& column) {
    const auto type = known(column).type;
    if (!column.array && !type.empty()) return column_schema(nodes, table, column, false);
    return type_schema(nodes, kOther, false);
}

}  // namespace trashd::service::openapi
