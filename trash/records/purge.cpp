#include "trash/records/purge.hpp"

#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/model/actor.hpp"
#include "trash/records/ledger_seal.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/own_statements.hpp"

namespace trashd::trash {

using schema::quoted;

schema::Statement entries_of(const std::string& trash_schema, const std::string& action,
                             const std::vector<GroupRow>& groups, const Actor& actor) {
    const auto schema = quoted(trash_schema);
    const auto counts = schema::filled(
        R"((SELECT pg_catalog.jsonb_object_agg(t.name, t.n)
    FROM (
      SELECT s.schema_name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) s.table_name AS name,
        pg_catalog.sum(c.n) AS n
      FROM ROWS FROM (pg_catalog.unnest(g.shapes), pg_catalog.unnest(g.counts)) c(shape, n)
      JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) c.shape
      WHERE c.n OPERATOR(pg_catalog.>) 0 GROUP BY 1) t))",
        {{"schema", schema}});
    const auto insert =
        schema::filled(own_statements().insert_entry, {{"schema", schema},
                                                       {"action", "$6"},
                                                       {"by", "$2"},
                                                       {"reason", "$3::pg_catalog.text"},
                                                       {"request", "$4"},
                                                       {"address", "$5"},
                                                       {"table_schema", "r.schema_name"},
                                                       {"table", "r.table_name"},
                                                       {"object", "g.root_object"},
                                                       {"uuid", "g.uuid"},
                                                       {"counts", counts},
                                                       {"tenant", "g.tenant"}});
    const auto from = schema::filled(R"(
  FROM {schema}.trash_group g JOIN {schema}.shape r ON r.id OPERATOR(pg_catalog.=) g.root_shape
  WHERE g.id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]) RETURNING l.id)",
                                     {{"schema", schema}});
    return {insert + from,
            {ids_of(groups), actor.by, actor.reason, actor.request_id, actor.address, action}};
}

std::vector<std::string> purge_groups(schema::Transaction& transaction,
                                      const std::string& trash_schema,
                                      const std::vector<GroupRow>& groups, const Actor& actor) {
    if (groups.empty()) return {};
    auto entries = entries_of(trash_schema, "purged", groups, actor);
    entries.sql += ", pg_catalog.encode(" + entry_digest() + ", 'hex')";
    const auto written =
        end_groups(transaction.connection(), trash_schema, {groups, "purged", actor.by}, entries);
    std::vector<std::string> receipts;
    for (int row = 0; row < written.rows(); ++row)
        receipts.push_back(std::string(written.text(row, 0)) + "-" +
                           std::string(written.text(row, 1)));
    return receipts;
}

std::string purge_group(schema::Transaction& transaction, const std::string& trash_schema,
                        const GroupRow& group, const Actor& actor) {
    return purge_groups(transaction, trash_schema, {group}, actor).at(0);
}

}  // namespace trashd::trash
