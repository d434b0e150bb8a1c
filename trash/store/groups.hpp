// All SQL over trashd's own tables but the move's and the restore's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/catalog.hpp"
#include "schema/database.hpp"
#include "trash/model/types.hpp"

namespace trashd::trash {

// SQL of a timestamptz as RFC 3339 text in UTC.
std::string utc(const std::string& time);
// SQL: the row of trash_group or ledger under the alias is of the transaction's tenant, if it has
// one; the same of the group with the id, given as SQL.
std::string seen_by_tenant(const std::string& alias);
std::string group_seen_by_tenant(const std::string& trash_schema, const std::string& group_id);

// The text with names in place of marks.
std::string with_names(std::string text, const std::map<std::string, std::string>& names);
// The version of the trash schema that this program makes, and the one that is there, if any.
int newest_version();
std::optional<int> installed_version(schema::Connection& connection,
                                     const std::string& trash_schema);

// Applies what is missing, under an advisory lock; validates the version. Throws Error kUnavailable
// before anything is made where the server is too old or another product; an error of a migration
// names its statement and what the server said.
void migrate(schema::Connection& connection, const std::string& trash_schema);

// Own tables that nothing identifies the rows of: PostgreSQL refuses to delete from them as soon as
// a publication has them.
std::vector<std::string> without_replica_identity(schema::Connection& connection,
                                                  const std::string& trash_schema);

// What the service needs when another role owns the trash schema: all but changing the ledger.
void grant_use(schema::Connection& connection, const std::string& trash_schema,
               const std::string& role);

// Version 7 UUID whose low 32 bits are zero; an item's id is its group's with the ordinal in them.
std::string new_group_id();
std::string item_id(const std::string& group_id, long long ordinal);
struct ItemAddress {
    std::string group_id;
    long long ordinal;
};
// Throws kNotFound when the text is no UUID.
ItemAddress parse_item_id(const std::string& item_id);

// Id of the shape row of the table as it is now; makes it when missing.
int shape_of(schema::Connection& connection, const std::string& trash_schema,
             const schema::Table& table);

// Around prepared statements over tables that grow fast: a plan that was made while they were small
// would read them whole for ever.
inline constexpr const char* kByIndex = "SET LOCAL enable_seqscan = off";
inline constexpr const char* kAsPlanned = "SET LOCAL enable_seqscan TO DEFAULT";

struct GroupRow {
    long long id = 0;
    std::string uuid, state;
    std::vector<int> shapes;
    std::vector<long long> counts;
    long long size = 0, links = 0;
    int root_shape = 0;
    std::string root_object, ended_at, ended_by;
    std::optional<std::string> tenant;
};
// Locks FOR UPDATE when lock is set; one of another tenant is not there; throws GoneError unless
// 'trashed', kNotFound when there is none or the ordinal is not of the group.
GroupRow group_of(schema::Connection& connection, const std::string& trash_schema,
                  const std::string& item_id, bool lock);

// The contract of Trash::tables_of.
GroupTables group_tables(schema::Connection& connection, const std::string& trash_schema,
                         const std::string& item_id);

// Deletes the items and links of locked groups (id and size suffice) for good and says so in group
// and ledger. A receipt for each, in any order: what has_receipt() takes.
std::vector<std::string> purge_groups(schema::Transaction& transaction,
                                      const std::string& trash_schema,
                                      const std::vector<GroupRow>& groups, const Context& context);
std::string purge_group(schema::Transaction& transaction, const std::string& trash_schema,
                        const GroupRow& group, const Context& context);

}  // namespace trashd::trash
