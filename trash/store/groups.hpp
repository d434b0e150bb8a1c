// Groups: what went into the trash together.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/session/result.hpp"

namespace trashd::schema {
class Connection;
}

namespace trashd::trash {

struct GroupTables;

// A row of trash_group. state is trashed, restored or purged. shapes and counts are of one length:
// ids of forms, and how many items of each the group has.
struct GroupRow {
    long long id = 0;
    std::string uuid, state;
    std::vector<int> shapes;
    std::vector<long long> counts;
    // How many items of each form it was made with: of these are the ordinals.
    std::vector<long long> layout;
    bool partly = false;                       // some have left it
    std::vector<int> roots;                    // ordinals of the topmost items
    long long size = 0, links = 0, taken = 0;  // taken: in which order
    int root_shape = 0;
    std::string root_object, ended_at, ended_by;
    std::optional<std::string> tenant;
};
// Locks FOR UPDATE when lock is set; one of another tenant is not there; throws GoneError unless
// 'trashed', kNotFound when there is none or the ordinal is not of the group.
GroupRow group_of(schema::Connection& connection, const std::string& trash_schema,
                  const std::string& item_id, bool lock);

// Those with the uuids, in any state, in the order of their ids; locked FOR UPDATE when lock is
// set. One of another tenant is not there.
std::vector<GroupRow> groups_with(schema::Connection& connection, const std::string& trash_schema,
                                  const std::vector<std::string>& uuids, bool lock);
// Of a group as it was found, or nullptr: throws as group_of() does for the item.
void need_in_trash(schema::Connection& connection, const std::string& trash_schema,
                   const GroupRow* group, long long ordinal);

// Whatever its state and tenant; throws kNotFound when there is none.
GroupRow group_with_id(schema::Connection& connection, const std::string& trash_schema,
                       long long id);

std::string ids_of(const std::vector<GroupRow>& groups);  // an array literal

// Writes the entry of the ledger and ends groups whose rows are locked: their links and items are
// deleted, they are restored or purged. Gives what the entry's statement gave; throws kInternal
// where there is another number of items than the groups say.
struct GroupEnd {
    const std::vector<GroupRow>& groups;
    std::string state, by;
    std::vector<schema::Statement> keep = {};  // done behind the entry, before the items go
};
schema::Result end_groups(schema::Connection& connection, const std::string& trash_schema,
                          const GroupEnd& end, const schema::Statement& entry);

// The contract of Trash::tables_of.
GroupTables group_tables(schema::Connection& connection, const std::string& trash_schema,
                         const std::string& item_id);

}  // namespace trashd::trash
