// Deletes the collected rows and captures them in the same statement, so that a row is never in
// both places nor in none; then counts what went against what came, which only foreign code can
// alter.
#include <algorithm>

#include "cascade/statements.hpp"
#include "schema/activity.hpp"
#include "schema/sqlstate.hpp"
#include "schema/tenant.hpp"
#include "schema/text.hpp"
#include "schema/trigger_words.hpp"
#include "schema/value.hpp"

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

std::string DeleteSql::own(const std::string& table) const {
    return quoted({names_.trash_schema, table});
}

std::string DeleteSql::next_group() const {
    return "pg_catalog.nextval(" + literal(own("trash_group_id_seq")) + "::pg_catalog.regclass)";
}

std::string DeleteSql::into_item() const {
    const auto to =
        names_.access_schema.empty() ? own("item") : quoted({names_.access_schema, "incoming"});
    return "INSERT INTO " + to + " (group_id, ordinal, shape, object_id, payload) ";
}

std::string DeleteSql::into_group() const {
    return "INSERT INTO " + own("trash_group") +
           " (id, uuid, created_at, deleted_by, reason, request_id, root_shape, root_object, "
           "shapes, counts, size, links) SELECT _group, _uuid, pg_catalog.now(), _by, _reason, "
           "_request, " +
           std::to_string(names_.shapes[0]) + ", ";
}

std::string DeleteSql::into_ledger(const std::string& action) const {
    const schema::QualifiedName& root = plan_.root->name;
    return "INSERT INTO " + own("ledger") +
           " (at, action, by, reason, schema_name, table_name, request_id, address, object_id, "
           "group_uuid, counts) SELECT pg_catalog.now(), " +
           action + ", _by, _reason, " + literal(root.schema) + ", " + literal(root.name) +
           ", _request, _address, ";
}

// Rows deleted since the last look, those of the trash too, rows of the trash that were changed,
// and how many each table of others was given, or were changed in it, by now.
std::string DeleteSql::in_other_tables(const std::string& made) const {
    const auto trash = literal(names_.trash_schema);
    return "  SELECT COALESCE(pg_catalog.sum(n_tup_del), 0) OPERATOR(pg_catalog.-) _elsewhere, "
           "COALESCE(pg_catalog.sum(n_tup_upd) FILTER (WHERE schemaname OPERATOR(pg_catalog.=) " +
           trash +
           "), 0) OPERATOR(pg_catalog.-) _changed, "
           "COALESCE(pg_catalog.jsonb_object_agg(relid, n_tup_ins OPERATOR(pg_catalog.+) "
           "n_tup_upd) FILTER (WHERE n_tup_ins OPERATOR(pg_catalog.+) n_tup_upd "
           "OPERATOR(pg_catalog.>) 0 AND schemaname OPERATOR(pg_catalog.<>) " +
           trash + "), '{}') INTO _elsewhere, _changed, " + made +
           " FROM pg_catalog.pg_stat_xact_user_tables;\n";
}

// A bulk delete whose rows are asked about goes through the trash though it is a hard one.
std::string DeleteSql::tell_triggers() const {
    const auto set = [](const std::string& name, const std::string& value) {
        return "pg_catalog.set_config('trashd." + name + "', " + value + ", true)";
    };
    return "  PERFORM " +
           set("action",
               "CASE WHEN _hard OR pg_catalog.current_setting('trashd.action', true) "
               "OPERATOR(pg_catalog.=) 'hard' THEN 'hard' ELSE 'trash' END") +
           ", " + set("principal", "COALESCE(_by, '')") + ", " +
           set("group", "_uuid::pg_catalog.text") + ", " + set("reason", "COALESCE(_reason, '')") +
           ", " + set("request", "COALESCE(_request, '')") + ";\n";
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
    return " OPERATOR(pg_catalog.||) ARRAY(SELECT pg_catalog.unnest(ARRAY[w.k::pg_catalog.int8, "
           "w.n]) FROM (SELECT "
           "i.k, i.n::pg_catalog.int8 OPERATOR(pg_catalog.-) "
           "COALESCE(pg_catalog.jsonb_extract_path_text(_made, i.k)::pg_catalog.int8, 0) AS n FROM "
           "pg_catalog.jsonb_each_text(_now) i(k, n)) w WHERE w.n OPERATOR(pg_catalog.>) 0) "
           "OPERATOR(pg_catalog.||) _cut";
}

// Expressions, one for each node.
std::vector<std::string> DeleteSql::deleted_so_far() const {
    std::vector<std::string> counts;
    for (const Node& node : plan_.nodes) {
        const std::string oid = std::to_string(node.table->oid) + "::pg_catalog.oid";
        counts.push_back(
            node.table->partitioned
                ? "(SELECT "
                  "COALESCE(pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_deleted(relid)), 0) "
                  "FROM pg_catalog.pg_partition_tree(" +
                      oid + "::pg_catalog.regclass) WHERE isleaf)"
                : "pg_catalog.pg_stat_get_xact_tuples_deleted(" + oid + ")");
    }
    return counts;
}

std::string DeleteSql::one_delete(int node, const std::string& name,
                                  const std::string& where) const {
    const Table& table = *plan_.nodes[node].table;
    const std::string object = table.identity.empty()
                                   ? "NULL::pg_catalog.text"
                                   : schema::key_text(table, table.identity, "t");
    return name + " AS (DELETE FROM " + relation(table) + " t WHERE " + where + " RETURNING " +
           object + " AS o, " + schema::payload(table, "t") + " AS p)";
}

std::vector<std::string> DeleteSql::deletes(std::string& taken) const {
    std::vector<std::string> ctes;
    auto add = [&](int node, const std::string& where) {
        const std::string name = "d" + std::to_string(ctes.size());
        ctes.push_back(one_delete(node, name, where));
        taken += (taken.empty() ? "" : " UNION ALL ") +
                 ("SELECT " + std::to_string(names_.shapes[node])) + ", " + name + ".o, " + name +
                 ".p FROM " + name;
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

// SQL over rows s (shape and the payload of that name): they are another tenant's. Rows of tables
// without the column belong to what they hang on.
std::string DeleteSql::crossing(const std::string& payload) const {
    std::string cases;
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
        const Table& table = *plan_.nodes[node].table;
        const auto* column = tenant_column_of(plan_, table);
        if (!column) continue;
        const auto position = column - table.columns.data() + 1;
        cases += " WHEN s.shape OPERATOR(pg_catalog.=) " + std::to_string(names_.shapes[node]) +
                 " THEN s." + payload + "[" + std::to_string(position) + "]";
    }
    if (cases.empty()) return "";
    return "(CASE" + cases + " ELSE " + schema::kTenant + " END OPERATOR(pg_catalog.=) " +
           schema::kTenant + ") IS NOT TRUE";
}

// Everything goes in one statement: foreign keys are checked at its end, so neither order nor
// cycles matter, and every row is captured before any trigger of another row's delete has run.
std::string DeleteSql::take() const {
    std::string taken, count = "pg_catalog.count(*) INTO _n", refuse_hard, refuse;
    const std::string with = "  WITH " + schema::join(deletes(taken), ",\n  ") + "\n";
    const std::string raised =
        raise(sqlstate::kOtherTenant, "the delete would cross tenants") + "  END IF;\n";
    if (const std::string foreign = crossing("p"); !foreign.empty()) {
        count =
            "pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE " + foreign + ") INTO _n, _m";
        refuse_hard = "  IF _m OPERATOR(pg_catalog.>) 0 THEN " + raised;
        refuse = "  PERFORM FROM " + own("item") +
                 " s WHERE s.group_id OPERATOR(pg_catalog.=) _group AND " + crossing("payload") +
                 " LIMIT 1;\n  IF FOUND THEN " + raised;
    }
    const auto same_role = runs_code(catalog_, plan_) ? refuse_other_role() : "";
    return same_role + "  _before := " + array_of(deleted_so_far(), "int8") + ";\n" +
           count_wanted() + become_asker() + "  IF _hard THEN\n" + with + "  SELECT " + count +
           " FROM (" + taken + ") s(shape, o, p);\n" + deferred_as_asker() + become_service() +
           same_role + refuse_hard + "  ELSE\n" + with + "  " + into_item() +
           "SELECT _group, pg_catalog.row_number() OVER (), s.shape, s.o, s.p FROM (" + taken +
           ") s(shape, o, p);\n"
           "  GET DIAGNOSTICS _n = ROW_COUNT;\n" +
           deferred_as_asker() + become_service() + same_role + refuse + "  END IF;\n" +
           expect_wanted() + "  SET CONSTRAINTS ALL IMMEDIATE;\n";
}

// The rows of the node that are to go, as long as they are there.
std::string DeleteSql::all_of(int node) const {
    return relation(*plan_.nodes[node].table) + " t WHERE " +
           (node == 0 && !plan_.nodes[0].loop ? "(" + is_.is_root() + ")" : is_.in_closure(node));
}

std::string DeleteSql::vetoed(int node) const {
    const Table& table = *plan_.nodes[node].table;
    if (!has_trigger(table, &schema::Trigger::on_delete)) return "";
    return "  PERFORM FROM " + all_of(node) + " LIMIT 1;\n  IF FOUND THEN " +
           raise(sqlstate::kInterference, keepers(table) + " of " + table.name.schema + "." +
                                              table.name.name +
                                              " kept the row; drop it or let it pass") +
           "  END IF;\n";
}

// To the end of the transaction the statements of the trash would run as another.
std::string DeleteSql::refuse_other_role() const {
    return "  IF pg_catalog.current_setting('role') OPERATOR(pg_catalog.<>) _role THEN " +
           raise(sqlstate::kInterference, "a trigger changes the role; change the trigger") +
           "  END IF;\n";
}

// Of what counting deleted rows does not see.
std::string DeleteSql::refuse_harm() const {
    return "  _harm := pg_catalog.regexp_replace((" + schema::harmed_sql("_tables") +
           ")[1], '^[0-9]+ ', '');\n  IF _harm IS NOT NULL THEN " +
           raise_expression(sqlstate::kInterference,
                            "pg_catalog.concat('a trigger ', _harm, ', whose rows would not be in "
                            "the trash; change the trigger')") +
           "  END IF;\n";
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

// What vanished equals what was captured (docs/architecture.md, "The guard").
std::string DeleteSql::prove() const {
    std::vector<std::string> gone = deleted_so_far(), summands;
    for (std::size_t node = 0; node < gone.size(); ++node) {
        const std::string place = "[" + std::to_string(node + 1) + "]";
        gone[node] += " OPERATOR(pg_catalog.-) _before" + place;
        summands.push_back("_counts" + place);
    }
    std::string text;
    const bool code = runs_code(catalog_, plan_), triggers = runs_triggers(catalog_, plan_);
    if (code) text += refuse_other_role();
    if (triggers) text += refuse_harm();
    text += "  _counts := " + array_of(gone, "int8") +
            ";\n  _m := " + schema::join(summands, " OPERATOR(pg_catalog.+) ") + ";\n";
    for (int node = 0; node < static_cast<int>(plan_.nodes.size()); ++node) text += vetoed(node);
    text += "  IF _m OPERATOR(pg_catalog.<>) _n OR _n OPERATOR(pg_catalog.=) 0 THEN " +
            raise(sqlstate::kUncaptured, "rows vanished that were not captured") + "  END IF;\n";
    if (!code) return text;
    text += std::string("  IF NOT (") + kWrittenToBeRead + ") THEN " +
            raise(sqlstate::kInterference,
                  "a trigger or function changes settings that values are written under; change "
                  "it to set them no further than its own end") +
            "  END IF;\n  IF " + schema::large_objects_deleted_sql() +
            " OPERATOR(pg_catalog.<>) _objects THEN " +
            raise(sqlstate::kInterference,
                  unlinkers(plan_) +
                      " deletes large objects, which would not be in the trash; "
                      "change the trigger") +
            "  END IF;\n";
    if (!triggers) return text;
    return text + in_other_tables("_now") + "  IF _elsewhere OPERATOR(pg_catalog.<>) _n THEN " +
           raise(sqlstate::kInterference,
                 "a trigger deletes rows that would not be in the trash; change the trigger or "
                 "delete those rows first") +
           "  END IF;\n  IF _changed OPERATOR(pg_catalog.<>) _rekeyed THEN " +
           raise(sqlstate::kInterference,
                 "a trigger changes rows that are in the trash; change the trigger") +
           "  END IF;\n";
}

std::string DeleteSql::record() const {
    std::vector<std::string> shapes, tables;
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
        shapes.push_back(std::to_string(names_.shapes[node]));
        const schema::QualifiedName& name = plan_.nodes[node].table->name;
        tables.push_back(literal(name.schema + "." + name.name));
    }
    std::vector<std::string> key;
    std::string object = schema::key_text(*plan_.root, plan_.root->identity, "s");
    for (int attnum : plan_.root->identity) {
        key.push_back("_r" + std::to_string(attnum) + " AS " +
                      quoted(plan_.root->column(attnum)->name));
    }
    // one table alone is what most deletes take, and needs no list
    const bool alone = plan_.nodes.size() == 1;
    const std::string from = " FROM ROWS FROM (pg_catalog.unnest(",
                      held = ") WHERE n OPERATOR(pg_catalog.>) 0;\n";
    return "  SELECT " + object + " INTO _object FROM (SELECT " + schema::join(key, ", ") +
           ") s;\n"
           "  IF NOT _hard THEN " +
           into_group() + "_object, " +
           (alone ? array_of(shapes, "int4") + ", _counts, _n, _links;\n"
                  : "pg_catalog.array_agg(s ORDER BY i), pg_catalog.array_agg(n ORDER BY i), _n, "
                    "_links" +
                        from + array_of(shapes, "int4") +
                        "), pg_catalog.unnest(_counts)) WITH ORDINALITY c(s, n, i" + held) +
           "  END IF;\n  " + into_ledger("CASE WHEN _hard THEN 'deleted' ELSE 'trashed' END") +
           "_object, CASE WHEN NOT _hard THEN _uuid END, " +
           (alone ? "pg_catalog.jsonb_build_object(" + tables[0] + ", _n);\n"
                  : "pg_catalog.jsonb_object_agg(s, n)" + from + array_of(tables, "text") +
                        "), pg_catalog.unnest(_counts)) c(s, n" + held);
}

}  // namespace trashd::cascade
