// API keys: made, listed, revoked, and recognized when a request brings one. The store holds a hash
// of each, so the key itself is known only to whom it was given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trash/model/actor.hpp"

namespace trashd::schema {
class Pool;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

// A key as it is told: never its text. used_on is a day, not a time, so that a key in use costs one
// write a day. An expired or revoked key stays in the list.
struct Key {
    std::string id, name;
    std::vector<std::string> roles;
    std::optional<std::string> tenant;
    std::string created_at;  // times are RFC 3339 UTC as text
    std::optional<std::string> expires_at, revoked_at, used_on;
    std::optional<std::string> created_by, revoked_by;  // nothing: before that was kept
    bool expired = false;
};

struct NewKey {
    std::string name;
    std::vector<std::string> roles;
    std::optional<std::string> tenant = {}, expires = {};  // a time, or an interval from now
    Actor by = {};
};

struct MadeKey {
    Key key;
    std::string text;  // what is sent with requests; nobody can say it again
};

class Keys {
  public:
    Keys(schema::Pool& pool, const std::string& trash_schema);

    // Throws Error kBadRequest when expires is neither a time nor an interval, or is over.
    MadeKey create(const NewKey& wanted);
    std::vector<Key> list();  // newest first
    // Throws Error kNotFound when there is none; again changes nothing.
    Key revoke(const std::string& id, const Actor& by = {});
    // Whose text this is, revoked and expired ones too; nothing when it is no key's. Notes the day.
    std::optional<Key> find(const std::string& text);

  private:
    void record(schema::Transaction& transaction, const char* action, const Key& key,
                const Actor& by);

    schema::Pool& pool_;
    std::string table_, ledger_;
};

}  // namespace trashd::trash
