// What a caller has chosen for a restore: which choices a conflict leaves, and carrying out those
// that were made. The items themselves are changed, within the transaction that takes them out of
// the trash, so that whatever inserts, compares and judges them sees what is wanted.
#pragma once

#include <string>
#include <vector>

#include "trash/restore/restore_context.hpp"

namespace trashd::trash {

// choices.cpp: whether the caller has chosen anything.
bool chooses(const RestoreContext& restoring);
// Names in each conflict the choices that resolve it.
void offer(RestoreContext& restoring, std::vector<Conflict>& conflicts);
// What is chosen for the conflicts, of those that offer() has seen: groups of ancestors to bring.
// progress: something was chosen that was not before. Throws kBadRequest for a choice that does not
// fit.
struct Answered {
    bool progress = false;
    std::vector<std::string> ancestors;  // uuids
};
Answered answer(RestoreContext& restoring, const std::vector<Conflict>& conflicts);
// Carries out what was chosen so far, on items that nothing was done with yet.
void carry_out(RestoreContext& restoring);
// Throws kBadRequest where a member was named that no group has.
void refuse_unknown(const RestoreContext& restoring);
// The columns in which a reference can become null; empty: it cannot.
std::vector<int> detachable(RestoreContext& restoring, const schema::ForeignKey& key);

// partial.cpp: SQL: items of the key's child, under v, with the items that they refer to, under p.
std::string referring_items(const RestoreContext& restoring, const schema::ForeignKey& key);
// Puts out of reach what is to stay in the trash of each group.
void hide_rest(RestoreContext& restoring);
// Ends the part of the group that has come back, or was purged; the rest stays.
// Answers the receipt of the entry in the ledger.
std::string end_part(RestoreContext& restoring, const GroupRow& group, const std::string& outcome);
// Ordinals from here on are of items that were changed; no group has so many.
inline constexpr long long kFirstChanged = 1LL << 30;

// set_values.cpp: items of the form have the column's values as its type writes them today.
void as_today(Shape& shape, const schema::Column& column);
struct Found {
    Place place;
    int shape;  // in restoring.shapes
    std::string id;
};
// The members in the first group that has any.
std::vector<Found> find_members(RestoreContext& restoring, const Member& member);
// Gives members the values that were set, and what follows their keys.
void set_values(RestoreContext& restoring);
// Where the item lay before it was changed; where it lies now.
Place as_trashed(const RestoreContext& restoring, const Place& place);
Place as_changed(const RestoreContext& restoring, const Place& place);

}  // namespace trashd::trash
