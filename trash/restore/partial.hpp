// Parts of a group: what comes back, or is purged, while the rest stays in the trash under the same
// group. Its items keep their ids.
#pragma once

#include <optional>
#include <string>

#include "schema/session/transaction.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/options.hpp"
#include "trash/store/groups.hpp"

namespace trashd::schema {
class Catalog;
}  // namespace trashd::schema

namespace trashd::trash {

struct PartToPurge {
    GroupRow group;  // locked
    std::string item_id;
    const Actor& actor;
};

// Deletes the item, and what hangs on it in its group, for good. Nothing: that is all of the group,
// and nothing has happened. Throws StaleCatalog.
std::optional<Purged> purge_part(schema::Transaction& transaction, const schema::Catalog& catalog,
                                 const std::string& trash_schema, const PartToPurge& purging);

}  // namespace trashd::trash
