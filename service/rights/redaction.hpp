// What who asks may not see is taken out of what trash/ tells: rows, ids and counts of resources
// without the right to look at them.
#pragma once

#include <optional>
#include <vector>

#include "service/api/handler.hpp"
#include "service/config/roles.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/group.hpp"
#include "trash/model/history.hpp"
#include "trash/model/impact.hpp"
#include "trash/model/item.hpp"
#include "trash/model/restored.hpp"

namespace trashd::service {

// Lines and blockers of what may not be seen are summed up under no name.
trash::Impact redact(const Caller& caller, const Context& context, trash::Impact impact);
std::vector<trash::TableCount> redact(const Caller& caller, const Context& context,
                                      std::vector<trash::TableCount> written);
std::vector<trash::ImpactLine> redact(const Caller& caller, const Context& context,
                                      std::vector<trash::ImpactLine> lines);
std::vector<trash::ReferenceCount> redact(const Caller& caller, const Context& context,
                                          std::vector<trash::ReferenceCount> links);
trash::Restored redact(const Caller& caller, const Context& context, trash::Restored restored);
trash::LedgerEntry redact(const Caller& caller, const Context& context, trash::LedgerEntry entry);
trash::Conflicted redact(const Caller& caller, const Context& context, trash::Conflicted error);
trash::ChangedSince redact(const Caller& caller, const Context& context, trash::ChangedSince error);
// The item where it may be seen.
std::optional<trash::Item> redact(const Caller& caller, const Context& context,
                                  std::optional<trash::Item> item);
// The tables of the resources for all of whose rows the right is; nothing: of all there are, and of
// others.
std::optional<std::vector<schema::QualifiedName>> tables_with(const Caller& caller,
                                                              const Context& context, Right right);
// What the handler answers; what may not be seen is not in its errors either.
Response redacted(const Request& request, const Caller& caller, const Context& context,
                  Handler handler);

}  // namespace trashd::service
