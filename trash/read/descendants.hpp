// Groups in the trash that could never come back once others are gone for good.
#pragma once

#include <string>
#include <vector>

#include "trash/store/groups.hpp"

namespace trashd::schema {
class Catalog;
class Connection;
}  // namespace trashd::schema

namespace trashd::trash {

// Other groups in the trash with a row that refers to a row of these, or of another such group, by
// a reference that may not be null, where neither a live row nor another one in the trash could
// take that one's place. In the order of their ids; those of other tenants are not there. They are
// not locked.
std::vector<GroupRow> descendants_of(schema::Connection& connection, const schema::Catalog& catalog,
                                     const std::string& trash_schema,
                                     const std::vector<GroupRow>& groups);

}  // namespace trashd::trash
