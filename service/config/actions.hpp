// What happens, as entries of the ledger call it.
#pragma once

#include <array>

namespace trashd::service {

inline constexpr std::array kActions = {"trashed", "restored",   "copied",      "purged",
                                        "deleted", "expiry-set", "held",        "released",
                                        "pruned",  "erased",     "key-created", "key-revoked"};

}  // namespace trashd::service
