// Keeping what those are called who change something. The last name counts, also for what was done
// under another one before.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace trashd::schema {
class Pool;
}

namespace trashd::trash {

struct Called {
    std::optional<std::string> tenant;  // whose credentials these are, where there are tenants
    std::string id;
    std::optional<std::string> name;  // nothing: the credentials say none, and one kept before goes
};

// Thread-safe. What was kept is known for a while, so that most changes cost no statement for it.
class Principals {
  public:
    using Time = std::chrono::steady_clock::time_point;

    Principals(schema::Pool& pool, std::string trash_schema)
        : pool_(pool), trash_schema_(std::move(trash_schema)) {}

    // Never throws: a name that cannot be kept refuses nothing.
    void note(const Called& called, Time now = std::chrono::steady_clock::now()) noexcept;

  private:
    struct Known {
        std::optional<std::string> name;
        Time until;
    };
    using Key = std::pair<std::string, std::string>;

    bool knows(const Key& key, const Called& called, Time now);
    void keep(const Key& key, const Called& called);

    schema::Pool& pool_;
    std::string trash_schema_;
    std::mutex mutex_;
    std::map<Key, Known> known_;  // by tenant and id
};

}  // namespace trashd::trash
