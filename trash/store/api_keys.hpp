// API keys: made, listed, revoked, and recognized when a request brings one. The store holds a hash
// of each, so the key itself is known only to whom it was given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/pool.hpp"

namespace trashd::trash {

struct Key {
    std::string id, name;
    std::vector<std::string> roles;
    std::optional<std::string> tenant;
    std::string created_at;  // times are RFC 3339 UTC as text
    std::optional<std::string> expires_at, revoked_at, used_on;
    bool expired = false;
};

struct NewKey {
    std::string name;
    std::vector<std::string> roles;
    std::optional<std::string> tenant = {}, expires = {};  // a time, or an interval from now
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
    Key revoke(const std::string& id);
    // Whose text this is, revoked and expired ones too; nothing when it is no key's. Notes the day.
    std::optional<Key> find(const std::string& text);

  private:
    schema::Pool& pool_;
    std::string table_;
};

}  // namespace trashd::trash
