// What a client sent to be written: its JSON, column by column, refused in words where the table
// has no such column, or another hand fills it.
#pragma once

#include <string>
#include <vector>

#include "service/api/problem.hpp"
#include "trash/write/row_writer.hpp"

namespace trashd::schema {
struct Column;
struct Table;
}  // namespace trashd::schema

namespace trashd::service {

struct Request;
struct Caller;
struct Context;
struct Json;

using Columns = std::vector<const schema::Column*>;

WriteFault column_fault(const std::string& column, const std::string& detail);
bool is_key(const schema::Table& table, const schema::Column& column);
bool by_database(const schema::Column& column);
// Throws WriteFault for a column that the database itself fills.
void refuse_generated(const schema::Column& column);
// The value, which must be an object: kBadRequest.
const Json& object(const Json& value);
// Of the resource's table, in the order of the object's members.
Columns columns_of(const Request& request, const Context& context, const Json& value);
// The credentials say whose the row is; nobody gives it to another.
void refuse_other_tenant(const Context& context, const schema::Column& column, const Json& sent);
// One object, with the tenant of the credentials; or one or an array of up to 1000, whose fault
// says its position.
trash::ColumnValues given_object(const Request& request, const Caller& caller,
                                 const Context& context, const Json& body);
std::vector<trash::ColumnValues> given_objects(const Request& request, const Caller& caller,
                                               const Context& context, const Json& body);

}  // namespace trashd::service
