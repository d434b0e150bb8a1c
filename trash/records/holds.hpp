// Holds are made, listed, released, and asked by whatever purges.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trash/model/hold.hpp"

namespace trashd::schema {
class Connection;
class Transaction;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

struct Actor;

// A group, or objects of the table by their ids as the database writes them. until: a time as
// PostgreSQL reads it.
struct NewHold {
    std::optional<std::string> group_id;
    std::optional<schema::QualifiedName> table;
    std::vector<std::string> objects;
    std::optional<std::string> condition;  // that named them, as JSON; nothing: it is one
    std::optional<std::string> until;
};

// Waits for purges that have begun; those that begin later see it. actor.reason is its reason.
// Throws kInvalid where until has passed, kNotFound where there is no such group, GoneError where
// it has ended.
Hold create_hold(schema::Transaction& transaction, const std::string& trash_schema,
                 const NewHold& wanted, const Actor& actor);

// Newest first; older than the one with the number `before`. by: those that this one made alone.
struct HoldQuery {
    int limit = 50;
    long long before = 0;  // 0: from the newest on
    bool all = false;      // those too that are not in force any more
    std::optional<std::string> by = {};
};
struct HoldPage {
    std::vector<Hold> holds;
    long long last = 0;
    bool more = false;
};
HoldPage list_holds(schema::Transaction& transaction, const std::string& trash_schema,
                    const HoldQuery& asked);
// Throws kNotFound.
Hold get_hold(schema::Transaction& transaction, const std::string& trash_schema,
              const std::string& id, const std::optional<std::string>& by);
// The same, and kGone where it was released before.
void release_hold(schema::Transaction& transaction, const std::string& trash_schema,
                  const std::string& id, const std::optional<std::string>& by, const Actor& actor);

// In a transaction that is about to purge, its groups being locked: no hold is made any more before
// it ends. Numbers of those groups that are held.
std::vector<long long> held_among(schema::Connection& connection, const std::string& trash_schema,
                                  const std::vector<long long>& groups);
// Uuids of all groups in the trash that are held.
std::vector<std::string> held_groups(schema::Connection& connection,
                                     const std::string& trash_schema);
// Throws Held where something holds one of the groups. positive: by items with positive ordinals
// alone, or by those with others, as where some of a group go; nothing: by any.
void refuse_held(schema::Connection& connection, const std::string& trash_schema,
                 const std::vector<long long>& groups, std::optional<bool> positive = {});
// The same of an object of a table, live or not. id: as the database writes it.
void refuse_held_object(schema::Connection& connection, const std::string& trash_schema,
                        const schema::Table& table, const std::string& id);
// What holds the group now.
std::vector<Hold> holds_of(schema::Transaction& transaction, const std::string& trash_schema,
                           const std::string& group_id);

}  // namespace trashd::trash
