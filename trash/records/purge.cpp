#include "trash/records/purge.hpp"

#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/options.hpp"
#include "trash/records/holds.hpp"
#include "trash/records/ledger_seal.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/own_statements.hpp"

namespace trashd::trash {

using schema::quoted;

namespace {

// Writes the entries of groups g for which {which} holds; the other values say who asks, and why.
std::string entries_of_groups(const std::string& trash_schema, schema::Values asked) {
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
    asked.merge(schema::Values{{"schema", schema},
                               {"table_schema", "r.schema_name"},
                               {"table", "r.table_name"},
                               {"object", "g.root_object"},
                               {"uuid", "g.uuid"},
                               {"counts", counts},
                               {"tenant", "g.tenant"}});
    return schema::filled(own_statements().insert_entry + R"(
  FROM {schema}.trash_group g JOIN {schema}.shape r ON r.id OPERATOR(pg_catalog.=) g.root_shape
  WHERE {which} RETURNING l.id)",
                          asked);
}

}  // namespace

std::string entries_of_each(const std::string& trash_schema, const std::string& action) {
    const auto at = [](const char* array) { return std::string(array) + "[" + kPlaceOfId + "]"; };
    return entries_of_groups(trash_schema, {{"action", schema::literal(action)},
                                            {"by", at("_by")},
                                            {"reason", at("_reasons")},
                                            {"request", at("_requests")},
                                            {"address", at("_addresses")},
                                            {"which", "g.id OPERATOR(pg_catalog.=) ANY (_ids)"}});
}

std::string entries_sql(const std::string& trash_schema) {
    return entries_of_groups(
        trash_schema, {{"action", "$6"},
                       {"by", "$2"},
                       {"reason", "$3::pg_catalog.text"},
                       {"request", "$4"},
                       {"address", "$5"},
                       {"which", "g.id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])"}});
}

namespace {

std::string and_digest() {
    return ", pg_catalog.encode(" + entry_digest() + ", 'hex')";
}

}  // namespace

std::string receipt_of(std::string_view entry, std::string_view digest) {
    return std::string(entry) + "-" + std::string(digest);
}

schema::Statement entries_of(const std::string& trash_schema, const std::string& action,
                             const std::vector<GroupRow>& groups, const Actor& actor) {
    return {entries_sql(trash_schema),
            {ids_of(groups), actor.by, actor.reason, actor.request_id, actor.address, action}};
}

std::vector<std::string> purge_groups(schema::Transaction& transaction,
                                      const std::string& trash_schema,
                                      const std::vector<GroupRow>& groups, const Actor& actor) {
    if (groups.empty()) return {};
    std::vector<long long> ids;
    for (const auto& group : groups) ids.push_back(group.id);
    refuse_held(transaction.connection(), trash_schema, ids);
    auto entries = entries_of(trash_schema, "purged", groups, actor);
    entries.sql += and_digest();
    const auto written =
        end_groups(transaction.connection(), trash_schema, {groups, "purged", actor.by}, entries);
    std::vector<std::string> receipts;
    for (int row = 0; row < written.rows(); ++row)
        receipts.push_back(receipt_of(written.text(row, 0), written.text(row, 1)));
    return receipts;
}

std::string purge_group(schema::Transaction& transaction, const std::string& trash_schema,
                        const GroupRow& group, const Actor& actor) {
    return purge_groups(transaction, trash_schema, {group}, actor).at(0);
}

namespace {

constexpr const char* kPurgeCode = R"(#variable_conflict use_variable
DECLARE
  _size pg_catalog.int8; _gone pg_catalog.int8; _entry pg_catalog.int8; _digest pg_catalog.text;
BEGIN
  {leave_to_triggers}
  SELECT ARRAY[g.id], g.size INTO _ids, _size FROM {schema}.trash_group g
  WHERE g.uuid OPERATOR(pg_catalog.=) _uuid AND g.state OPERATOR(pg_catalog.=) 'trashed'
    AND g.layout IS NULL AND _ordinal OPERATOR(pg_catalog.>=) 1
    AND _ordinal OPERATOR(pg_catalog.<=) g.size
    AND (_most IS NULL OR g.size OPERATOR(pg_catalog.<=) _most)
    AND (_expect IS NULL OR g.size OPERATOR(pg_catalog.=) _expect)
  FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM FROM {schema}.held(_ids, NULL);
  IF FOUND THEN RETURN NULL; END IF;
  {entries} INTO _entry, _digest;
  {delete_links};
  {delete_items};
  GET DIAGNOSTICS _gone = ROW_COUNT;
  IF _gone OPERATOR(pg_catalog.<>) _size THEN
    RAISE EXCEPTION 'a group holds another number of items than it says'
      USING ERRCODE = '{internal}';
  END IF;
  {end_groups};
  RETURN ARRAY[_size::pg_catalog.text, _entry::pg_catalog.text, _digest];
END)";

}  // namespace

std::string purge_function_sql(const std::string& trash_schema, const std::string& function) {
    const schema::Values own = {{"schema", quoted(trash_schema)}, {"state", "$6"}, {"by", "$2"}};
    const auto code =
        schema::filled(kPurgeCode, {{"schema", quoted(trash_schema)},
                                    {"leave_to_triggers", leave_to_triggers(trash_schema)},
                                    {"internal", std::string(sqlstate::kInternalError)},
                                    {"entries", entries_sql(trash_schema) + and_digest()},
                                    {"delete_links", schema::filled(kDeleteLinks, own)},
                                    {"delete_items", schema::filled(kDeleteItems, own)},
                                    {"end_groups", schema::filled(kEndGroups, own)}});
    return group_function_sql(trash_schema, function, code);
}

namespace {

constexpr const char* kPurgesGive = R"(TABLE (place pg_catalog.int8, items pg_catalog.int8,
    entry pg_catalog.int8, digest pg_catalog.text))";

// What others hold is left to the ordinary way, which waits for it, and so is a large group, which
// would keep the others waiting.
constexpr const char* kPurgesCode = R"(#variable_conflict use_column
DECLARE
  {held_declared} _gone pg_catalog.int8;
BEGIN
  {leave_to_triggers}
  {hold_groups};
  IF _ids IS NULL THEN RETURN; END IF;
  PERFORM FROM {schema}.held(_ids, NULL);
  IF FOUND THEN RETURN; END IF;
  RETURN QUERY WITH e(id, digest, of_group) AS ({entries}, l.group_uuid)
    SELECT {place}, _sizes[pg_catalog.array_position(_groups, e.of_group)], e.id, e.digest FROM e;
  {delete_links};
  {delete_items};
  GET DIAGNOSTICS _gone = ROW_COUNT;
  IF _gone OPERATOR(pg_catalog.<>) _size THEN
    RAISE EXCEPTION 'a group holds another number of items than it says'
      USING ERRCODE = '{internal}';
  END IF;
  {end_groups};
END)";

constexpr long long kMostTogether = 1000;  // items of one group

}  // namespace

std::string purges_function_sql(const std::string& trash_schema, const std::string& function) {
    const auto schema = quoted(trash_schema);
    const schema::Values own = {{"schema", schema}, {"state", "'purged'"}, {"place", kPlaceOfId}};
    const auto code = schema::filled(
        kPurgesCode, {{"schema", schema},
                      {"leave_to_triggers", leave_to_triggers(trash_schema, "RETURN")},
                      {"hold_groups",
                       schema::filled(kHoldGroups, {{"schema", schema},
                                                    {"which", "g.size OPERATOR(pg_catalog.<=) " +
                                                                  std::to_string(kMostTogether)}})},
                      {"internal", std::string(sqlstate::kInternalError)},
                      {"held_declared", kHeldDeclared},
                      {"place", kPlaceOfGroup},
                      {"entries", entries_of_each(trash_schema, "purged") + and_digest()},
                      {"delete_links", schema::filled(kDeleteLinks, own)},
                      {"delete_items", schema::filled(kDeleteItems, own)},
                      {"end_groups", schema::filled(kEndEachGroup, own)}});
    return groups_function_sql(trash_schema, function, kPurgesGive, code);
}

schema::Statement purges_call(const std::string& function, const std::vector<std::string>& arrays) {
    return {"SELECT b.place, b.items, b.entry, b.digest FROM " + function +
                "(NULL, $1::pg_catalog.text[], $2::pg_catalog.text[], $3::pg_catalog.text[], "
                "$4::pg_catalog.text[], $5::pg_catalog.uuid[], $6::pg_catalog.int8[], "
                "$7::pg_catalog.int8[], $8::pg_catalog.int8[], NULL) b",
            {arrays.begin(), arrays.end()}};
}

schema::Statement purge_call(const std::string& function, const std::string& item_id,
                             const PurgeOptions& options, const Actor& actor) {
    const auto address = parse_item_id(item_id);
    const auto number = [](const std::optional<long long>& value) {
        return value ? schema::Param(std::to_string(*value)) : std::nullopt;
    };
    return {"SELECT " + function + "(NULL, $1, $2, $3, $4, 'purged', $5, $6, $7, $8)",
            {actor.by, actor.reason, actor.request_id, actor.address, address.group_id,
             std::to_string(address.ordinal), number(options.most), number(options.expect)}};
}

}  // namespace trashd::trash
