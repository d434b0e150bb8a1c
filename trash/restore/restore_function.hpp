// Functions in the trash schema that restore a whole group in one round trip: one for each list of
// forms that groups are made of, made when such groups are restored. Why one may do without the
// ordinary way's checks: docs/decisions/one-statement.md.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "schema/object_name.hpp"
#include "schema/session/result.hpp"

namespace trashd::schema {
class Catalog;
class Pool;
}  // namespace trashd::schema

namespace trashd::trash {

struct Actor;
struct GroupRow;
struct Restored;
struct RestoreOptions;

// One that is there: of groups with these forms, whose tables get their rows in the order of steps.
struct RestoreFunction {
    struct Step {
        std::size_t place = 0;  // of the form among shapes
        schema::QualifiedName table;
    };
    std::string name, fingerprint;  // name: quoted; fingerprint: of the tables it is made for
    std::string many;  // of another, quoted, that restores many such groups; empty: there is none
    std::vector<int> shapes;
    std::vector<schema::Oid> tables;
    std::vector<Step> steps;
};

// A statement that restores by whichever of the functions fits the group.
struct RestoreCall {
    schema::Statement statement;
    std::vector<std::shared_ptr<const RestoreFunction>> functions;
    // Of what the statement gave; nothing: none fitted, or one left it to the ordinary way.
    std::optional<Restored> restored(const schema::Result& found,
                                     const std::string& group_id) const;
    // Another statement, which restores many single rows, each for who asks for it; empty: there is
    // none. Its parameters are arrays of those of the first. It gives for each function the place
    // of that, and a text[] whose thirds are the numbers of those that it has restored, counted
    // from 1, their entries in the ledger, and the ids of their rows.
    std::string many;
    // Of one row that it has restored.
    Restored restored_one(std::size_t function, const std::string& group_id,
                          const std::string& entry, const std::string& id) const;
};

// Thread-safe.
class RestoreFunctions {
  public:
    explicit RestoreFunctions(std::string trash_schema) : trash_schema_(std::move(trash_schema)) {}

    // Nothing while no function is known.
    std::optional<RestoreCall> call(const std::string& item_id, const RestoreOptions& options,
                                    const Actor& actor) const;
    // The group has come back the ordinary way, as none fitted; the second of its kind gets a
    // function, where nothing but trashd's own statements would run in it.
    void note(schema::Pool& pool, const schema::Catalog& catalog, const GroupRow& group);
    // One of them is not there any more.
    void forget();

  private:
    bool wanted(const schema::Catalog& catalog, const GroupRow& group);
    void keep(std::shared_ptr<const RestoreFunction> function);

    std::string trash_schema_;
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<const RestoreFunction>> known_;  // the oldest first
    std::map<std::vector<int>, unsigned> seen_;  // how often they came back the ordinary way
};

}  // namespace trashd::trash
