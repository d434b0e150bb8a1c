#include "trash/store/purge.hpp"

#include "schema/identifier.hpp"
#include "schema/value.hpp"
#include "trash/store/ledger_seal.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {

using schema::Connection;
using schema::Param;
using schema::quoted;

std::vector<std::string> purge_groups(schema::Transaction& transaction,
                                      const std::string& trash_schema,
                                      const std::vector<GroupRow>& groups, const Actor& context) {
    if (groups.empty()) return {};
    auto own = [&](const char* table) { return quoted({trash_schema, table}); };
    std::vector<Param> numbers;
    long long size = 0;
    for (const GroupRow& group : groups) {
        numbers.emplace_back(std::to_string(group.id));
        size += group.size;
    }
    const std::string ids = schema::array_literal(numbers);
    const Connection::Statement entry{
        "INSERT INTO " + own("ledger") +
            " AS l (at, action, by, reason, schema_name, table_name, object_id, "
            "group_uuid, counts, request_id, address, tenant) SELECT pg_catalog.now(), 'purged', "
            "$2, "
            "$3, "
            "r.schema_name, "
            "r.table_name, g.root_object, g.uuid, (SELECT pg_catalog.jsonb_object_agg(t.name, t.n) "
            "FROM "
            "(SELECT s.schema_name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) "
            "s.table_name AS name, pg_catalog.sum(c.n) AS n FROM "
            "ROWS FROM "
            "(pg_catalog.unnest(g.shapes), pg_catalog.unnest(g.counts)) c(shape, n) JOIN " +
            own("shape") +
            " s ON s.id OPERATOR(pg_catalog.=) c.shape GROUP BY 1) t), $4, $5, g.tenant FROM " +
            own("trash_group") + " g JOIN " + own("shape") +
            " r ON r.id OPERATOR(pg_catalog.=) g.root_shape WHERE g.id OPERATOR(pg_catalog.=) ANY "
            "($1::bigint[]) "
            "RETURNING l.id OPERATOR(pg_catalog.||) '-' OPERATOR(pg_catalog.||) "
            "pg_catalog.encode(" +
            entry_digest() + ", 'hex')",
        {ids, context.by, context.reason, context.request_id, context.address}};
    const std::string of_these = " WHERE group_id OPERATOR(pg_catalog.=) ANY ($1::bigint[])";
    const auto done = transaction.connection().exec_pipeline(
        {{kByIndex},
         entry,
         {"DELETE FROM " + own("link") + of_these, {ids}},
         {"DELETE FROM " + own("item") + of_these, {ids}},
         {"UPDATE " + own("trash_group") +
              " SET state = 'purged', ended_at = pg_catalog.now(), ended_by = "
              "$2 WHERE id OPERATOR(pg_catalog.=) ANY ($1::bigint[])",
          {ids, context.by}},
         {kAsPlanned}});
    if (done[3].affected() != size) {
        throw Error(Code::kInternal, "a group holds another number of items than it says");
    }
    std::vector<std::string> receipts;
    for (int row = 0; row < done[1].rows(); ++row) receipts.emplace_back(done[1].text(row, 0));
    return receipts;
}

std::string purge_group(schema::Transaction& transaction, const std::string& trash_schema,
                        const GroupRow& group, const Actor& context) {
    return purge_groups(transaction, trash_schema, {group}, context).at(0);
}

}  // namespace trashd::trash
