// A round goes along the index of groups in pages, so that no statement of it reads much, however
// many groups there are; where it stands is known to the one instance alone.
#include "trash/records/rehearsals.hpp"

#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/rehearsal_holds.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using std::to_string;

constexpr int kPage = 1000;

constexpr const char* kNext = R"(SELECT g.uuid, g.created_at::pg_catalog.text, g.id,
    coalesce(r.at OPERATOR(pg_catalog.<=) (pg_catalog.now() OPERATOR(pg_catalog.-)
      pg_catalog.make_interval(hours => $1::int)), true), r.restorable
  FROM {schema}.trash_group g
  LEFT JOIN {schema}.rehearsal r ON {still_holds}
  WHERE g.state OPERATOR(pg_catalog.=) 'trashed'
    AND (g.created_at, g.id) OPERATOR(pg_catalog.<)
      ($3::pg_catalog.timestamptz, $4::pg_catalog.int8)
    AND g.created_at OPERATOR(pg_catalog.<=) (pg_catalog.now() OPERATOR(pg_catalog.-)
      pg_catalog.make_interval(mins => $2::int))
  ORDER BY g.created_at DESC, g.id DESC LIMIT {page})";

constexpr const char* kKeep = R"(INSERT INTO {schema}.rehearsal
    (group_id, taken, size, at, restorable, conflicts)
  SELECT $1::pg_catalog.int8, $2::pg_catalog.int8, $3::pg_catalog.int8, pg_catalog.now(),
    $4::pg_catalog.bool, $5::pg_catalog.jsonb
  ON CONFLICT (group_id) DO UPDATE SET taken = EXCLUDED.taken, size = EXCLUDED.size,
    at = EXCLUDED.at, restorable = EXCLUDED.restorable, conflicts = EXCLUDED.conflicts)";

constexpr const char* kForget = R"(DELETE FROM {schema}.rehearsal r WHERE NOT EXISTS (
    SELECT FROM {schema}.trash_group g
    WHERE g.id OPERATOR(pg_catalog.=) r.group_id AND g.state OPERATOR(pg_catalog.=) 'trashed'))";

constexpr const char* kCountFailed = R"(SELECT pg_catalog.count(*)
  FROM {schema}.rehearsal r JOIN {schema}.trash_group g ON {still_holds}
  WHERE NOT r.restorable AND g.state OPERATOR(pg_catalog.=) 'trashed')";

}  // namespace

RoundPage next_to_rehearse(schema::Pool& pool, const std::string& trash_schema,
                           const RoundOptions& options, const std::optional<RoundPlace>& after) {
    const auto sql =
        filled(kNext, trash_schema, {{"still_holds", kRehearsalHolds}, {"page", to_string(kPage)}});
    auto lease = pool.lease();
    const auto found = lease.connection().exec(
        sql, {to_string(options.every.count()), to_string(options.after.count()),
              after ? after->created_at : "infinity", to_string(after ? after->group : 0)});
    RoundPage page;
    for (int row = 0; row < found.rows(); ++row) {
        if (found.boolean(row, 3))
            page.due.emplace_back(found.text(row, 0));
        else if (!found.null(row, 4))
            ++(found.boolean(row, 4) ? page.others.restorable : page.others.not_restorable);
    }
    const int last = found.rows() - 1;
    if (found.rows() == kPage)
        page.last = {std::string(found.text(last, 1)), found.integer(last, 2)};
    return page;
}

void keep_rehearsal(schema::Pool& pool, const std::string& trash_schema, const GroupRow& group,
                    const Finding& found) {
    const auto text = [](bool value) { return std::string(value ? "true" : "false"); };
    schema::run(pool, schema::Mode::kWrite, [&](schema::Transaction& transaction) {
        transaction.exec(
            filled(kKeep, trash_schema),
            {to_string(group.id), to_string(group.taken), to_string(group.size),
             found.restorable ? schema::Param(text(*found.restorable)) : schema::Param(),
             found.conflicts.empty() ? schema::Param() : schema::Param(found.conflicts)});
    });
}

void forget_rehearsals(schema::Pool& pool, const std::string& trash_schema) {
    schema::run(pool, schema::Mode::kWrite, [&](schema::Transaction& transaction) {
        transaction.exec(filled(kForget, trash_schema));
    });
}

long long count_not_restorable(schema::Connection& connection, const std::string& trash_schema) {
    return connection.exec(filled(kCountFailed, trash_schema, {{"still_holds", kRehearsalHolds}}))
        .integer(0, 0);
}

}  // namespace trashd::trash
