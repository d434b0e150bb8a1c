// Whoever purges has the table of holds locked as one who writes to it has, and only then looks;
// whoever makes a hold locks it against those. Rows of groups need no lock for that.
#include "trash/records/holds.hpp"

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::Result;
using schema::Transaction;
using std::to_string;

std::string fields() {
    return "h.number, h.id, " + utc("h.at") + ", h.by, h.reason, " + utc("h.until") +
           ", h.group_uuid, COALESCE(n.nspname::pg_catalog.text, h.schema_name), "
           "COALESCE(c.relname::pg_catalog.text, h.table_name), h.object_id, h.condition, "
           "(SELECT pg_catalog.count(*) FROM {schema}.hold_object o WHERE o.hold "
           "OPERATOR(pg_catalog.=) h.number), " +
           utc("h.released_at") +
           ", h.released_by, h.release_reason, h.released_at IS NULL AND (h.until IS NULL OR "
           "h.until OPERATOR(pg_catalog.>) pg_catalog.now())";
}

constexpr const char* kFrom = R"(SELECT {fields}
  FROM {schema}.hold h
  LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) h.relation
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  WHERE {which})";

std::string select(const std::string& trash_schema, const std::string& which) {
    return filled(filled(kFrom, trash_schema, {{"fields", fields()}, {"which", which}}),
                  trash_schema);
}

Hold hold_from(const Result& found, int row) {
    Hold hold;
    hold.id = found.text(row, 1);
    hold.at = found.text(row, 2);
    hold.by = found.text(row, 3);
    hold.reason = found.text(row, 4);
    hold.until = found.value(row, 5);
    hold.group_id = found.value(row, 6);
    if (!hold.group_id)
        hold.table = {std::string(found.text(row, 7)), std::string(found.text(row, 8))};
    hold.object_id = found.value(row, 9);
    hold.condition = found.value(row, 10);
    hold.objects = found.integer(row, 11);
    hold.released_at = found.value(row, 12);
    hold.released_by = found.value(row, 13);
    hold.release_reason = found.value(row, 14);
    hold.in_force = found.boolean(row, 15);
    return hold;
}

// Of the group's root, or of the table and the object.
void enter(Transaction& transaction, const std::string& trash_schema, const char* action,
           const Hold& hold, const Actor& actor) {
    transaction.exec(
        filled(R"(INSERT INTO {schema}.ledger (at, action, by, reason, schema_name, table_name,
    object_id, group_uuid, counts, request_id, address)
  SELECT pg_catalog.now(), $1, $2, $3, COALESCE(s.schema_name, $4, ''),
    COALESCE(s.table_name, $5, ''), COALESCE(g.root_object, $6, ''), $7::pg_catalog.uuid, '{}',
    $8, $9
  FROM (SELECT) one
  LEFT JOIN {schema}.trash_group g ON g.uuid OPERATOR(pg_catalog.=) $7::pg_catalog.uuid
  LEFT JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) g.root_shape)",
               trash_schema),
        {action, actor.by, actor.reason, hold.table ? Param(hold.table->schema) : Param(),
         hold.table ? Param(hold.table->name) : Param(), hold.object_id, hold.group_id,
         actor.request_id, actor.address});
}

void need_future(Transaction& transaction, const std::string& until) {
    if (!transaction
             .exec("SELECT $1::pg_catalog.timestamptz OPERATOR(pg_catalog.>) pg_catalog.now()",
                   {until})
             .boolean(0, 0))
        throw Error(Code::kInvalid, "'until' has passed already");
}

Param relation_of(Transaction& transaction, const schema::QualifiedName& table) {
    const auto found = transaction.exec(
        "SELECT c.oid::pg_catalog.text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
        "ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE n.nspname OPERATOR(pg_catalog.=) "
        "$1::pg_catalog.name AND c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name",
        {table.schema, table.name});
    return found.rows() > 0 ? found.value(0, 0) : std::nullopt;
}

std::optional<std::string> one_object(const NewHold& wanted) {
    if (wanted.condition || wanted.objects.empty()) return std::nullopt;
    return wanted.objects.front();
}

constexpr const char* kInsert = R"(INSERT INTO {schema}.hold
    (by, reason, until, group_uuid, schema_name, table_name, relation, object_id, condition)
  SELECT $1, $2, $3::pg_catalog.timestamptz, $4::pg_catalog.uuid, $5, $6,
    $7::pg_catalog.oid, $8, $9
  RETURNING number)";

}  // namespace

Hold create_hold(Transaction& transaction, const std::string& trash_schema, const NewHold& wanted,
                 const Actor& actor) {
    if (wanted.until) need_future(transaction, *wanted.until);
    transaction.exec(filled("LOCK TABLE {schema}.hold IN SHARE ROW EXCLUSIVE MODE", trash_schema));
    if (wanted.group_id)
        group_of(transaction.connection(), trash_schema, item_id(*wanted.group_id, 1), false);
    const auto& table = wanted.table;
    const auto made = transaction.exec(
        filled(kInsert, trash_schema),
        {actor.by, actor.reason, wanted.until, wanted.group_id,
         table ? Param(table->schema) : Param(), table ? Param(table->name) : Param(),
         table ? relation_of(transaction, *table) : Param(), one_object(wanted), wanted.condition});
    const auto number = to_string(made.integer(0, 0));
    std::vector<Param> objects(wanted.objects.begin(), wanted.objects.end());
    transaction.exec(filled(R"(INSERT INTO {schema}.hold_object (hold, object_id)
  SELECT DISTINCT $1::pg_catalog.int8, u.id
  FROM pg_catalog.unnest($2::pg_catalog.text[]) u(id))",
                            trash_schema),
                     {number, schema::array_literal(objects)});
    const auto hold = hold_from(
        transaction.exec(
            select(trash_schema, "h.number OPERATOR(pg_catalog.=) $1::pg_catalog.int8"), {number}),
        0);
    enter(transaction, trash_schema, "held", hold, actor);
    return hold;
}

namespace {

constexpr const char* kListed = R"(($1::pg_catalog.int8 OPERATOR(pg_catalog.=) 0
    OR h.number OPERATOR(pg_catalog.<) $1::pg_catalog.int8)
  AND ($2::pg_catalog.bool OR h.released_at IS NULL
    AND (h.until IS NULL OR h.until OPERATOR(pg_catalog.>) pg_catalog.now()))
  AND ($3::pg_catalog.text IS NULL OR h.by OPERATOR(pg_catalog.=) $3) AND {seen}
  ORDER BY h.number DESC LIMIT $4::pg_catalog.int4)";
constexpr const char* kOne = R"(h.id OPERATOR(pg_catalog.=) $1::pg_catalog.uuid
  AND ($2::pg_catalog.text IS NULL OR h.by OPERATOR(pg_catalog.=) $2) AND {seen})";

std::string seen(const char* which) {
    return schema::filled(which, {{"seen", seen_by_tenant("h")}});
}

}  // namespace

HoldPage list_holds(Transaction& transaction, const std::string& trash_schema,
                    const HoldQuery& asked) {
    const auto found = transaction.exec(select(trash_schema, seen(kListed)),
                                        {to_string(asked.before), asked.all ? "true" : "false",
                                         asked.by, to_string(asked.limit + 1)});
    HoldPage page;
    page.more = found.rows() > asked.limit;
    for (int row = 0; row < std::min(found.rows(), asked.limit); ++row) {
        page.holds.push_back(hold_from(found, row));
        page.last = found.integer(row, 0);
    }
    return page;
}

Hold get_hold(Transaction& transaction, const std::string& trash_schema, const std::string& id,
              const std::optional<std::string>& by) {
    const auto found = transaction.exec(select(trash_schema, seen(kOne)), {id, by});
    if (found.rows() == 0) throw Error(Code::kNotFound, "there is no such hold");
    return hold_from(found, 0);
}

void release_hold(Transaction& transaction, const std::string& trash_schema, const std::string& id,
                  const std::optional<std::string>& by, const Actor& actor) {
    const auto hold = get_hold(transaction, trash_schema, id, by);
    const auto released = transaction.exec(
        filled(R"(UPDATE {schema}.hold SET released_at = pg_catalog.now(), released_by = $2,
    release_reason = $3
  WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.uuid AND released_at IS NULL RETURNING 1)",
               trash_schema),
        {id, actor.by, actor.reason});
    if (released.rows() == 0) throw Error(Code::kGone, "the hold was released before");
    enter(transaction, trash_schema, "released", hold, actor);
}

namespace {

template <class Number>
std::string array_of(const std::vector<Number>& numbers) {
    std::vector<Param> texts;
    for (const auto number : numbers) texts.emplace_back(to_string(number));
    return schema::array_literal(texts);
}

constexpr const char* kHeld = "{schema}.held($1::pg_catalog.int8[], $2::pg_catalog.bool)";

void lock(schema::Connection& connection, const std::string& trash_schema) {
    connection.exec(filled("LOCK TABLE {schema}.hold IN ROW EXCLUSIVE MODE", trash_schema));
}

}  // namespace

std::vector<long long> held_among(schema::Connection& connection, const std::string& trash_schema,
                                  const std::vector<long long>& groups) {
    lock(connection, trash_schema);
    const auto found = connection.exec(
        filled("SELECT DISTINCT b.group_id FROM " + std::string(kHeld) + " b", trash_schema),
        {array_of(groups), std::nullopt});
    std::vector<long long> held;
    for (int row = 0; row < found.rows(); ++row) held.push_back(found.integer(row, 0));
    return held;
}

std::vector<std::string> held_groups(schema::Connection& connection,
                                     const std::string& trash_schema) {
    const auto found = connection.exec(filled(R"(SELECT DISTINCT g.uuid
  FROM {schema}.held(CASE WHEN EXISTS (SELECT FROM {schema}.hold h WHERE h.released_at IS NULL)
      THEN ARRAY(SELECT t.id FROM {schema}.trash_group t WHERE t.state OPERATOR(pg_catalog.=) 'trashed')
      ELSE '{}' END, NULL) b
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) b.group_id)",
                                              trash_schema));
    std::vector<std::string> held;
    for (int row = 0; row < found.rows(); ++row) held.emplace_back(found.text(row, 0));
    return held;
}

void refuse_held(schema::Connection& connection, const std::string& trash_schema,
                 const std::vector<long long>& groups, std::optional<bool> positive) {
    lock(connection, trash_schema);
    const auto which =
        "h.number IN (SELECT b.hold FROM " + std::string(kHeld) + " b) ORDER BY h.number LIMIT 20";
    const auto found = connection.exec(
        select(trash_schema, which),
        {array_of(groups), positive ? Param(*positive ? "true" : "false") : Param()});
    std::vector<Hold> holds;
    for (int row = 0; row < found.rows(); ++row) holds.push_back(hold_from(found, row));
    if (!holds.empty()) throw Held(std::move(holds));
}

void refuse_held_object(schema::Connection& connection, const std::string& trash_schema,
                        const schema::Table& table, const std::string& id) {
    lock(connection, trash_schema);
    const auto found =
        connection.exec(select(trash_schema, filled(R"(h.released_at IS NULL
    AND (h.until IS NULL OR h.until OPERATOR(pg_catalog.>) pg_catalog.now())
    AND (h.relation OPERATOR(pg_catalog.=) $1::pg_catalog.oid
      OR h.schema_name OPERATOR(pg_catalog.=) $2 AND h.table_name OPERATOR(pg_catalog.=) $3)
    AND EXISTS (SELECT FROM {schema}.hold_object o
      WHERE o.hold OPERATOR(pg_catalog.=) h.number AND o.object_id OPERATOR(pg_catalog.=) $4)
  ORDER BY h.number LIMIT 20)",
                                                    trash_schema)),
                        {to_string(table.oid), table.name.schema, table.name.name, id});
    std::vector<Hold> holds;
    for (int row = 0; row < found.rows(); ++row) holds.push_back(hold_from(found, row));
    if (!holds.empty()) throw Held(std::move(holds));
}

std::vector<Hold> holds_of(Transaction& transaction, const std::string& trash_schema,
                           const std::string& group_id) {
    const auto found = transaction.exec(
        select(trash_schema, filled(R"(h.number IN (SELECT b.hold FROM {schema}.held(ARRAY(
      SELECT g.id FROM {schema}.trash_group g WHERE g.uuid OPERATOR(pg_catalog.=) $1::pg_catalog.uuid
        AND g.state OPERATOR(pg_catalog.=) 'trashed'), NULL) b)
    ORDER BY h.number)",
                                    trash_schema)),
        {group_id});
    std::vector<Hold> holds;
    for (int row = 0; row < found.rows(); ++row) holds.push_back(hold_from(found, row));
    return holds;
}

}  // namespace trashd::trash
