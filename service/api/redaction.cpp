#include "service/api/redaction.hpp"

#include <algorithm>

#include "service/api/object_id.hpp"
#include "service/api/problem.hpp"

namespace trashd::service {

namespace {

bool may(const Call& call, Right right, const schema::QualifiedName& table) {
    return call.access.allows(right, *call.resources, table);
}

// A trashed row, by its right, or one that was there before it went.
bool may_see_either(const Call& call, const schema::QualifiedName& table) {
    return may(call, Right::kViewTrash, table) || may(call, Right::kRead, table);
}

// Who may take rows of a table learns how many; of others it must be allowed to read them.
bool shows(const Call& call, const trash::ImpactLine& line) {
    return may(call, Right::kRead, line.table) ||
           (line.action == "trash" &&
            call.access.takes(Right::kTrash, *call.resources, line.table));
}

void hide(const Call& call, std::vector<trash::ImpactLine>& lines) {
    std::vector<trash::ImpactLine> shown, others;
    for (auto& line : lines) {
        if (shows(call, line)) {
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

void hide(const Call& call, std::vector<trash::Blocker>& blockers) {
    trash::Blocker others;
    auto readable = [&](const auto& one) { return may(call, Right::kRead, one.table); };
    const auto hidden = std::stable_partition(blockers.begin(), blockers.end(), readable);
    if (hidden == blockers.end()) return;
    for (auto one = hidden; one != blockers.end(); ++one)
        others.count = one->count < 0 || others.count < 0 ? -1 : others.count + one->count;
    blockers.erase(hidden, blockers.end());
    blockers.push_back(others);
}

// What is in the way, or lacks: a live row, or one in the trash. detail names its table.
void hide_other(const Call& call, trash::Conflict& conflict) {
    auto may_other = [&](Right right) {
        return call.access.everywhere(right) ||
               (conflict.with_table && may(call, right, *conflict.with_table));
    };
    if (conflict.kind == "missing-parent" && !may_other(Right::kViewTrash)) {
        conflict.trash_item.clear();
        conflict.detail.clear();
    }
    if (conflict.with_table && !may_other(Right::kRead)) {
        conflict.with_table.reset();
        conflict.detail.clear();
    }
}

void hide(const Call& call, trash::Conflict& conflict) {
    if (!may_see_either(call, conflict.table)) {
        conflict.id.clear();
        conflict.values.clear();
        conflict.detail.clear();
    }
    hide_other(call, conflict);
}

bool same(const trash::Conflict& one, const trash::Conflict& other) {
    return one.id.empty() && other.id.empty() && one.kind == other.kind &&
           one.table == other.table && one.constraint == other.constraint;
}

// How many there are of what may not be seen is not said either.
trash::Conflicted hidden(const Call& call, trash::Conflicted error) {
    auto& all = error.conflicts;
    for (auto& one : all) hide(call, one);
    const auto before = all.size();
    all.erase(std::unique(all.begin(), all.end(), same), all.end());
    if (all.size() == before) return error;
    return {"the group cannot go back as it is; resolve the conflicts and restore again",
            std::move(all), error.sql()};
}

}  // namespace

trash::Impact redact(const Call& call, trash::Impact impact) {
    hide(call, impact.lines);
    hide(call, impact.blockers);
    impact.written = redact(call, std::move(impact.written));
    return impact;
}

std::vector<trash::TableCount> redact(const Call& call, std::vector<trash::TableCount> written) {
    std::erase_if(written, [&](const auto& one) { return !may_see_either(call, one.table); });
    return written;
}

trash::Restored redact(const Call& call, trash::Restored restored) {
    auto unseen = [&](const auto& row) { return !may_see_either(call, row.table); };
    std::erase_if(restored.altered, unseen);
    std::erase_if(restored.added, unseen);
    restored.written = redact(call, std::move(restored.written));
    std::erase_if(restored.lost, unseen);
    return restored;
}

trash::LedgerEntry redact(const Call& call, trash::LedgerEntry entry) {
    std::erase_if(entry.counts, [&](const trash::TableCount& line) {
        return !may(call, Right::kViewTrash, line.table);
    });
    return entry;
}

std::optional<trash::Item> redact(const Call& call, std::optional<trash::Item> item) {
    if (item && !may(call, Right::kViewTrash, item->table)) item.reset();
    return item;
}

std::optional<std::vector<schema::QualifiedName>> tables_with(const Call& call, Right right) {
    if (call.access.everywhere(right)) return std::nullopt;
    std::vector<schema::QualifiedName> tables;
    for (const auto& resource : call.resources->all())
        if (call.access.allows(right, resource)) tables.push_back(resource.table->name);
    return tables;
}

Response redacted(const Call& call, Response (*handler)(const Call&)) {
    try {
        return handler(call);
    } catch (const trash::Blocked& error) {
        throw trash::Blocked(error.what(), redact(call, error.impact));
    } catch (const trash::Conflicted& error) {
        throw hidden(call, error);
    } catch (const ConfirmationRequired& error) {
        throw ConfirmationRequired(error.impact ? std::optional(redact(call, *error.impact))
                                                : std::nullopt);
    } catch (const TooManyRows& error) {
        throw TooManyRows(error.most,
                          error.impact ? std::optional(redact(call, *error.impact)) : std::nullopt);
    } catch (const trash::NotRoot& error) {
        throw trash::NotRoot(error.what(), redact(call, error.root).value_or(trash::Item()));
    } catch (const InTrash& error) {
        InTrash redacted(redact(call, error.item).value_or(trash::Item()), error.what());
        redacted.position = error.position;
        throw redacted;
    } catch (const Error& error) {
        const bool missing = error.code() == Code::kNotFound && !call.raw_id.empty();
        if (missing || refuses_id(call, error)) throw not_found(call);
        throw;
    }
}

}  // namespace trashd::service
