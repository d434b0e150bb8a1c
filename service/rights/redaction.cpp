// What is hidden is taken out where it is about one row, and summed up under no name where a count
// of it is needed to understand the refusal. Handlers run inside of redacted(), which does the same
// to the errors that they throw.
#include "service/rights/redaction.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/parsing/object_id.hpp"
#include "trash/model/errors.hpp"

namespace trashd::service {

namespace {

bool may(const Caller& caller, const Context& context, Right right,
         const schema::QualifiedName& table) {
    return caller.access.allows(right, *context.resources, table);
}

// A trashed row, by its right, or one that was there before it went.
bool may_see_either(const Caller& caller, const Context& context,
                    const schema::QualifiedName& table) {
    return may(caller, context, Right::kViewTrash, table) ||
           may(caller, context, Right::kRead, table);
}

// Who may take rows of a table learns how many; of others it must be allowed to read them.
bool shows(const Caller& caller, const Context& context, const trash::ImpactLine& line) {
    return may(caller, context, Right::kRead, line.table) ||
           ((line.action == "trash" || line.action == "delete") &&
            caller.access.takes(Right::kTrash, *context.resources, line.table));
}

void hide(const Caller& caller, const Context& context, std::vector<trash::ImpactLine>& lines) {
    std::vector<trash::ImpactLine> shown, others;
    for (auto& line : lines) {
        if (shows(caller, context, line)) {
            shown.push_back(std::move(line));
            continue;
        }
        auto other = std::ranges::find(others, line.action, &trash::ImpactLine::action);
        if (other == others.end()) other = others.insert(other, {{}, line.action, 0, ""});
        other->count += line.count;
    }
    shown.insert(shown.end(), others.begin(), others.end());
    lines = std::move(shown);
}

void hide(const Caller& caller, const Context& context, std::vector<trash::Blocker>& blockers) {
    trash::Blocker others;
    auto readable = [&](const auto& one) { return may(caller, context, Right::kRead, one.table); };
    const auto hidden = std::stable_partition(blockers.begin(), blockers.end(), readable);
    if (hidden == blockers.end()) return;
    for (auto one = hidden; one != blockers.end(); ++one)
        others.count = one->count < 0 || others.count < 0 ? -1 : others.count + one->count;
    blockers.erase(hidden, blockers.end());
    blockers.push_back(others);
}

// What is in the way, or lacks: a live row, or one in the trash. detail names its table.
void hide_other(const Caller& caller, const Context& context, trash::Conflict& conflict) {
    auto may_other = [&](Right right) {
        return caller.access.everywhere(right) ||
               (conflict.with_table && may(caller, context, right, *conflict.with_table));
    };
    if (conflict.kind == "missing-parent" && !may_other(Right::kViewTrash)) {
        conflict.trash_item.clear();
        conflict.detail.clear();
        std::erase(conflict.choices, trash::Choice::kAncestors);
    }
    if (conflict.with_table && !may_other(Right::kRead)) {
        conflict.with_table.reset();
        conflict.detail.clear();
        std::erase(conflict.choices, trash::Choice::kSwap);
    }
}

bool hides(const Context& context, const schema::QualifiedName& table, const std::string& column) {
    const auto& catalog = *context.resources->catalog();
    const auto* there = catalog.table(table);
    const auto* found = there ? there->column(column) : nullptr;
    return (found && found->hidden) || catalog.hides(table, column);
}

// The words of the database may hold a value of a column that they do not name.
void hide_columns(const Context& context, trash::Conflict& conflict) {
    const auto* table = context.resources->catalog()->table(conflict.table);
    bool any = conflict.columns.empty() && table && table->hides_columns();
    const bool paired = conflict.values.size() == conflict.columns.size();
    for (auto at = conflict.columns.size(); at-- > 0;) {
        if (!hides(context, conflict.table, conflict.columns[at])) continue;
        any = true;
        conflict.columns.erase(conflict.columns.begin() + static_cast<std::ptrdiff_t>(at));
        if (paired)
            conflict.values.erase(conflict.values.begin() + static_cast<std::ptrdiff_t>(at));
    }
    if (!any) return;
    if (!paired) conflict.values.clear();
    conflict.detail.clear();
    std::erase(conflict.choices, trash::Choice::kSet);
}

template <class Rows>
void hide_columns(const Context& context, Rows& rows) {
    for (auto& row : rows)
        std::erase_if(row.columns,
                      [&](const auto& column) { return hides(context, row.table, column); });
    std::erase_if(rows, [](const auto& row) { return row.columns.empty(); });
}

void hide(const Caller& caller, const Context& context, trash::Conflict& conflict) {
    hide_columns(context, conflict);
    if (!may_see_either(caller, context, conflict.table)) {
        conflict.id.clear();
        conflict.values.clear();
        conflict.detail.clear();
    }
    hide_other(caller, context, conflict);
}

bool same(const trash::Conflict& one, const trash::Conflict& other) {
    return one.id.empty() && other.id.empty() && one.kind == other.kind &&
           one.table == other.table && one.constraint == other.constraint;
}

// How many there are of what may not be seen is not said either: true where some were taken out.
bool hide(const Caller& caller, const Context& context, std::vector<trash::Conflict>& all) {
    for (auto& one : all) hide(caller, context, one);
    const auto before = all.size();
    all.erase(std::unique(all.begin(), all.end(), same), all.end());
    return all.size() != before;
}

}  // namespace

trash::Conflicted redact(const Caller& caller, const Context& context, trash::Conflicted error) {
    auto& all = error.conflicts;
    if (!hide(caller, context, all)) return error;
    return {"the group cannot go back as it is; resolve the conflicts and restore again",
            std::move(all), error.sql()};
}

trash::ChangedSince redact(const Caller& caller, const Context& context,
                           trash::ChangedSince error) {
    std::erase_if(error.rows,
                  [&](const auto& row) { return !may_see_either(caller, context, row.table); });
    for (auto& row : error.rows)
        std::erase_if(row.referred_by,
                      [&](const auto& by) { return !may_see_either(caller, context, by.table); });
    return error;
}

trash::Impact redact(const Caller& caller, const Context& context, trash::Impact impact) {
    impact.lines = redact(caller, context, std::move(impact.lines));
    hide(caller, context, impact.blockers);
    impact.written = redact(caller, context, std::move(impact.written));
    return impact;
}

std::vector<trash::TableCount> redact(const Caller& caller, const Context& context,
                                      std::vector<trash::TableCount> written) {
    std::erase_if(written,
                  [&](const auto& one) { return !may_see_either(caller, context, one.table); });
    return written;
}

std::vector<trash::ImpactLine> redact(const Caller& caller, const Context& context,
                                      std::vector<trash::ImpactLine> lines) {
    hide(caller, context, lines);
    return lines;
}

std::vector<trash::ReferenceCount> redact(const Caller& caller, const Context& context,
                                          std::vector<trash::ReferenceCount> links) {
    std::erase_if(links,
                  [&](const auto& one) { return !may_see_either(caller, context, one.table); });
    return links;
}

trash::Restored redact(const Caller& caller, const Context& context, trash::Restored restored) {
    auto unseen = [&](const auto& row) { return !may_see_either(caller, context, row.table); };
    std::erase_if(restored.altered, unseen);
    std::erase_if(restored.added, unseen);
    restored.written = redact(caller, context, std::move(restored.written));
    std::erase_if(restored.lost, unseen);
    std::erase_if(restored.detached, unseen);
    std::erase_if(restored.changed, unseen);
    std::erase_if(restored.swapped, unseen);
    std::erase_if(restored.copied, unseen);
    hide_columns(context, restored.altered);
    hide_columns(context, restored.changed);
    for (auto& value : restored.lost)
        if (hides(context, value.table, value.column)) value.value.reset();
    return restored;
}

namespace {

trash::StalePlan hidden(const Caller& caller, const Context& context, trash::StalePlan stale) {
    if (stale.now) stale.now = redact(caller, context, std::move(*stale.now));
    if (stale.blocked) stale.blocked = redact(caller, context, std::move(*stale.blocked));
    hide(caller, context, stale.conflicts);
    return stale;
}

}  // namespace

trash::LedgerEntry redact(const Caller& caller, const Context& context, trash::LedgerEntry entry) {
    std::erase_if(entry.counts, [&](const trash::TableCount& line) {
        return !may(caller, context, Right::kViewTrash, line.table);
    });
    return entry;
}

std::optional<trash::Item> redact(const Caller& caller, const Context& context,
                                  std::optional<trash::Item> item) {
    if (item && !may(caller, context, Right::kViewTrash, item->table)) item.reset();
    return item;
}

std::optional<std::vector<schema::QualifiedName>> tables_with(const Caller& caller,
                                                              const Context& context, Right right) {
    if (caller.access.everywhere(right)) return std::nullopt;
    std::vector<schema::QualifiedName> tables;
    for (const auto& resource : context.resources->all())
        if (caller.access.allows(right, resource)) tables.push_back(resource.table->name);
    return tables;
}

Response redacted(const Request& request, const Caller& caller, const Context& context,
                  Handler handler) {
    try {
        return handler(request, caller, context);
    } catch (const trash::Blocked& error) {
        throw trash::Blocked(error.what(), redact(caller, context, error.impact));
    } catch (const trash::Conflicted& error) {
        throw redact(caller, context, error);
    } catch (const trash::StalePlan& error) {
        throw hidden(caller, context, error);
    } catch (const ConfirmationRequired& error) {
        throw ConfirmationRequired(
            error.impact ? std::optional(redact(caller, context, *error.impact)) : std::nullopt);
    } catch (const TooManyRows& error) {
        throw TooManyRows(error.most, error.impact
                                          ? std::optional(redact(caller, context, *error.impact))
                                          : std::nullopt);
    } catch (const trash::ChangedSince& error) {
        throw redact(caller, context, error);
    } catch (const trash::NotRoot& error) {
        throw trash::NotRoot(error.what(),
                             redact(caller, context, error.root).value_or(trash::Item()));
    } catch (const InTrash& error) {
        InTrash redacted(redact(caller, context, error.item).value_or(trash::Item()), error.what());
        redacted.position = error.position;
        throw redacted;
    } catch (const Error& error) {
        const bool missing = error.code() == Code::kNotFound && !request.raw_id.empty();
        if (missing || refuses_id(request, context, error)) throw not_found(request);
        throw;
    }
}

}  // namespace trashd::service
