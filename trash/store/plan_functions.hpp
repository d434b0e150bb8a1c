// The functions of plans in the trash schema: made once for all instances, dropped when what they
// were made for is no more.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {
class Connection;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

// What a function hangs on: it refuses to run as soon as the fingerprint of these tables, or of the
// users' types in them, is another one, which is then never again what it was.
struct PlanBasis {
    schema::Oid root = 0;
    std::vector<schema::Oid> tables, types;
    std::string fingerprint;  // that of the tables, and behind it that of the types
};

// The CREATE OR REPLACE FUNCTION of a function whose quoted name is its only one.
std::string definition_of(schema::Connection& connection, const std::string& name);

class PlanFunctions {
  public:
    // The transaction holds LockKey::kFunctions.
    PlanFunctions(schema::Transaction& transaction, std::string trash_schema)
        : transaction_(transaction), schema_(std::move(trash_schema)) {}

    // text: the statement that makes a function of a name. It is named by its text; gives the
    // quoted name.
    std::string make(const std::string& prefix, const PlanBasis& basis,
                     const std::function<std::string(const std::string&)>& text);
    // Drops functions that none can run any more, but those just made; root: of that table only.
    // Who calls one of them meanwhile is told that there is none, and makes a new plan.
    void drop_old(std::optional<schema::Oid> root);

  private:
    // Both array literals.
    std::string fingerprint_of(const std::string& tables, const std::string& types);

    schema::Transaction& transaction_;
    std::string schema_;
    std::set<std::string> made_;
};

}  // namespace trashd::trash
