// Each change of a web hook's place asks for the lease in the same statement, so that an instance
// that slept while another took over changes nothing.
#include "trash/records/webhooks.hpp"

#include <fmt/format.h>

#include <utility>

#include "schema/catalog/value.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/transaction.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Mode;
using schema::Transaction;
using std::to_string;

// Longer than a try takes.
constexpr const char* kLease = "pg_catalog.make_interval(secs => 20)";
constexpr const char* kLongest = "pg_catalog.make_interval(days => 3)";  // that an entry is tried

// 1, 2, 4 s and so on, up to an hour.
constexpr const char* kPause =
    "pg_catalog.make_interval(secs => LEAST(3600, pg_catalog.power(2, LEAST({times}, 20))))";

std::string pause_after(const char* times) {
    return schema::filled(kPause, {{"times", times}});
}

// $1: the url, $2: the owner.
constexpr const char* kOwned = R"(h.url OPERATOR(pg_catalog.=) $1
    AND h.owner OPERATOR(pg_catalog.=) $2::pg_catalog.uuid
    AND h.leased_until OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp())";

constexpr const char* kTake = R"(UPDATE {schema}.webhook h
  SET owner = $2::pg_catalog.uuid,
    leased_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) {lease}
  WHERE h.url OPERATOR(pg_catalog.=) $1
    AND (h.owner OPERATOR(pg_catalog.=) $2::pg_catalog.uuid OR h.leased_until IS NULL
      OR h.leased_until OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp())
  RETURNING h.after, COALESCE(h.paused_until OPERATOR(pg_catalog.>) pg_catalog.now(), false))";

constexpr const char* kDue = R"(SELECT r.entry FROM {schema}.webhook_retry r
  WHERE r.url OPERATOR(pg_catalog.=) $1 AND r.next_at OPERATOR(pg_catalog.<=) pg_catalog.now()
    AND NOT EXISTS (SELECT FROM {schema}.webhook_retry b
      WHERE b.url OPERATOR(pg_catalog.=) r.url
        AND b.group_uuid OPERATOR(pg_catalog.=) r.group_uuid
        AND b.entry OPERATOR(pg_catalog.<) r.entry)
  ORDER BY r.entry LIMIT 100)";

}  // namespace

WebhookPlace::WebhookPlace(schema::Pool& pool, std::string trash_schema, std::string url,
                           std::string owner)
    : pool_(pool),
      trash_schema_(std::move(trash_schema)),
      url_(std::move(url)),
      owner_(std::move(owner)) {}

void WebhookPlace::begin() {
    schema::run(pool_, Mode::kWrite, [&](Transaction& transaction) {
        transaction.exec(filled(R"(INSERT INTO {schema}.webhook (url, after)
  SELECT $1, COALESCE((SELECT s.upto FROM {schema}.ledger_seal s ORDER BY s.id DESC LIMIT 1), 0)
  ON CONFLICT DO NOTHING)",
                                trash_schema_),
                         {url_});
    });
}

std::optional<WebhookPlace::Taken> WebhookPlace::take() {
    std::optional<Taken> taken;
    schema::run(pool_, Mode::kWrite, [&](Transaction& transaction) {
        taken.reset();
        const auto found =
            transaction.exec(filled(kTake, trash_schema_, {{"lease", kLease}}), {url_, owner_});
        if (found.rows() == 0) return;
        taken.emplace();
        taken->after = found.integer(0, 0);
        taken->paused = found.boolean(0, 1);
        const auto due = transaction.exec(filled(kDue, trash_schema_), {url_});
        for (int row = 0; row < due.rows(); ++row) taken->due.push_back(due.integer(row, 0));
    });
    return taken;
}

// sql changes something and gives a row for that; {owned} stands for who may.
bool WebhookPlace::change(const char* sql, const std::vector<std::optional<std::string>>& more) {
    std::vector<schema::Param> params = {url_, owner_};
    params.insert(params.end(), more.begin(), more.end());
    const auto text = filled(sql, trash_schema_,
                             {{"owned", kOwned},
                              {"lease", kLease},
                              {"longest", kLongest},
                              {"pause", pause_after("h.failures")},
                              {"retry_pause", pause_after("r.tries")},
                              {"first_pause", pause_after("0")}});
    bool done = false;
    schema::run(pool_, Mode::kWrite, [&](Transaction& transaction) {
        done = transaction.exec(text, params).rows() > 0;
    });
    return done;
}

// After a time in which nothing could be told what waits is tried at once.
bool WebhookPlace::told(long long entry, bool sent) {
    return change(R"(WITH h AS (UPDATE {schema}.webhook h
    SET after = GREATEST(h.after, $3::pg_catalog.int8),
      failures = CASE WHEN $4::pg_catalog.bool THEN 0 ELSE h.failures END,
      paused_until = NULL, error = CASE WHEN $4::pg_catalog.bool THEN NULL ELSE h.error END,
      told_at = CASE WHEN $4::pg_catalog.bool THEN pg_catalog.now() ELSE h.told_at END,
      leased_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) {lease}
    FROM {schema}.webhook b
    WHERE b.url OPERATOR(pg_catalog.=) h.url AND {owned}
    RETURNING h.url, b.failures OPERATOR(pg_catalog.>) 0 AND $4::pg_catalog.bool AS back),
  gone AS (DELETE FROM {schema}.webhook_retry r USING h
    WHERE r.url OPERATOR(pg_catalog.=) h.url AND r.entry OPERATOR(pg_catalog.=) $3::pg_catalog.int8),
  again AS (UPDATE {schema}.webhook_retry r SET next_at = pg_catalog.now() FROM h
    WHERE r.url OPERATOR(pg_catalog.=) h.url AND h.back
      AND r.entry OPERATOR(pg_catalog.<>) $3::pg_catalog.int8)
  SELECT FROM h)",
                  {to_string(entry), sent ? "true" : "false"});
}

bool WebhookPlace::failed(long long entry, const std::optional<std::string>& group,
                          bool unreachable, const std::string& error) {
    return change(R"(WITH h AS (UPDATE {schema}.webhook h
    SET after = GREATEST(h.after, $3::pg_catalog.int8), error = $6,
      failures = CASE WHEN $5::pg_catalog.bool THEN h.failures OPERATOR(pg_catalog.+) 1 ELSE 0 END,
      paused_until = CASE WHEN $5::pg_catalog.bool
        THEN pg_catalog.now() OPERATOR(pg_catalog.+) {pause} END,
      leased_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) {lease}
    WHERE {owned} RETURNING h.url)
  INSERT INTO {schema}.webhook_retry AS r (url, entry, group_uuid, tries, next_at)
  SELECT h.url, $3::pg_catalog.int8, $4::pg_catalog.uuid, 1,
    pg_catalog.now() OPERATOR(pg_catalog.+) {first_pause}
  FROM h
  ON CONFLICT (url, entry) DO UPDATE SET tries = r.tries OPERATOR(pg_catalog.+) 1,
    next_at = pg_catalog.now() OPERATOR(pg_catalog.+) {retry_pause}
  RETURNING 1)",
                  {to_string(entry), group, unreachable ? "true" : "false", error});
}

bool WebhookPlace::wait_behind(long long entry, const std::optional<std::string>& group) {
    if (!group) return false;
    return change(R"(WITH h AS (UPDATE {schema}.webhook h
    SET after = GREATEST(h.after, $3::pg_catalog.int8)
    WHERE {owned} AND EXISTS (SELECT FROM {schema}.webhook_retry b
      WHERE b.url OPERATOR(pg_catalog.=) h.url
        AND b.group_uuid OPERATOR(pg_catalog.=) $4::pg_catalog.uuid
        AND b.entry OPERATOR(pg_catalog.<) $3::pg_catalog.int8)
    RETURNING h.url)
  INSERT INTO {schema}.webhook_retry (url, entry, group_uuid, tries, next_at)
  SELECT h.url, $3::pg_catalog.int8, $4::pg_catalog.uuid, 0, pg_catalog.now() FROM h
  RETURNING 1)",
                  {to_string(entry), group});
}

bool WebhookPlace::give_up(long long entry) {
    return change(R"(WITH h AS (UPDATE {schema}.webhook h
    SET given_up = h.given_up OPERATOR(pg_catalog.+) 1 WHERE {owned} RETURNING h.url)
  DELETE FROM {schema}.webhook_retry r USING h
  WHERE r.url OPERATOR(pg_catalog.=) h.url AND r.entry OPERATOR(pg_catalog.=) $3::pg_catalog.int8
  RETURNING 1)",
                  {to_string(entry)});
}

bool WebhookPlace::tried_for_too_long(long long entry) {
    return change(R"(SELECT 1 FROM {schema}.webhook h
  JOIN {schema}.webhook_retry r ON r.url OPERATOR(pg_catalog.=) h.url
  WHERE {owned} AND r.entry OPERATOR(pg_catalog.=) $3::pg_catalog.int8
    AND r.since OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) {longest}))",
                  {to_string(entry)});
}

namespace {

constexpr const char* kStates = R"(SELECT h.url, h.after,
    (SELECT pg_catalog.count(*) FROM {schema}.ledger l
      WHERE l.id OPERATOR(pg_catalog.>) h.after),
    (SELECT pg_catalog.count(*) FROM {schema}.webhook_retry r
      WHERE r.url OPERATOR(pg_catalog.=) h.url),
    h.failures, h.given_up, {paused_until}, {told_at}, h.error,
    COALESCE(h.leased_until OPERATOR(pg_catalog.>) pg_catalog.now(), false)
  FROM {schema}.webhook h ORDER BY h.url)";

}  // namespace

std::vector<WebhookState> webhook_states(schema::Pool& pool, const std::string& trash_schema) {
    auto lease = pool.lease();
    const auto found = lease.connection().exec(
        filled(kStates, trash_schema,
               {{"paused_until", utc("h.paused_until")}, {"told_at", utc("h.told_at")}}));
    std::vector<WebhookState> states;
    for (int row = 0; row < found.rows(); ++row) {
        WebhookState state;
        state.url = found.text(row, 0);
        state.after = found.integer(row, 1);
        state.behind = found.integer(row, 2);
        state.waiting = found.integer(row, 3);
        state.failures = found.integer(row, 4);
        state.given_up = found.integer(row, 5);
        state.paused_until = found.value(row, 6);
        state.told_at = found.value(row, 7);
        state.error = found.value(row, 8);
        state.told_by_somebody = found.boolean(row, 9);
        states.push_back(std::move(state));
    }
    return states;
}

// Who tells it loses the lease, and so what it is about to write down.
bool replay(schema::Pool& pool, const std::string& trash_schema, const std::string& url,
            long long after) {
    bool known = false;
    schema::run(pool, Mode::kWrite, [&](Transaction& transaction) {
        known = transaction
                    .exec(filled(R"(UPDATE {schema}.webhook h
  SET after = $2::pg_catalog.int8, failures = 0, paused_until = NULL, owner = NULL,
    leased_until = NULL
  WHERE h.url OPERATOR(pg_catalog.=) $1 RETURNING 1)",
                                 trash_schema),
                          {url, to_string(after)})
                    .rows() > 0;
        transaction.exec(filled(R"(DELETE FROM {schema}.webhook_retry r
  WHERE r.url OPERATOR(pg_catalog.=) $1 AND r.entry OPERATOR(pg_catalog.>) $2::pg_catalog.int8)",
                                trash_schema),
                         {url, to_string(after)});
    });
    return known;
}

}  // namespace trashd::trash
