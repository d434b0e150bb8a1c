#include "service/writing/column_values.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/sqlstate.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/where_parser.hpp"
#include "service/rights/row_rights.hpp"
#include "service/writing/written_rows.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/rows/live_row.hpp"

namespace trashd::service {
namespace {

constexpr std::size_t kMostObjects = 1000;

// The catalog may be older than the column: then the request begins again with a new one.
[[noreturn]] void refuse_unknown(const Context& context, const std::string& name) {
    if (context.trash->catalog().refresh() != context.resources->catalog())
        throw Error(SqlError{std::string(sqlstate::kUndefinedColumn), "", "", "", "", "", ""});
    if (name == trash::kDeletedAtName)
        throw column_fault(name,
                           "'deletedAt' is no column: DELETE puts the object into the trash, and "
                           "PATCH ?deleted=true with {\"deletedAt\": null} takes it out; leave it "
                           "out");
    throw column_fault(name, fmt::format("there is no column '{}'; leave it out", name));
}

void add_tenant(const Request& request, const Context& context, const Json& body,
                trash::ColumnValues& given) {
    const auto* column = context.trash->tenant_column(*request.resource->table);
    if (!column) return;
    if (const auto* sent = body.member(column->name))
        return refuse_other_tenant(context, *column, *sent);
    Json whole = body, tenant;
    tenant.kind = Json::Kind::kString;
    tenant.text = *context.trash->tenant();
    whole.members.push_back({column->name, tenant});
    given.columns.push_back(column);
    given.json = to_json(whole);
}

}  // namespace

WriteFault column_fault(const std::string& column, const std::string& detail) {
    WriteFault fault(Code::kInvalid, detail);
    fault.column = column;
    return fault;
}

bool is_key(const schema::Table& table, const schema::Column& column) {
    return std::ranges::count(table.identity, column.attnum) > 0;
}

bool by_database(const schema::Column& column) {
    return column.generated || column.identity == "always";
}

void refuse_generated(const schema::Column& column) {
    if (by_database(column))
        throw column_fault(
            column.name,
            fmt::format("the database itself fills column '{}'; leave it out", column.name));
}

const Json& object(const Json& value) {
    if (value.kind != Json::Kind::kObject)
        throw Error(Code::kBadRequest, "send a JSON object whose names are those of the columns");
    return value;
}

Columns columns_of(const Request& request, const Context& context, const Json& value) {
    Columns columns;
    for (const auto& [name, member] : object(value).members) {
        columns.push_back(request.resource->table->shown_column(name));
        if (!columns.back()) refuse_unknown(context, name);
    }
    return columns;
}

void refuse_other_tenant(const Context& context, const schema::Column& column, const Json& sent) {
    const bool scalar = sent.kind == Json::Kind::kString || sent.kind == Json::Kind::kNumber;
    if (!scalar || sent.text != *context.trash->tenant())
        throw column_fault(column.name,
                           fmt::format("column '{}' is the tenant that the credentials name; "
                                       "leave it out",
                                       column.name));
}

trash::ColumnValues given_object(const Request& request, const Caller& caller,
                                 const Context& context, const Json& body) {
    trash::ColumnValues given{
        columns_of(request, context, body), std::string(body.source),
        trash::crossing_sql(*context.trash, *context.resources->catalog(), *request.resource->table,
                            {}),
        own_rows(request, caller, Right::kWrite, trash::alias_of(*request.resource->table)),
        shown_bytes(request, caller, context)};
    for (const auto* column : given.columns) refuse_generated(*column);
    add_tenant(request, context, body, given);
    return given;
}

std::vector<trash::ColumnValues> given_objects(const Request& request, const Caller& caller,
                                               const Context& context, const Json& body) {
    const bool array = body.kind == Json::Kind::kArray;
    if (array && (body.elements.empty() || body.elements.size() > kMostObjects))
        throw Error(Code::kBadRequest,
                    fmt::format("send from 1 to {} objects at once", kMostObjects));
    if (!array) return {given_object(request, caller, context, body)};
    std::vector<trash::ColumnValues> objects;
    try {
        for (const auto& element : body.elements)
            objects.push_back(given_object(request, caller, context, element));
    } catch (WriteFault& fault) {
        fault.position = objects.size();
        throw;
    }
    return objects;
}

}  // namespace trashd::service
