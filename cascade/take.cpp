// Deletes the collected rows and captures them in the same statement, so that a row is never in
// both places nor in none; then counts what went against what came, which only foreign code can
// alter.
#include <algorithm>

#include "cascade/functions.hpp"
#include "cascade/plan.hpp"
#include "cascade/statements.hpp"
#include "schema/activity.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/tenant.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "schema/trigger_words.hpp"

namespace trashd::cascade {

using schema::Catalog;
using schema::literal;
using schema::quoted;
using schema::relation;
using schema::Table;

namespace {

bool has_trigger(const Table& table, bool schema::Trigger::*event) {
    return std::any_of(table.triggers.begin(), table.triggers.end(),
                       [&](const schema::Trigger& trigger) { return trigger.*event; });
}

// Of what a trigger or function may set, this changes how a value reads back.
constexpr const char* kWrittenToBeRead =
    "pg_catalog.starts_with(pg_catalog.current_setting('DateStyle'), 'ISO') AND "
    "pg_catalog.current_setting('IntervalStyle') OPERATOR(pg_catalog.=) 'postgres' AND "
    "pg_catalog.current_setting('extra_float_digits') OPERATOR(pg_catalog.=) '1' AND "
    "pg_catalog.current_setting('lc_monetary') OPERATOR(pg_catalog.=) 'C'";

// Those that may keep a row, else all that see one go.
std::string keepers(const Table& table) {
    std::vector<std::string> before, all;
    for (const auto& trigger : table.triggers) {
        if (!trigger.on_delete) continue;
        all.push_back(trigger.name);
        if (trigger.before && trigger.row) before.push_back(trigger.name);
    }
    return schema::trigger_words(before.empty() ? all : before);
}

// The extension lo comes with a trigger that does it.
std::string unlinkers(const Plan& plan) {
    for (const Node& node : plan.nodes) {
        for (const auto& trigger : node.table->triggers) {
            if (trigger.on_delete && trigger.function.name == "lo_manage")
                return "the trigger " + trigger.name + " of " + node.table->name.schema + "." +
                       node.table->name.name;
        }
    }
    return "a trigger or function";
}

}  // namespace

// A statement of the trash's own tables for the function, whose variables its columns hold.
std::string DeleteSql::own(const std::string& statement, schema::Values more) const {
    const schema::QualifiedName& root = plan_.root->name;
    more.merge(schema::Values{{"schema", quoted(names_.trash_schema)},
                              {"access", quoted(names_.access_schema)},
                              {"group", "_group"},
                              {"uuid", "_uuid"},
                              {"by", "_by"},
                              {"reason", "_reason"},
                              {"request", "_request"},
                              {"address", "_address"},
                              {"tenant", schema::kTenant},
                              {"root_shape", std::to_string(names_.shapes[0])},
                              {"table_schema", literal(root.schema)},
                              {"table", literal(root.name)}});
    return schema::filled(statement, more);
}

std::string DeleteSql::next_group() const {
    return schema::filled("pg_catalog.nextval({ids}::pg_catalog.regclass)",
                          {{"ids", literal(quoted({names_.trash_schema, names_.own.group_ids}))}});
}

const std::string& DeleteSql::insert_items() const {
    return names_.access_schema.empty() ? names_.own.insert_items : names_.own.insert_items_as_role;
}

// Rows deleted since the last look, those of the trash too, rows of the trash that were changed,
// and how many each table of others was given, or were changed in it, by now.
std::string DeleteSql::in_other_tables(const std::string& made) const {
    return schema::filled(R"(  SELECT
      COALESCE(pg_catalog.sum(n_tup_del), 0) OPERATOR(pg_catalog.-) _elsewhere,
      COALESCE(pg_catalog.sum(n_tup_upd) FILTER (
        WHERE schemaname OPERATOR(pg_catalog.=) {trash_schema}), 0) OPERATOR(pg_catalog.-) _changed,
      COALESCE(pg_catalog.jsonb_object_agg(relid, n_tup_ins OPERATOR(pg_catalog.+) n_tup_upd)
        FILTER (WHERE n_tup_ins OPERATOR(pg_catalog.+) n_tup_upd OPERATOR(pg_catalog.>) 0
          AND schemaname OPERATOR(pg_catalog.<>) {trash_schema}), '{}')
    INTO _elsewhere, _changed, {made} FROM pg_catalog.pg_stat_xact_user_tables;
)",
                          {{"trash_schema", literal(names_.trash_schema)}, {"made", made}});
}

// A bulk delete whose rows are asked about goes through the trash though it is a hard one.
std::string DeleteSql::tell_triggers() const {
    return R"(  PERFORM
    pg_catalog.set_config('trashd.action', CASE WHEN _hard
      OR pg_catalog.current_setting('trashd.action', true) OPERATOR(pg_catalog.=) 'hard'
      THEN 'hard' ELSE 'trash' END, true),
    pg_catalog.set_config('trashd.principal', COALESCE(_by, ''), true),
    pg_catalog.set_config('trashd.group', _uuid::pg_catalog.text, true),
    pg_catalog.set_config('trashd.reason', COALESCE(_reason, ''), true),
    pg_catalog.set_config('trashd.request', COALESCE(_request, ''), true);
)";
}

// Only where code of the users runs: the view costs half a millisecond.
std::string DeleteSql::watch_others() const {
    if (!runs_code(catalog_, plan_)) return "";
    const auto text = "  _role := pg_catalog.current_setting('role');\n  _objects := " +
                      schema::large_objects_deleted_sql() + ";\n";
    if (!runs_triggers(catalog_, plan_)) return text;
    return tell_triggers() + text + in_other_tables("_made") +
           "  _tables := " + schema::standing_sql() + ";\n";
}

std::string DeleteSql::written_elsewhere() const {
    if (!runs_triggers(catalog_, plan_)) return "";
    return R"( OPERATOR(pg_catalog.||) ARRAY(
      SELECT pg_catalog.unnest(ARRAY[w.k::pg_catalog.int8, w.n])
      FROM (SELECT i.k, i.n::pg_catalog.int8 OPERATOR(pg_catalog.-)
          COALESCE(pg_catalog.jsonb_extract_path_text(_made, i.k)::pg_catalog.int8, 0) AS n
        FROM pg_catalog.jsonb_each_text(_now) i(k, n)) w
      WHERE w.n OPERATOR(pg_catalog.>) 0) OPERATOR(pg_catalog.||) _cut)";
}

// Expressions, one for each node.
std::vector<std::string> DeleteSql::deleted_so_far() const {
    std::vector<std::string> counts;
    for (const Node& node : plan_.nodes)
        counts.push_back(schema::filled(
            node.table->partitioned
                ? "(SELECT "
                  "COALESCE(pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_deleted(relid)), 0) "
                  "FROM pg_catalog.pg_partition_tree({oid}::pg_catalog.oid::pg_catalog.regclass) "
                  "WHERE isleaf)"
                : "pg_catalog.pg_stat_get_xact_tuples_deleted({oid}::pg_catalog.oid)",
            {{"oid", std::to_string(node.table->oid)}}));
    return counts;
}

std::string DeleteSql::one_delete(int node, const std::string& name,
                                  const std::string& where) const {
    const Table& table = *plan_.nodes[node].table;
    const bool bare = nothing_asked_of(node);
    const std::string object = table.identity.empty() || bare
                                   ? "NULL::pg_catalog.text"
                                   : schema::key_text(table, table.identity, "t");
    return schema::filled(
        R"({name} AS (DELETE FROM {table} t WHERE {where}
    RETURNING {object} AS o, {payload} AS p))",
        {{"name", name},
         {"table", relation(table)},
         {"where", where},
         {"object", object},
         {"payload", bare ? "NULL::pg_catalog.text[]" : schema::payload(table, "t")}});
}

std::vector<std::string> DeleteSql::deletes(Taken& taken) const {
    std::vector<std::string> ctes;
    auto add = [&](int node, const std::string& where) {
        const std::string name = "d" + std::to_string(ctes.size());
        ctes.push_back(one_delete(node, name, where));
        const auto rows =
            schema::filled("SELECT {shape}, {d}.o, {d}.p FROM {d}",
                           {{"shape", std::to_string(names_.shapes[node])}, {"d", name}});
        for (auto* all : {&taken.all, is_item(node) ? &taken.items : &taken.others})
            *all += (all->empty() ? "" : " UNION ALL ") + rows;
    };
    add(0, is_.is_root());
    for (int node = 0; node < static_cast<int>(plan_.nodes.size()); ++node) {
        const Node& from = plan_.nodes[node];
        if (node == 0 && !from.loop) continue;
        if (is_.collected(node) && !from.table->identity.empty()) {
            add(node, is_.found(node, "k", from.table->identity.size() > 1) +
                          (node == 0 ? " AND (" + is_.is_root() + ") IS NOT TRUE" : ""));
            continue;
        }
        std::string others;
        for (int position : from.in) {
            add(node, is_.reaches(plan_.edges[position]) + others);
            others += " AND " + is_.reaches_filter(plan_.edges[position]) + " IS NOT TRUE";
        }
    }
    return ctes;
}

// SQL over rows s(shape, p), payloads: they are another tenant's. Rows of tables without the column
// belong to what they hang on. Empty: it is not asked.
std::string DeleteSql::crossing() const {
    std::string cases;
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
        const Table& table = *plan_.nodes[node].table;
        const auto* column = tenant_column_of(plan_, table);
        if (!column) continue;
        cases += schema::filled(" WHEN s.shape OPERATOR(pg_catalog.=) {shape} THEN s.p[{position}]",
                                {{"shape", std::to_string(names_.shapes[node])},
                                 {"position", std::to_string(table.kept_place(column->attnum))}});
    }
    if (cases.empty()) return "";
    return schema::filled(
        "(CASE{cases} ELSE {tenant} END OPERATOR(pg_catalog.=) {tenant}) IS NOT TRUE",
        {{"cases", cases}, {"tenant", schema::kTenant}});
}

// Of rows that were deleted for good, then of those in the trash.
// items: SQL of how many became items, and a plus.
std::string DeleteSql::count_taken(const std::string& taken, const std::string& items) const {
    const auto foreign = crossing();
    return schema::filled(
        foreign.empty()
            ? "  SELECT {items}pg_catalog.count(*) INTO _n FROM ({taken}) s(shape, o, p);\n"
            : R"(  SELECT {items}pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE {foreign})
    INTO _n, _m FROM ({taken}) s(shape, o, p);
)",
        {{"foreign", foreign}, {"items", items}, {"taken", taken}});
}

std::string DeleteSql::refuse_foreign(bool hard) const {
    const auto foreign = crossing();
    if (foreign.empty()) return "";
    return schema::filled(
        hard ? R"(  IF _m OPERATOR(pg_catalog.>) 0 THEN {raise}  END IF;
)"
             : R"(  PERFORM FROM {items} WHERE {foreign} LIMIT 1;
  IF FOUND THEN {raise}  END IF;
)",
        {{"items", own(names_.own.items_of_group)},
         {"foreign", foreign},
         {"raise", raise(sqlstate::kOtherTenant, "the delete would cross tenants")}});
}

bool DeleteSql::drops_any() const {
    return plan_.kept_nodes() < static_cast<int>(plan_.nodes.size());
}

bool DeleteSql::is_item(int node) const {
    return plan_.look_first || !plan_.drops(node);
}

// Nobody but the guard, which counts, wants to know of rows that go for good.
bool DeleteSql::nothing_asked_of(int node) const {
    return !is_item(node) && !tenant_column_of(plan_, *plan_.nodes[node].table);
}

// Those that go for good come last, so that the others are numbered without a gap.
std::string DeleteSql::ordinal() const {
    if (!drops_any()) return "pg_catalog.row_number() OVER ()";
    std::vector<std::string> kept;
    for (int node = 0; node < plan_.kept_nodes(); ++node)
        kept.push_back(std::to_string(names_.shapes[static_cast<std::size_t>(node)]));
    return schema::filled(
        "CASE WHEN s.shape OPERATOR(pg_catalog.=) ANY ({kept}) THEN pg_catalog.row_number() OVER "
        "() ELSE OPERATOR(pg_catalog.-) pg_catalog.row_number() OVER () END",
        {{"kept", array_of(kept, "int4")}});
}

// What goes for good is counted as what is kept, whose number is that of the items that came in.
std::string DeleteSql::insert_kept(const Taken& taken) const {
    const auto insert =
        schema::filled("{insert_items} FROM ({items}) s(shape, o, p)",
                       {{"insert_items", own(insert_items(), {{"ordinal", ordinal()},
                                                              {"shape", "s.shape"},
                                                              {"object", "s.o"},
                                                              {"payload", "s.p"}})},
                        {"items", taken.items}});
    if (taken.others.empty()) return "\n  " + insert + ";\n  GET DIAGNOSTICS _n = ROW_COUNT;\n";
    return ",\n  i AS (" + insert + " RETURNING 1)\n" +
           count_taken(taken.others, "(SELECT pg_catalog.count(*) FROM i) OPERATOR(pg_catalog.+) ");
}

// Where something goes for good holds are asked for; what is looked at first is asked about later.
std::string DeleteSql::refuse_held() const {
    const auto refuse =
        own(names_.own.refuse_held, {{"raise", raise(sqlstate::kHeld, "objects are held")}});
    return drops_any() && !plan_.look_first ? "  " + refuse
                                            : "  IF _hard THEN\n    " + refuse + "  END IF;\n";
}

// Everything goes in one statement: foreign keys are checked at its end, so neither order nor
// cycles matter, and every row is captured before any trigger of another row's delete has run.
std::string DeleteSql::take() const {
    Taken taken;
    const auto with = schema::join(deletes(taken), ",\n  ");
    return schema::filled(
        R"({same_role}{refuse_held}  _before := {before};
{count_wanted}{as_asker}  IF _hard THEN
  WITH {with}
{count_taken}{deferred}{as_service}{same_role}{refuse_hard}  ELSE
  WITH {with}{insert}{deferred}{as_service}{same_role}{refuse}  END IF;
{expect_wanted}  SET CONSTRAINTS ALL IMMEDIATE;
)",
        {{"same_role", runs_code(catalog_, plan_) ? refuse_other_role() : ""},
         {"refuse_held", refuse_held()},
         {"before", array_of(deleted_so_far(), "int8")},
         {"count_wanted", count_wanted()},
         {"as_asker", become_asker()},
         {"with", with},
         {"count_taken", count_taken(taken.all)},
         {"deferred", deferred_as_asker()},
         {"as_service", become_service()},
         {"refuse_hard", refuse_foreign(true)},
         {"insert", insert_kept(taken)},
         {"refuse", refuse_foreign(false) + (taken.others.empty() ? "" : refuse_foreign(true))},
         {"expect_wanted", expect_wanted()}});
}

// The rows of the node that are to go, as long as they are there.
std::string DeleteSql::all_of(int node) const {
    return relation(*plan_.nodes[node].table) + " t WHERE " +
           (node == 0 && !plan_.nodes[0].loop ? "(" + is_.is_root() + ")" : is_.in_closure(node));
}

std::string DeleteSql::vetoed(int node) const {
    const Table& table = *plan_.nodes[node].table;
    if (!has_trigger(table, &schema::Trigger::on_delete)) return "";
    const auto kept = keepers(table) + " of " + table.name.schema + "." + table.name.name +
                      " kept the row; drop it or let it pass";
    return schema::filled(
        R"(  PERFORM FROM {rows} LIMIT 1;
  IF FOUND THEN {raise}  END IF;
)",
        {{"rows", all_of(node)}, {"raise", raise(sqlstate::kInterference, kept)}});
}

// To the end of the transaction the statements of the trash would run as another.
std::string DeleteSql::refuse_other_role() const {
    return schema::filled(
        R"(  IF pg_catalog.current_setting('role') OPERATOR(pg_catalog.<>) _role THEN
    {raise}  END IF;
)",
        {{"raise",
          raise(sqlstate::kInterference, "a trigger changes the role; change the trigger")}});
}

// Of what counting deleted rows does not see.
std::string DeleteSql::refuse_harm() const {
    return schema::filled(R"(  _harm := pg_catalog.regexp_replace(({harmed})[1], '^[0-9]+ ', '');
  IF _harm IS NOT NULL THEN {raise}  END IF;
)",
                          {{"harmed", schema::harmed_sql("_tables")},
                           {"raise", raise_expression(sqlstate::kInterference,
                                                      "pg_catalog.concat('a trigger ', _harm, ', "
                                                      "whose rows would not be in the trash; "
                                                      "change the trigger')")}});
}

bool runs_triggers(const Catalog& catalog, const Plan& plan) {
    for (const Node& node : plan.nodes) {
        if (has_trigger(*node.table, &schema::Trigger::on_delete)) return true;
    }
    for (const Unit& unit : units_of(catalog, plan)) {
        if (has_trigger(*unit.table, &schema::Trigger::on_update)) return true;
    }
    return false;
}

bool runs_code(const Catalog& catalog, const Plan& plan) {
    return runs_triggers(catalog, plan) || !units_of(catalog, plan).empty();
}

// What code of the users may have done that counting rows does not show.
std::string DeleteSql::refuse_traces() const {
    return schema::filled(
        R"(  IF NOT ({written_to_be_read}) THEN {settings}  END IF;
  IF {large_objects} OPERATOR(pg_catalog.<>) _objects THEN {unlinked}  END IF;
)",
        {{"written_to_be_read", kWrittenToBeRead},
         {"settings", raise(sqlstate::kInterference,
                            "a trigger or function changes settings that values are written "
                            "under; change it to set them no further than its own end")},
         {"large_objects", schema::large_objects_deleted_sql()},
         {"unlinked",
          raise(sqlstate::kInterference,
                unlinkers(plan_) + " deletes large objects, which would not be in the trash; "
                                   "change the trigger")}});
}

std::string DeleteSql::refuse_elsewhere() const {
    return in_other_tables("_now") +
           schema::filled(
               R"(  IF _elsewhere OPERATOR(pg_catalog.<>) _n THEN {deleted}  END IF;
  IF _changed OPERATOR(pg_catalog.<>) _rekeyed THEN {changed}  END IF;
)",
               {{"deleted", raise(sqlstate::kInterference,
                                  "a trigger deletes rows that would not be in the trash; change "
                                  "the trigger or delete those rows first")},
                {"changed", raise(sqlstate::kInterference,
                                  "a trigger changes rows that are in the trash; change the "
                                  "trigger")}});
}

// What vanished equals what was captured (docs/architecture.md, "The guard").
std::string DeleteSql::prove() const {
    std::vector<std::string> gone = deleted_so_far(), summands;
    std::string vetoes;
    for (std::size_t node = 0; node < gone.size(); ++node) {
        const std::string place = "[" + std::to_string(node + 1) + "]";
        gone[node] += " OPERATOR(pg_catalog.-) _before" + place;
        summands.push_back("_counts" + place);
        vetoes += vetoed(static_cast<int>(node));
    }
    const bool code = runs_code(catalog_, plan_), triggers = runs_triggers(catalog_, plan_);
    return schema::filled(
        R"({same_role}{refuse_harm}  _counts := {gone};
  _m := {sum};
{vetoes}  IF _m OPERATOR(pg_catalog.<>) _n OR _n OPERATOR(pg_catalog.=) 0 THEN {uncaptured}  END IF;
{refuse_traces}{refuse_elsewhere})",
        {{"same_role", code ? refuse_other_role() : ""},
         {"refuse_harm", triggers ? refuse_harm() : ""},
         {"gone", array_of(gone, "int8")},
         {"sum", schema::join(summands, " OPERATOR(pg_catalog.+) ")},
         {"vetoes", vetoes},
         {"uncaptured", raise(sqlstate::kUncaptured, "rows vanished that were not captured")},
         {"refuse_traces", code ? refuse_traces() : ""},
         {"refuse_elsewhere", triggers ? refuse_elsewhere() : ""}});
}

// SQL of the object id of the root, whose key is in variables.
std::string DeleteSql::object_of_root() const {
    std::vector<std::string> key;
    for (int attnum : plan_.root->identity)
        key.push_back("_r" + std::to_string(attnum) + " AS " +
                      quoted(plan_.root->column(attnum)->name));
    return schema::filled("SELECT {object} INTO _object FROM (SELECT {key}) s",
                          {{"object", schema::key_text(*plan_.root, plan_.root->identity, "s")},
                           {"key", schema::join(key, ", ")}});
}

std::string DeleteSql::kept_size() const {
    if (!drops_any()) return "_n";
    std::vector<std::string> counts;
    for (int node = 1; node <= plan_.kept_nodes(); ++node)
        counts.push_back("_counts[" + std::to_string(node) + "]");
    return schema::join(counts, " OPERATOR(pg_catalog.+) ");
}

std::string DeleteSql::kept_counts() const {
    return drops_any() ? "_counts[1:" + std::to_string(plan_.kept_nodes()) + "]" : "_counts";
}

std::string DeleteSql::size() const {
    return drops_any() ? "CASE WHEN _hard THEN _n ELSE " + kept_size() + " END" : "_n";
}

// One table alone is what most deletes take, and needs no list.
std::string DeleteSql::record_group() const {
    const int kept = plan_.kept_nodes();
    std::vector<std::string> shapes;
    for (int node = 0; node < kept; ++node)
        shapes.push_back(std::to_string(names_.shapes[static_cast<std::size_t>(node)]));
    const bool alone = kept == 1;
    const schema::Values one = {{"shapes", array_of(shapes, "int4")}, {"counts", kept_counts()}},
                         several = {{"shapes", "pg_catalog.array_agg(s ORDER BY i)"},
                                    {"counts", "pg_catalog.array_agg(n ORDER BY i)"}};
    schema::Values values = alone ? one : several;
    values.merge(schema::Values{{"object", "_object"}, {"size", kept_size()}, {"links", "_links"}});
    const auto from = schema::filled(R"( FROM ROWS FROM (pg_catalog.unnest({shapes}),
    pg_catalog.unnest({counts})) WITH ORDINALITY c(s, n, i) WHERE n OPERATOR(pg_catalog.>) 0)",
                                     one);
    return own(names_.own.insert_group, values) + (alone ? "" : from);
}

std::string DeleteSql::record_entry() const {
    std::vector<std::string> tables;
    for (const Node& node : plan_.nodes)
        tables.push_back(literal(node.table->name.schema + "." + node.table->name.name));
    const bool alone = tables.size() == 1;
    const auto counts = alone ? "pg_catalog.jsonb_build_object(" + tables[0] + ", _n)"
                              : "pg_catalog.jsonb_object_agg(s, n)";
    const auto of_group =
        drops_any() ? "CASE WHEN _hard THEN _counts ELSE " + kept_counts() + " END" : "_counts";
    const auto from = schema::filled(R"( FROM ROWS FROM (pg_catalog.unnest({tables}),
    pg_catalog.unnest({counts})) c(s, n) WHERE n OPERATOR(pg_catalog.>) 0)",
                                     {{"tables", array_of(tables, "text")}, {"counts", of_group}});
    return own(names_.own.insert_entry,
               {{"action", "CASE WHEN _hard THEN 'deleted' ELSE 'trashed' END"},
                {"object", "_object"},
                {"uuid", "CASE WHEN NOT _hard THEN _uuid END"},
                {"counts", counts}}) +
           (alone ? "" : from);
}

// An entry for each table whose rows went for good with those of the group.
std::string DeleteSql::record_dropped() const {
    std::string text;
    for (int node = plan_.kept_nodes(); node < static_cast<int>(plan_.nodes.size()); ++node) {
        const auto& name = plan_.nodes[static_cast<std::size_t>(node)].table->name;
        const auto count = "_counts[" + std::to_string(node + 1) + "]";
        text += schema::filled(
            "  {insert_entry} WHERE {count} OPERATOR(pg_catalog.>) 0;\n",
            {{"insert_entry",
              own(names_.own.insert_entry,
                  {{"action", "'deleted'"},
                   {"object", "''"},
                   {"uuid", "_uuid"},
                   {"table_schema", literal(name.schema)},
                   {"table", literal(name.name)},
                   {"counts", "pg_catalog.jsonb_build_object(" +
                                  literal(name.schema + "." + name.name) + ", " + count + ")"}})},
             {"count", count}});
    }
    return text;
}

std::string DeleteSql::record() const {
    return schema::filled(R"(  {object_of_root};
  IF NOT _hard THEN {record_group};
{record_dropped}  END IF;
  {record_entry} RETURNING l.id INTO _entry;
)",
                          {{"object_of_root", object_of_root()},
                           {"record_group", record_group()},
                           {"record_dropped", record_dropped()},
                           {"record_entry", record_entry()}});
}

}  // namespace trashd::cascade
