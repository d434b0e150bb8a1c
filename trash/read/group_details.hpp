// Reading one group as a whole, also when it has ended.
#pragma once

#include <string>
#include <vector>

#include "schema/session/connection.hpp"
#include "trash/model/group.hpp"

namespace trashd::schema {
class Catalog;
}  // namespace trashd::schema

namespace trashd::trash {

// Where and as whom a group is read.
struct GroupSource {
    schema::Connection& connection;
    const schema::Catalog& catalog;
    std::string trash_schema;  // whose tables are read
    const std::vector<Naming>& naming;
    bool hidden = false;  // a role of the database sees some items only, and no links
};

// The contract of Trash::group.
GroupDetails read_group(const GroupSource& source, const std::string& group_id,
                        const GroupQuery& asked);

}  // namespace trashd::trash
