// The rules are a table of a few rows, so that a delete asks the one instance that all deletes
// share, the database. The function keep_of() there is the one place that knows what they mean.
#include "trash/records/retention.hpp"

#include "schema/catalog/value.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "trash/model/actor.hpp"
#include "trash/records/purge.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Mode;
using schema::Param;
using schema::Transaction;
using std::to_string;

constexpr int kPage = 5000;  // groups that one transaction gives another time

constexpr const char* kRules = R"(SELECT * FROM ROWS FROM (
    pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.text[]),
    pg_catalog.unnest($3::pg_catalog.text[]), pg_catalog.unnest($4::pg_catalog.int8[]))
    w(rank, schema_name, name, seconds))";
constexpr const char* kSame = R"(SELECT NOT EXISTS (
    (TABLE {schema}.keep EXCEPT ({rules})) UNION ALL (({rules}) EXCEPT TABLE {schema}.keep)))";
constexpr const char* kInsert = "INSERT INTO {schema}.keep {rules}";

constexpr const char* kWanted = R"(SELECT g.id, g.expires_at, g.expiry_by IS NOT NULL AS by_hand,
    CASE WHEN EXISTS (SELECT FROM {schema}.keep) THEN g.created_at OPERATOR(pg_catalog.+)
      {schema}.keep_of(g.shapes, g.counts, g.tenant) END AS wanted
  FROM {schema}.trash_group g
  WHERE g.state OPERATOR(pg_catalog.=) 'trashed' AND g.id OPERATOR(pg_catalog.>) $1::pg_catalog.int8
  ORDER BY g.id LIMIT {page})";
constexpr const char* kCount = R"(WITH p AS ({wanted})
  SELECT pg_catalog.max(p.id), pg_catalog.count(*) FILTER (WHERE p.by_hand),
    pg_catalog.count(*) FILTER (WHERE {changes}),
    pg_catalog.count(*) FILTER (WHERE {changes}
      AND p.wanted OPERATOR(pg_catalog.<=) pg_catalog.now())
  FROM p)";
constexpr const char* kChange = R"(WITH p AS MATERIALIZED ({wanted}),
  u AS (UPDATE {schema}.trash_group g SET expires_at = p.wanted FROM p
    WHERE g.id OPERATOR(pg_catalog.=) p.id AND {changes} AND g.expiry_by IS NULL
      AND g.state OPERATOR(pg_catalog.=) 'trashed'
    RETURNING g.expires_at)
  SELECT (SELECT pg_catalog.max(p.id) FROM p),
    (SELECT pg_catalog.count(*) FROM p WHERE p.by_hand), pg_catalog.count(*),
    pg_catalog.count(*) FILTER (WHERE u.expires_at OPERATOR(pg_catalog.<=) pg_catalog.now())
  FROM u)";
constexpr const char* kChanges = "NOT p.by_hand AND p.wanted IS DISTINCT FROM p.expires_at";

std::vector<Param> arrays_of(const std::vector<KeepRule>& rules) {
    std::vector<Param> ranks, schemas, names, seconds;
    for (const auto& rule : rules) {
        ranks.emplace_back(rule.table ? "1" : rule.tenant ? "2" : "3");
        schemas.emplace_back(rule.table ? rule.table->schema : "");
        names.emplace_back(rule.table ? rule.table->name : rule.tenant.value_or(""));
        seconds.push_back(rule.seconds ? Param(to_string(*rule.seconds)) : Param());
    }
    return {schema::array_literal(ranks), schema::array_literal(schemas),
            schema::array_literal(names), schema::array_literal(seconds)};
}

// Instances that start together wait for each other; deletes go on meanwhile.
void write_rules(Transaction& transaction, const std::string& trash_schema,
                 const std::vector<KeepRule>& rules) {
    const auto arrays = arrays_of(rules);
    const auto with_rules = [&](const char* sql) {
        return filled(sql, trash_schema, {{"rules", kRules}});
    };
    if (transaction.exec(with_rules(kSame), arrays).boolean(0, 0)) return;
    transaction.exec(filled("LOCK TABLE {schema}.keep IN SHARE ROW EXCLUSIVE MODE", trash_schema));
    transaction.exec(filled("DELETE FROM {schema}.keep", trash_schema));
    transaction.exec(with_rules(kInsert), arrays);
}

// Adds the page behind the group with the id; the last id of it, nothing: there is none.
std::optional<long long> go_on(Transaction& transaction, const std::string& sql, long long after,
                               KeepChange& change) {
    const auto found = transaction.exec(sql, {to_string(after)});
    change.by_hand += found.integer(0, 1);
    change.groups += found.integer(0, 2);
    change.due += found.integer(0, 3);
    if (found.null(0, 0)) return std::nullopt;
    return found.integer(0, 0);
}

std::string page_sql(const char* sql, const std::string& trash_schema) {
    return filled(sql, trash_schema,
                  {{"wanted", filled(kWanted, trash_schema, {{"page", to_string(kPage)}})},
                   {"changes", kChanges}});
}

}  // namespace

void set_keep(schema::Pool& pool, const std::string& trash_schema,
              const std::vector<KeepRule>& rules) {
    schema::run(pool, Mode::kWrite,
                [&](Transaction& transaction) { write_rules(transaction, trash_schema, rules); });
}

KeepChange apply_keep(schema::Pool& pool, const std::string& trash_schema,
                      const std::vector<KeepRule>& rules, bool dry_run) {
    KeepChange change;
    if (dry_run) {
        schema::run(pool, Mode::kWrite, [&](Transaction& transaction) {
            change = {};
            write_rules(transaction, trash_schema, rules);
            const auto sql = page_sql(kCount, trash_schema);
            for (std::optional<long long> at = 0; at;) at = go_on(transaction, sql, *at, change);
            transaction.roll_back();
        });
        return change;
    }
    set_keep(pool, trash_schema, rules);
    const auto sql = page_sql(kChange, trash_schema);
    for (std::optional<long long> at = 0; at;) {
        std::optional<long long> next;
        KeepChange now;
        schema::run(pool, Mode::kWrite, [&](Transaction& transaction) {
            now = change;
            next = go_on(transaction, sql, *at, now);
        });
        change = now;
        at = next;
    }
    return change;
}

namespace {

constexpr const char* kDue = R"(SELECT pg_catalog.count(*),
    COALESCE(pg_catalog.date_part('epoch', pg_catalog.now() OPERATOR(pg_catalog.-)
      pg_catalog.min(g.expires_at)), 0)
  FROM {schema}.trash_group g
  WHERE g.state OPERATOR(pg_catalog.=) 'trashed'
    AND g.expires_at OPERATOR(pg_catalog.<=) pg_catalog.now())";
constexpr const char* kAll = R"(SELECT pg_catalog.count(*), pg_catalog.count(g.expires_at), {next}
  FROM {schema}.trash_group g WHERE g.state OPERATOR(pg_catalog.=) 'trashed')";
constexpr const char* kNext = R"(pg_catalog.min(g.expires_at) FILTER (
    WHERE g.expires_at OPERATOR(pg_catalog.>) pg_catalog.now()))";

}  // namespace

RetentionState what_is_due(schema::Pool& pool, const std::string& trash_schema) {
    auto lease = pool.lease();
    const auto found = lease.connection().exec(filled(kDue, trash_schema));
    RetentionState state;
    state.due = found.integer(0, 0);
    state.overdue = std::stod(std::string(found.text(0, 1)));
    return state;
}

RetentionState retention_state(schema::Pool& pool, const std::string& trash_schema) {
    auto state = what_is_due(pool, trash_schema);
    auto lease = pool.lease();
    const auto found = lease.connection().exec(filled(kAll, trash_schema, {{"next", utc(kNext)}}));
    state.groups = found.integer(0, 0);
    state.expiring = found.integer(0, 1);
    state.next = found.value(0, 2);
    return state;
}

void set_expiry(Transaction& transaction, const std::string& trash_schema, long long group,
                const std::optional<std::string>& expires, const Actor& actor) {
    transaction.exec(filled(R"(UPDATE {schema}.trash_group
  SET expires_at = $2::pg_catalog.timestamptz, expiry_by = $3
  WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.int8)",
                            trash_schema),
                     {to_string(group), expires, actor.by});
    GroupRow row;
    row.id = group;
    const auto entry = entries_of(trash_schema, "expiry-set", {row}, actor);
    transaction.exec(entry.sql, entry.params);
}

}  // namespace trashd::trash
