// Which other groups in the trash refer to rows of one that is about to be purged.
#pragma once

#include <optional>
#include <string>

#include "trash/model/group.hpp"
#include "trash/read/group_details.hpp"

namespace trashd::trash {

// The contract of Trash::referrers.
Referrers read_referrers(const GroupSource& source, const std::string& item_id,
                         const std::optional<RowScope>& seen);

}  // namespace trashd::trash
