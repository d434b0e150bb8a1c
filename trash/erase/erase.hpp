// Erasure of a person: in what hangs on an object in the trash, and in what was kept of answers,
// personal values become null, or a marker where null may not stand. Live rows stay as they are.
#pragma once

#include <string>
#include <vector>

#include "trash/model/erasure.hpp"

namespace trashd::trash {

struct Actor;
class Trash;

// All in one transaction, with an entry in the ledger that says how much was erased and nothing of
// what. The groups stay restorable. id: the key's columns, as text; the object need not be there
// any more where something in the trash hangs on it. Throws kNotFound where nothing is left of it,
// Held where a hold is on the object or on a group that is concerned, kConflict where no marker
// fits, and what the checks throw; then nothing has happened.
Erased erase(Trash& trash, const schema::QualifiedName& table, const std::vector<std::string>& id,
             const EraseOptions& options, const Actor& actor);

}  // namespace trashd::trash
