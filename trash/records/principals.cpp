// Another instance may keep another name meanwhile, and a name may be deleted in the database; so
// what is known here is only believed for a while.
#include "trash/records/principals.hpp"

#include <spdlog/spdlog.h>

#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

constexpr auto kBelieved = std::chrono::minutes(10);
constexpr std::size_t kMostKnown = 10000;  // then all are forgotten, and learned anew

constexpr const char* kKeep = R"(INSERT INTO {schema}.principal AS p (tenant, id, name)
  VALUES ($1, $2, $3)
  ON CONFLICT (tenant, id) DO UPDATE SET name = EXCLUDED.name
    WHERE p.name OPERATOR(pg_catalog.<>) EXCLUDED.name)";
constexpr const char* kForget = R"(DELETE FROM {schema}.principal p
  WHERE p.tenant OPERATOR(pg_catalog.=) $1 AND p.id OPERATOR(pg_catalog.=) $2)";

}  // namespace

bool Principals::knows(const Key& key, const Called& called, Time now) {
    const std::lock_guard guard(mutex_);
    const auto found = known_.find(key);
    if (found != known_.end() && found->second.name == called.name && now < found->second.until)
        return true;
    if (known_.size() >= kMostKnown) known_.clear();
    // Before it is kept, and also where that fails: else each change would try it again.
    known_[key] = {called.name, now + kBelieved};
    return false;
}

void Principals::keep(const Key& key, const Called& called) {
    schema::Lease lease = pool_.lease();
    if (called.name)
        lease.connection().exec(filled(kKeep, trash_schema_),
                                {key.first, key.second, *called.name});
    else
        lease.connection().exec(filled(kForget, trash_schema_), {key.first, key.second});
}

void Principals::note(const Called& called, Time now) noexcept try {
    const Key key{called.tenant.value_or(""), called.id};
    if (!knows(key, called, now)) keep(key, called);
} catch (const std::exception& error) {
    spdlog::warn("the name of {} is not kept: {}", called.id, error.what());
}

}  // namespace trashd::trash
