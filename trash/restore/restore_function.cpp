#include "trash/restore/restore_function.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <bit>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/options.hpp"
#include "trash/records/purge.hpp"
#include "trash/restore/undo_restore.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/lock_keys.hpp"
#include "trash/store/own_statements.hpp"
#include "trash/store/plan_functions.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::literal;
using schema::quoted;
using std::to_string;

constexpr std::size_t kMostKnown = 64;  // each is a branch of the statement that calls them
constexpr std::size_t kMostSeen = 10000;
// Of larger groups the round trips are no part, and the timeout of one statement would hold for all
// that the ordinary way does in many.
constexpr long long kMostRows = 10000;

// SQL: one of {objects}, rows of the catalog {of}, depends on what users have made: what is built
// in has no such entries.
constexpr const char* kDepends = R"(EXISTS (SELECT FROM {objects} o JOIN pg_catalog.pg_depend d
    ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.{of}'::pg_catalog.regclass
      AND d.objid OPERATOR(pg_catalog.=) o.oid
    WHERE d.refclassid OPERATOR(pg_catalog.=) ANY (ARRAY['pg_catalog.pg_proc', 'pg_catalog.pg_type',
      'pg_catalog.pg_operator', 'pg_catalog.pg_opclass']::pg_catalog.regclass[])))";

std::string depends(const char* of, const std::string& objects) {
    return schema::filled(kDepends, {{"of", of}, {"objects", objects}});
}

// A query: the table's fingerprint, with 'code' behind it where an INSERT may run the users' code,
// or may read a value in another way than its type does. A function that is built in may run what
// a text says, and set what the next one relies on, unless it is immutable.
std::string state_sql(const std::string& trash_schema, schema::Oid table) {
    const auto oid = to_string(table) + "::pg_catalog.oid";
    const auto of_table = [&](const char* key, const char* attribute, const char* from) {
        return schema::filled(
            R"((SELECT x.{key} AS oid FROM pg_catalog.{from} x
      WHERE x.{attribute} OPERATOR(pg_catalog.=) {oid}))",
            {{"key", key}, {"from", from}, {"attribute", attribute}, {"oid", oid}});
    };
    return schema::filled(
        R"(SELECT ({fingerprint}) OPERATOR(pg_catalog.||) CASE
    WHEN c.relkind OPERATOR(pg_catalog.=) 'r'
    AND NOT c.relhasrules AND NOT c.relrowsecurity AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc f
        ON f.oid OPERATOR(pg_catalog.=) t.tgfoid AND f.pronamespace
          OPERATOR(pg_catalog.<>) {schema}::pg_catalog.regnamespace
      WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid AND NOT t.tgisinternal)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
      WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0
        AND a.atttypid::pg_catalog.int8 OPERATOR(pg_catalog.>=) 16384)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_cast k
        ON k.casttarget OPERATOR(pg_catalog.=) a.atttypid
      WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0
        AND k.castsource OPERATOR(pg_catalog.=) 'pg_catalog.text'::pg_catalog.regtype
        AND k.oid::pg_catalog.int8 OPERATOR(pg_catalog.>=) 16384)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
      CROSS JOIN LATERAL pg_catalog.regexp_matches(
        k.conbin::pg_catalog.text, ':funcid ([0-9]+)', 'g') m
      JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) m[1]::pg_catalog.oid
      WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid AND f.provolatile OPERATOR(pg_catalog.<>) 'i')
    AND NOT {table} AND NOT {indexes} AND NOT {constraints} AND NOT {expressions}
    THEN '' ELSE ' code' END
  FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) {oid})",
        {{"fingerprint", schema::fingerprint_sql({table})},
         {"schema", literal(quoted(trash_schema))},
         {"table", depends("pg_class", "(SELECT c.oid AS oid)")},
         {"indexes", depends("pg_class", of_table("indexrelid", "indrelid", "pg_index"))},
         {"constraints", depends("pg_constraint", of_table("oid", "conrelid", "pg_constraint"))},
         {"expressions", depends("pg_attrdef", of_table("oid", "adrelid", "pg_attrdef"))},
         {"oid", oid}});
}

// It is looked at when the statement is planned, for the first time and after each change of the
// table that it writes to (docs/speed.md, "Why a check at planning is enough").
std::string unchanged(const RestoreContext& restoring, const schema::Table& table) {
    return schema::filled(own_statements().still,
                          {{"schema", quoted(restoring.trash_schema)},
                           {"query", literal(state_sql(restoring.trash_schema, table.oid))},
                           {"fingerprint", literal(table.fingerprint)}});
}

constexpr const char* kCode = R"(#variable_conflict use_variable
DECLARE
  _size pg_catalog.int8; _counts pg_catalog.int8[]; _n pg_catalog.int8; _entry pg_catalog.int8;
  _shape pg_catalog.int4; _object pg_catalog.text;
BEGIN
  {leave_to_triggers}
  SELECT ARRAY[g.id], g.size, g.counts, g.root_shape, g.root_object
    INTO _ids, _size, _counts, _shape, _object
  FROM {schema}.trash_group g
  WHERE g.uuid OPERATOR(pg_catalog.=) _uuid AND g.state OPERATOR(pg_catalog.=) 'trashed'
    AND g.shapes OPERATOR(pg_catalog.=) {shapes} AND g.layout IS NULL
    AND g.links OPERATOR(pg_catalog.=) 0 AND g.tenant IS NULL
    AND g.size OPERATOR(pg_catalog.<=) {most_rows}
    AND _ordinal OPERATOR(pg_catalog.>=) 1 AND _ordinal OPERATOR(pg_catalog.<=) g.size
    AND (_most IS NULL OR g.size OPERATOR(pg_catalog.<=) _most)
    AND (_expect IS NULL OR g.size OPERATOR(pg_catalog.=) _expect)
  FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  LOCK TABLE {tables} IN ROW EXCLUSIVE MODE;
{steps}
  SET CONSTRAINTS ALL IMMEDIATE;
  {entries} INTO _entry;
  IF _size OPERATOR(pg_catalog.=) 1 THEN
    {keep_item};
  ELSE
    {keep_items};
  END IF;
  {delete_items};
  GET DIAGNOSTICS _n = ROW_COUNT;
  IF _n OPERATOR(pg_catalog.<>) _size THEN
    RAISE EXCEPTION 'a group holds another number of items than it says' USING ERRCODE = '{other}';
  END IF;
  {end_groups};
  RETURN ARRAY[_size::pg_catalog.text, _entry::pg_catalog.text, _shape::pg_catalog.text, _object,
    _counts::pg_catalog.text];
END)";

// What it does in part must not stay.
constexpr const char* kStep = R"(  {insert};
  GET DIAGNOSTICS _n = ROW_COUNT;
  IF _n OPERATOR(pg_catalog.<>) _counts[{place}] THEN
    RAISE EXCEPTION 'the table is another one' USING ERRCODE = '{other}';
  END IF;
)";

// SQL: ordinals of the items of the form at the place, counted from 0: those of one form follow
// each other.
std::pair<std::string, std::string> ordinals_at(std::size_t place) {
    const auto until = [](std::size_t end, const std::string& first) {
        auto sum = first;
        for (std::size_t k = 0; k < end; ++k)
            sum += " OPERATOR(pg_catalog.+) _counts[" + to_string(k + 1) + "]";
        return "(" + sum + ")";
    };
    return {until(place, "1"), until(place + 1, "0")};
}

// Of groups that are one row each.
constexpr const char* kManyCode = R"(#variable_conflict use_column
DECLARE
  {held_declared} _n pg_catalog.int8; _told pg_catalog.text[];
  _entries pg_catalog.int8[];
BEGIN
  {leave_to_triggers}
  {hold_groups};
  IF _ids IS NULL THEN RETURN NULL; END IF;
  LOCK TABLE {table} IN ROW EXCLUSIVE MODE;
  {insert};
  GET DIAGNOSTICS _n = ROW_COUNT;
  IF _n OPERATOR(pg_catalog.<>) _size THEN
    RAISE EXCEPTION 'the table is another one' USING ERRCODE = '{other}';
  END IF;
  SET CONSTRAINTS ALL IMMEDIATE;
  WITH e(id, object, of_group) AS ({entries}, l.object_id, l.group_uuid)
  SELECT pg_catalog.array_agg(_numbers[{place}]::pg_catalog.text)
      OPERATOR(pg_catalog.||) pg_catalog.array_agg(e.id::pg_catalog.text)
      OPERATOR(pg_catalog.||) pg_catalog.array_agg(e.object),
    pg_catalog.array_agg(e.id ORDER BY pg_catalog.array_position(_groups, e.of_group))
    INTO _told, _entries FROM e;
  {keep_items};
  {delete_items};
  GET DIAGNOSTICS _n = ROW_COUNT;
  IF _n OPERATOR(pg_catalog.<>) _size THEN
    RAISE EXCEPTION 'a group holds another number of items than it says' USING ERRCODE = '{other}';
  END IF;
  {end_groups};
  RETURN _told;
END)";

// Empty where rows of several tables must go in together, or some do not come back as they are.
std::vector<RestoreFunction::Step> steps_of(RestoreContext& restoring, const GroupRow& group) {
    std::vector<RestoreFunction::Step> steps;
    for (const auto& step : in_order(restoring)) {
        if (step.size() != 1) return {};
        const auto at = std::ranges::find(group.shapes, step[0]->id);
        if (at == group.shapes.end()) return {};
        steps.push_back(
            {static_cast<std::size_t>(at - group.shapes.begin()), step[0]->table->name});
    }
    if (steps.size() != group.shapes.size() || !all_came_back_plain(restoring)) return {};
    return steps;
}

std::string shapes_literal(const std::vector<int>& shapes) {
    std::vector<schema::Param> all;
    for (const int shape : shapes) all.emplace_back(to_string(shape));
    return literal(schema::array_literal(all)) + "::pg_catalog.int4[]";
}

std::string insert_of(const RestoreContext& restoring, const Shape& shape, std::size_t place) {
    const auto items = source_between(restoring, shape, "_ids[1]", ordinals_at(place));
    return schema::filled(
        kStep,
        {{"insert", insert_sql(shape, items, " WHERE " + unchanged(restoring, *shape.table))},
         {"place", to_string(place + 1)},
         {"other", std::string(sqlstate::kInternalError)}});
}

std::string code_of(const RestoreContext& restoring, const RestoreFunction& function) {
    std::vector<std::string> tables;
    std::string steps;
    for (const auto& step : function.steps) {
        const auto& shape = restoring.shapes.at(function.shapes[step.place]);
        tables.push_back(schema::relation(*shape.table));
        steps += insert_of(restoring, shape, step.place);
    }
    const schema::Values own = {{"schema", quoted(restoring.trash_schema)},
                                {"state", "$6"},
                                {"by", "$2"},
                                {"group", "_ids[1]"},
                                {"entry", "_entry"},
                                {"hash", hash_of("i.payload")}};
    return schema::filled(kCode, {{"schema", quoted(restoring.trash_schema)},
                                  {"leave_to_triggers", leave_to_triggers(restoring.trash_schema)},
                                  {"shapes", shapes_literal(function.shapes)},
                                  {"most_rows", to_string(kMostRows)},
                                  {"tables", schema::join(tables, ", ")},
                                  {"steps", steps},
                                  {"entries", entries_sql(restoring.trash_schema)},
                                  {"keep_item", schema::filled(kKeepItem, own)},
                                  {"keep_items", schema::filled(kKeepItems, own)},
                                  {"delete_items", schema::filled(kDeleteItems, own)},
                                  {"end_groups", schema::filled(kEndGroups, own)},
                                  {"other", std::string(sqlstate::kInternalError)}});
}

std::string insert_of_many(const RestoreContext& restoring, const Shape& shape) {
    const auto items = schema::filled(
        R"((SELECT i.group_id, i.ordinal, i.object_id, i.payload FROM {items} i
  WHERE i.group_id OPERATOR(pg_catalog.=) ANY (_ids)
    AND i.shape OPERATOR(pg_catalog.+) 0 OPERATOR(pg_catalog.=) {shape}))",
        {{"items", restoring.items()}, {"shape", to_string(shape.id)}});
    return insert_sql(shape, items, " WHERE " + unchanged(restoring, *shape.table));
}

std::string code_of_many(const RestoreContext& restoring, const RestoreFunction& function) {
    const auto& shape = restoring.shapes.at(function.shapes[0]);
    const auto schema = quoted(restoring.trash_schema);
    const schema::Values own = {{"schema", schema},
                                {"state", "'restored'"},
                                {"place", kPlaceOfId},
                                {"hash", hash_of("i.payload")}};
    const auto which = schema::filled(
        R"(g.size OPERATOR(pg_catalog.=) 1 AND g.links OPERATOR(pg_catalog.=) 0
    AND g.tenant IS NULL AND g.shapes OPERATOR(pg_catalog.=) {shapes})",
        {{"shapes", shapes_literal(function.shapes)}});
    return schema::filled(
        kManyCode,
        {{"schema", schema},
         {"leave_to_triggers", leave_to_triggers(restoring.trash_schema)},
         {"hold_groups", schema::filled(kHoldGroups, {{"schema", schema}, {"which", which}})},
         {"table", schema::relation(*shape.table)},
         {"insert", insert_of_many(restoring, shape)},
         {"entries", entries_of_each(restoring.trash_schema, "restored")},
         {"held_declared", kHeldDeclared},
         {"place", kPlaceOfGroup},
         {"keep_items", schema::filled(kKeepItemsOfEach, own)},
         {"delete_items", schema::filled(kDeleteItems, own)},
         {"end_groups", schema::filled(kEndEachGroup, own)},
         {"other", std::string(sqlstate::kInternalError)}});
}

bool runs_users_code(RestoreContext& restoring, const std::vector<schema::Oid>& tables) {
    return std::ranges::any_of(tables, [&](schema::Oid oid) {
        return restoring.exec(state_sql(restoring.trash_schema, oid)).value(0, 0) !=
               restoring.catalog.table(oid)->fingerprint;
    });
}

// Nothing where such groups need the ordinary way. The transaction holds LockKey::kFunctions.
std::shared_ptr<const RestoreFunction> made_for(schema::Transaction& transaction,
                                                const schema::Catalog& catalog,
                                                const std::string& trash_schema,
                                                const GroupRow& group) {
    const RestoreOptions options;
    const Actor actor;
    RestoreContext restoring{transaction, catalog, trash_schema, options, actor};
    add_group(restoring, group);
    for (const auto& [id, shape] : restoring.shapes)
        if (shape.table == nullptr || shape.id <= 0 || !shape.omitted.empty()) return nullptr;
    auto function = std::make_shared<RestoreFunction>();
    function->shapes = group.shapes;
    function->steps = steps_of(restoring, group);
    if (function->steps.empty()) return nullptr;
    for (const auto* table : concerned(restoring)) {
        const auto& keys = catalog.references(table->oid);
        if (std::ranges::any_of(keys, &schema::ForeignKey::declared)) return nullptr;
        function->tables.push_back(table->oid);
    }
    if (runs_users_code(restoring, function->tables)) return nullptr;
    function->fingerprint = schema::expected_fingerprint(catalog, function->tables);
    const auto root = restoring.shapes.at(group.root_shape).relation;
    PlanFunctions functions(transaction, trash_schema);
    const auto code = code_of(restoring, *function);
    const PlanBasis basis{root, function->tables, {}, function->fingerprint};
    function->name = functions.make("restore_", basis, [&](const std::string& name) {
        return group_function_sql(trash_schema, name, code);
    });
    if (function->shapes.size() == 1)
        function->many = functions.make("batch_", basis, [&](const std::string& name) {
            return groups_function_sql(trash_schema, name, "pg_catalog.text[]",
                                       code_of_many(restoring, *function));
        });
    functions.drop_old(root);
    return function;
}

}  // namespace

std::optional<Restored> RestoreCall::restored(const schema::Result& found,
                                              const std::string& group_id) const {
    if (found.rows() == 0 || found.null(0, 0) || found.null(0, 1)) return std::nullopt;
    const auto& function = *functions.at(static_cast<std::size_t>(found.integer(0, 0)));
    const auto told = schema::parse_array(found.text(0, 1));
    const auto counts = schema::parse_array(*told.at(4));
    Restored restored;
    restored.group_id = group_id;
    restored.restored = std::stoll(*told.at(0));
    restored.entries = {*told.at(1)};
    restored.root_id = *told.at(3);
    for (const auto& step : function.steps) {
        restored.tables.push_back({step.table, std::stoll(*counts.at(step.place))});
        if (to_string(function.shapes[step.place]) == *told.at(2)) restored.root_table = step.table;
    }
    return restored;
}

Restored RestoreCall::restored_one(std::size_t function, const std::string& group_id,
                                   const std::string& entry, const std::string& id) const {
    const auto& table = functions.at(function)->steps.front().table;
    Restored restored;
    restored.group_id = group_id;
    restored.restored = 1;
    restored.entries = {entry};
    restored.root_id = id;
    restored.root_table = table;
    restored.tables = {{table, 1}};
    return restored;
}

namespace {

// Which function fits the group g, and the call of it.
constexpr const char* kPlaceOfShapes =
    " WHEN g.shapes OPERATOR(pg_catalog.=) {shapes} THEN {place}";
constexpr const char* kCallOne =
    " WHEN {place} THEN {name}(NULL, $1, $2, $3, $4, 'restored', $5, $6, $7, $8)";
constexpr const char* kCallMany = R"( WHEN {place} THEN {name}(NULL, k.by, k.reasons, k.requests,
      k.addresses, k.uuids, k.ordinals, k.most, k.expected, k.numbers))";

constexpr const char* kOne = R"(SELECT k.place, CASE k.place{calls} END
  FROM (
    SELECT CASE{places} END AS place
    FROM {schema}.trash_group g
    WHERE g.uuid OPERATOR(pg_catalog.=) $5::pg_catalog.uuid OFFSET 0) k)";

// The groups are sorted by the function that fits them, which is called once for all of those.
constexpr const char* kMany = R"(SELECT k.place, CASE k.place{calls} END
  FROM (
    SELECT s.place, pg_catalog.array_agg(s.by) AS by, pg_catalog.array_agg(s.reason) AS reasons,
      pg_catalog.array_agg(s.request) AS requests, pg_catalog.array_agg(s.address) AS addresses,
      pg_catalog.array_agg(s.uuid) AS uuids, pg_catalog.array_agg(s.ordinal) AS ordinals,
      pg_catalog.array_agg(s.most) AS most, pg_catalog.array_agg(s.expected) AS expected,
      pg_catalog.array_agg(s.n) AS numbers
    FROM (
      SELECT u.*, CASE{places} END AS place
      FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]),
        pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[]),
        pg_catalog.unnest($4::pg_catalog.text[]), pg_catalog.unnest($5::pg_catalog.uuid[]),
        pg_catalog.unnest($6::pg_catalog.int8[]), pg_catalog.unnest($7::pg_catalog.int8[]),
        pg_catalog.unnest($8::pg_catalog.int8[])) WITH ORDINALITY
        u(by, reason, request, address, uuid, ordinal, most, expected, n)
      CROSS JOIN LATERAL (
        SELECT t.shapes FROM {schema}.trash_group t
        WHERE t.uuid OPERATOR(pg_catalog.=) u.uuid OFFSET 0) g) s
    WHERE s.place IS NOT NULL GROUP BY s.place OFFSET 0) k)";

std::string place_of_shapes(const std::vector<int>& shapes, std::size_t place) {
    return schema::filled(kPlaceOfShapes,
                          {{"shapes", shapes_literal(shapes)}, {"place", to_string(place)}});
}

std::string many_sql(const std::string& trash_schema,
                     const std::vector<std::shared_ptr<const RestoreFunction>>& functions) {
    std::string places, calls;
    for (std::size_t k = 0; k < functions.size(); ++k) {
        const auto& function = *functions[k];
        if (function.many.empty()) continue;
        places += place_of_shapes(function.shapes, k);
        calls += schema::filled(kCallMany, {{"place", to_string(k)}, {"name", function.many}});
    }
    if (calls.empty()) return "";
    return filled(kMany, trash_schema, {{"calls", calls}, {"places", places}});
}

}  // namespace

std::optional<RestoreCall> RestoreFunctions::call(const std::string& item_id,
                                                  const RestoreOptions& options,
                                                  const Actor& actor) const {
    RestoreCall call;
    {
        const std::lock_guard lock(mutex_);
        if (known_.empty()) return std::nullopt;
        call.functions = known_;
    }
    std::string places, calls;
    for (std::size_t k = 0; k < call.functions.size(); ++k) {
        const auto& function = *call.functions[k];
        places += place_of_shapes(function.shapes, k);
        calls += schema::filled(kCallOne, {{"place", to_string(k)}, {"name", function.name}});
    }
    const auto address = parse_item_id(item_id);
    const auto number = [](const std::optional<long long>& value) {
        return value ? schema::Param(to_string(*value)) : std::nullopt;
    };
    call.statement = {filled(kOne, trash_schema_, {{"calls", calls}, {"places", places}}),
                      {actor.by, actor.reason, actor.request_id, actor.address, address.group_id,
                       to_string(address.ordinal), number(options.most), number(options.expect)}};
    call.many = many_sql(trash_schema_, call.functions);
    return call;
}

// The second, fourth, eighth… time: one that leaves all to the ordinary way, for whatever reason,
// is given up and made again ever more seldom.
bool RestoreFunctions::wanted(const schema::Catalog& catalog, const GroupRow& group) {
    const std::lock_guard lock(mutex_);
    const auto known =
        std::ranges::find(known_, group.shapes, [](const auto& one) { return one->shapes; });
    if (known != known_.end()) {
        if (schema::expected_fingerprint(catalog, (*known)->tables) != (*known)->fingerprint)
            seen_.erase(group.shapes);
        known_.erase(known);
    }
    if (seen_.size() >= kMostSeen) seen_.clear();
    const auto times = ++seen_[group.shapes];
    return times > 1 && std::has_single_bit(times);
}

void RestoreFunctions::keep(std::shared_ptr<const RestoreFunction> function) {
    const std::lock_guard lock(mutex_);
    std::erase_if(known_, [&](const auto& one) { return one->shapes == function->shapes; });
    if (known_.size() >= kMostKnown) known_.erase(known_.begin());
    known_.push_back(std::move(function));
}

void RestoreFunctions::note(schema::Pool& pool, const schema::Catalog& catalog,
                            const GroupRow& group) {
    if (group.size > kMostRows || group.partly || group.links != 0 || group.tenant ||
        !wanted(catalog, group))
        return;
    try {
        std::shared_ptr<const RestoreFunction> made;
        schema::run(pool, schema::Mode::kMove, [&](schema::Transaction& transaction) {
            transaction.exec("SELECT " + lock_call(LockKey::kFunctions));
            made = made_for(transaction, catalog, trash_schema_, group);
        });
        if (made) keep(made);
    } catch (const Error& error) {
        spdlog::warn("no function restores such groups: {}", error.what());
    }
}

void RestoreFunctions::forget() {
    const std::lock_guard lock(mutex_);
    known_.clear();
}

}  // namespace trashd::trash
