// A column's values as JSON Schema: what PostgreSQL's row_to_json makes of them.
#pragma once

#include "service/openapi/nodes.hpp"

namespace trashd::schema {
struct Column;
struct Table;
}  // namespace trashd::schema

namespace trashd::service::openapi {

// With type, format, longest length and the values of an enum or a simple CHECK, as far as they are
// known; types of extensions, whose JSON only they know, may be anything. nullable: null as well.
Node column_schema(const Nodes& nodes, const schema::Table& table, const schema::Column& column,
                   bool nullable);
// The same as it stands in an address.
Node key_schema(const Nodes& nodes, const schema::Table& table, const schema::Column& column);

}  // namespace trashd::service::openapi
