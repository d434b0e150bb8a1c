// The link by which what an answer tells can be undone.
#pragma once

#include <string>

#include "service/api/response.hpp"

namespace trashd::service {

// entry: of the ledger; empty: there is nothing to undo.
void add_undo(Response& reply, const std::string& entry);

}  // namespace trashd::service
