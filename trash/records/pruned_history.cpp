// What is forgotten is decided by a function of the trash schema, the one that its triggers let
// delete entries: a service that does not own the schema may call it and nothing else.
#include "trash/records/pruned_history.hpp"

#include "schema/catalog/value.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "trash/store/lock_keys.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

constexpr int kPage = 1000;  // entries that one transaction looks at

constexpr const char* kOldBefore = R"(SELECT pg_catalog.to_timestamp(pg_catalog.floor(
    pg_catalog.date_part('epoch', pg_catalog.now() OPERATOR(pg_catalog.-)
      pg_catalog.make_interval(secs => $1::pg_catalog.float8))
    OPERATOR(pg_catalog./) s.step) OPERATOR(pg_catalog.*) s.step)::pg_catalog.text
  FROM (SELECT $1::pg_catalog.float8 OPERATOR(pg_catalog./) 100 AS step) s)";

constexpr const char* kState = R"(SELECT
    (SELECT pg_catalog.count(*) FROM {schema}.ledger l
      WHERE l.at OPERATOR(pg_catalog.<) $1::pg_catalog.timestamptz
        AND l.action OPERATOR(pg_catalog.<>) 'pruned'
        AND NOT EXISTS (SELECT FROM {schema}.trash_group g
          WHERE g.uuid OPERATOR(pg_catalog.=) l.group_uuid
            AND g.state OPERATOR(pg_catalog.=) 'trashed')),
    (SELECT pg_catalog.count(*) FROM {schema}.trash_group g
      WHERE g.ended_at OPERATOR(pg_catalog.<) $1::pg_catalog.timestamptz),
    COALESCE(pg_catalog.sum(c.entries), 0), COALESCE(pg_catalog.sum(c.groups), 0), {before}
  FROM {schema}.ledger_checkpoint c)";

}  // namespace

std::string old_before(schema::Pool& pool, long long seconds) {
    auto lease = pool.lease();
    return std::string(lease.connection().exec(kOldBefore, {std::to_string(seconds)}).text(0, 0));
}

PrunedBatch prune_history(schema::Pool& pool, const std::string& trash_schema,
                          const std::string& before, long long place) {
    PrunedBatch batch;
    const auto call = filled(
        R"(SELECT p.last, p.entries, p.groups
  FROM {schema}.prune_history($1::pg_catalog.timestamptz, $2::pg_catalog.int8,
    $3::pg_catalog.int4) p)",
        trash_schema);
    schema::run(pool, schema::Mode::kWrite, [&](schema::Transaction& transaction) {
        batch = {};
        if (!transaction.exec("SELECT " + try_lock_call(LockKey::kPruning)).boolean(0, 0)) return;
        const auto found =
            transaction.exec(call, {before, std::to_string(place), std::to_string(kPage)});
        if (found.null(0, 0)) return;
        batch = {found.integer(0, 1), found.integer(0, 2), found.integer(0, 0)};
    });
    return batch;
}

HistoryState history_state(schema::Pool& pool, const std::string& trash_schema,
                           const std::optional<std::string>& older_than) {
    auto lease = pool.lease();
    const auto found = lease.connection().exec(
        filled(kState, trash_schema, {{"before", utc("pg_catalog.max(c.before)")}}),
        {older_than.value_or("-infinity")});
    return {found.integer(0, 0), found.integer(0, 1), found.integer(0, 2), found.integer(0, 3),
            found.value(0, 4)};
}

}  // namespace trashd::trash
