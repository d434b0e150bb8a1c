#include "trash/records/undo_lists.hpp"

#include "schema/session/pool.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {

namespace {

// Entries are written about in the order of their ids.
constexpr const char* kForget = R"(DELETE FROM {list}
  WHERE entry OPERATOR(pg_catalog.<=) (SELECT pg_catalog.max(l.id) FROM {schema}.ledger l
    WHERE l.at OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-)
      pg_catalog.make_interval(hours => $1::int))))";

}  // namespace

long long forget_undo_lists(schema::Pool& pool, const std::string& trash_schema, long long hours) {
    long long forgotten = 0;
    schema::run(pool, schema::Mode::kWrite, [&](schema::Transaction& transaction) {
        forgotten = 0;
        for (const char* list :
             {"{schema}.undo_item", "{schema}.undo_link", "{schema}.undo_together"}) {
            const auto sql = filled(kForget, trash_schema, {{"list", filled(list, trash_schema)}});
            forgotten += transaction.exec(sql, {std::to_string(hours)}).affected();
        }
    });
    return forgotten;
}

}  // namespace trashd::trash
