// What an erasure is told, and what it answers: personal values of an object, and of what hangs on
// it in the trash, that nobody is to find there any more.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schema/object_name.hpp"
#include "trash/model/impact.hpp"
#include "trash/model/options.hpp"

namespace trashd::trash {

// Columns by the names that they have today.
using PersonalColumns = std::map<schema::QualifiedName, std::vector<std::string>>;
// Ids of objects by their tables, as items have them.
using ErasedObjects = std::map<schema::QualifiedName, std::set<std::string>>;

struct Erased;

struct EraseOptions {
    PersonalColumns personal;
    bool dry_run = false;
    Checks check = {};
    // A text that was kept of an answer, without what it says of the objects; nothing: it says
    // nothing of them.
    std::function<std::optional<std::string>(const std::string&, const ErasedObjects&)> answer = {};
    // In the transaction of the work, as the last before COMMIT; not of a dry run.
    std::function<void(schema::Transaction&, const Erased&)> at_end = {};
};

// counts: items in which something was erased, by table; those alone that have some.
struct Erased {
    std::vector<TableCount> counts;
    long long groups = 0;      // that these items are of
    std::string receipt = {};  // of the entry in the ledger; empty after a dry run
};

}  // namespace trashd::trash
