// What a caller has chosen for a restore: which choices a conflict leaves, and carrying out those
// that were made. The items themselves are changed, within the transaction that takes them out of
// the trash, so that whatever inserts, compares and judges them sees what is wanted.
#pragma once

#include <string>
#include <vector>

#include "trash/insert/restore_context.hpp"

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

// partial.cpp: foreign keys whose rows went into the trash because of those that they refer to;
// those that may have been cut in rows of the form because of what they referred to.
std::vector<const schema::ForeignKey*> hanging_keys(const RestoreContext& restoring);
std::vector<const schema::ForeignKey*> cutting_keys(const RestoreContext& restoring,
                                                    const Shape& shape);
// Ordinals of the group's items that hang on no other one; of a circle the first.
std::vector<long long> topmost_items(RestoreContext& restoring, long long group);
// SQL over a link l of the form: a table of items p, that the link is of the key, and that it
// refers to the item.
struct CutReference {
    std::string parents, of_key, same;
};
CutReference cut_reference(const RestoreContext& restoring, const Shape& shape,
                           const schema::ForeignKey& key);
// SQL: items of the key's child, under v, with the items that they refer to, under p.
std::string referring_items(const RestoreContext& restoring, const schema::ForeignKey& key);
// Puts out of reach what is to stay in the trash of each group.
void hide_rest(RestoreContext& restoring);
// Ends the part of the group that has come back, or was purged; the rest stays.
struct EndedPart {
    std::string entry, receipt;  // of the ledger; of a purge
};
EndedPart end_part(RestoreContext& restoring, const GroupRow& group, const std::string& outcome);
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
