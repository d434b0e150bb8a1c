#include "cascade/sql.hpp"

#include <algorithm>
#include <set>

#include "cascade/predicates.hpp"
#include "schema/reader.hpp"
#include "schema/value.hpp"

namespace trashd::cascade {
namespace {

using schema::Catalog;
using schema::ForeignKey;
using schema::literal;
using schema::Oid;
using schema::quoted;
using schema::relation;
using schema::Table;

bool sets(const Edge& edge) {
    return edge.effect == Effect::kSetNull || edge.effect == Effect::kSetDefault;
}

std::string array_of(const std::vector<std::string>& elements, const std::string& type) {
    return "ARRAY[" + join(elements, ", ") + "]::" + type + "[]";
}

std::string raise(const std::string& code, const std::string& message) {
    return "RAISE EXCEPTION USING ERRCODE = " + literal(code) + ", MESSAGE = " + literal(message) +
           ";\n";
}

bool has_trigger(const Table& table, bool schema::Trigger::*event) {
    return std::any_of(table.triggers.begin(), table.triggers.end(),
                       [&](const schema::Trigger& trigger) { return trigger.*event; });
}

// References set in one table whose columns overlap: noted and set back together.
struct Unit {
    const Table* table = nullptr;
    int node = -1;  // of the table where it is in the closure
    std::vector<const Edge*> edges;

    std::set<int> columns() const {
        std::set<int> all;
        for (const Edge* edge : edges) {
            all.insert(edge->key->child_columns.begin(), edge->key->child_columns.end());
        }
        return all;
    }
    std::set<int> set_columns() const {
        std::set<int> all;
        for (const Edge* edge : edges) {
            all.insert(edge->key->set_columns.begin(), edge->key->set_columns.end());
        }
        return all;
    }
};

bool overlap(const std::set<int>& a, const std::set<int>& b) {
    return std::any_of(a.begin(), a.end(), [&](int x) { return b.count(x) > 0; });
}

std::vector<Unit> units_of(const Catalog& catalog, const Plan& plan) {
    std::vector<Unit> units;
    for (const Edge& edge : plan.edges) {
        if (!sets(edge)) continue;
        Unit unit{catalog.table(edge.key->child), edge.child, {&edge}};
        for (auto it = units.begin(); it != units.end();) {
            if (it->table == unit.table && overlap(it->columns(), unit.columns())) {
                unit.edges.insert(unit.edges.begin(), it->edges.begin(), it->edges.end());
                it = units.erase(it);
            } else {
                ++it;
            }
        }
        units.push_back(std::move(unit));
    }
    // A row without a key is known by what was left of it: restores undo the columns in ascending
    // order.
    std::stable_sort(units.begin(), units.end(), [](const Unit& a, const Unit& b) {
        return a.table->oid != b.table->oid ? a.table->oid < b.table->oid
                                            : b.set_columns() < a.set_columns();
    });
    return units;
}

// Text of one function body, built part by part in the order in which it runs.
class Body {
  public:
    Body(const Catalog& catalog, const Plan& plan, bool for_impact)
        : catalog_(catalog), plan_(plan), for_impact_(for_impact), is_(catalog, plan, for_impact) {}

    std::string declarations() const;
    std::string take_root(const std::string& etags) const;
    std::string collect() const;
    const Predicates& predicates() const { return is_; }

  private:
    std::string select_keys(int node, const std::string& where, bool root) const;
    std::string append(int node, const std::string& to) const;
    std::string collect_once(int node) const;
    std::string collect_loop(const Step& step) const;
    std::string initial(int node, const Step& step) const;
    std::string round(int node, const Step& step, bool single) const;
    bool inside(int edge, const Step& step) const;
    std::string assign(int node, const std::string& to, const std::string& from) const;

    const Catalog& catalog_;
    const Plan& plan_;
    bool for_impact_;
    Predicates is_;
};

std::string Body::declarations() const {
    std::string text = "  _root record;\n";
    for (int attnum : plan_.root->identity) {
        text += "  _r" + std::to_string(attnum) + " " + plan_.root->column(attnum)->type + ";\n";
    }
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
        for (int attnum : is_.key_columns(static_cast<int>(node))) {
            const std::string type = plan_.nodes[node].table->column(attnum)->type + "[];\n";
            for (const char* set : {"k", "x", "f", "i", "n"}) {
                if (*set != 'k' && *set != 'x' && !plan_.nodes[node].loop) continue;
                text += "  " + is_.variable(set, static_cast<int>(node), attnum) + " " + type;
            }
        }
    }
    return text;
}

std::string Body::assign(int node, const std::string& to, const std::string& from) const {
    std::string text;
    for (int attnum : is_.key_columns(node)) {
        text += "  " + is_.variable(to, node, attnum) +
                " := " + (from.empty() ? "NULL" : is_.variable(from, node, attnum)) + ";\n";
    }
    return text;
}

// Adds what select_keys found (_x) to the set.
std::string Body::append(int node, const std::string& to) const {
    std::string text;
    for (int attnum : is_.key_columns(node)) {
        const std::string target = is_.variable(to, node, attnum);
        text += "  " + target + " := " + target + " || " + is_.variable("x", node, attnum) + ";\n";
    }
    return text;
}

std::string Body::take_root(const std::string& etags) const {
    const Table& table = *plan_.root;
    const std::vector<std::string> operators = identity_operators(table);
    std::vector<std::string> columns, equal;
    std::string assigned;  // by way of a record: INTO would spread a composite over its fields
    for (std::size_t i = 0; i < table.identity.size(); ++i) {
        const schema::Column& column = *table.column(table.identity[i]);
        const std::string number = std::to_string(column.attnum), name = "t." + quoted(column.name);
        columns.push_back(name + " AS r" + number);
        assigned += "  _r" + number + " := _root.r" + number + ";\n";
        equal.push_back(name + " " + operators[i] + " " +
                        schema::from_text(column, "_key[" + std::to_string(i + 1) + "]"));
    }
    std::string text = "  SELECT " + join(columns, ", ") + " INTO _root FROM " + relation(table) +
                       " t WHERE " + join(equal, " AND ") + (for_impact_ ? "" : " FOR UPDATE") +
                       ";\n  IF NOT FOUND THEN " + raise("TD404", "no such row") + "  END IF;\n" +
                       assigned;
    if (!etags.empty()) {
        text += "  IF " + etags + " IS NOT NULL THEN PERFORM FROM " + relation(table) +
                " t WHERE " + is_.is_root() + " AND " + etag_sql(table, "t") +
                " OPERATOR(pg_catalog.=) ANY (" + etags + ");\n  IF NOT FOUND THEN " +
                raise("TD412", "another version") + "  END IF; END IF;\n";
    }
    return text + select_keys(0, is_.is_root(), true) + append(0, "k");
}

// One statement, its own snapshot: locks the rows in key order and puts their keys into _x.
std::string Body::select_keys(int node, const std::string& where, bool root) const {
    const Table& table = *plan_.nodes[node].table;
    std::vector<std::string> columns, aggregates, into, order;
    for (int attnum : is_.key_columns(node)) {
        columns.push_back(column_of(table, attnum, "t") + " AS c" + std::to_string(attnum));
        aggregates.push_back("pg_catalog.array_agg(s.c" + std::to_string(attnum) + ")");
        into.push_back(is_.variable("x", node, attnum));
    }
    for (int attnum : table.identity) order.push_back(column_of(table, attnum, "t"));
    std::string text = "  SELECT " + join(aggregates, ", ") + " INTO " + join(into, ", ") +
                       " FROM (SELECT " + join(columns, ", ") + " FROM " + relation(table) +
                       " t WHERE " + where;
    if (!for_impact_ && !root && !order.empty()) text += " ORDER BY " + join(order, ", ");
    if (!for_impact_) text += " FOR UPDATE OF t";
    return text + ") s;\n";
}

// Each way in by itself, so that each can use its own index; rows found by an earlier one left out.
std::string Body::collect_once(int node) const {
    std::string text;
    std::vector<std::string> before;
    for (int position : plan_.nodes[node].in) {
        const Edge& edge = plan_.edges[position];
        std::string where = is_.reaches(edge);
        for (const std::string& earlier : before) where += " AND " + earlier + " IS NOT TRUE";
        text += "  IF " + is_.any_found(edge.parent) + " THEN\n" + select_keys(node, where, false) +
                append(node, "k") + "  END IF;\n";
        before.push_back(is_.reaches_filter(edge));
    }
    return text;
}

bool Body::inside(int edge, const Step& step) const {
    return std::count(step.nodes.begin(), step.nodes.end(), plan_.edges[edge].parent) > 0;
}

std::string Body::initial(int node, const Step& step) const {
    std::string text;
    for (int position : plan_.nodes[node].in) {
        if (inside(position, step)) continue;
        const Edge& edge = plan_.edges[position];
        text += "  IF " + is_.any_found(edge.parent) + " THEN\n" +
                select_keys(node, is_.reaches(edge) + " AND " + is_.found(node) + " IS NOT TRUE",
                            false) +
                append(node, "k") + "  END IF;\n";
    }
    return text + assign(node, "f", "k") + assign(node, "i", "k");
}

// With one edge from a table to itself each row has one parent, so a row can only be met again
// among those the loop began with; otherwise among all found so far.
std::string Body::round(int node, const Step& step, bool single) const {
    std::string text = assign(node, "n", "");
    for (int position : plan_.nodes[node].in) {
        if (!inside(position, step)) continue;
        const Edge& edge = plan_.edges[position];
        text += "  IF " + is_.any_found(edge.parent, "f") + " THEN\n" +
                select_keys(node,
                            is_.reaches(edge, "f") + " AND " + is_.found(node, single ? "i" : "k") +
                                " IS NOT TRUE",
                            false) +
                append(node, "k") + append(node, "n") + "  END IF;\n";
    }
    return text;
}

std::string Body::collect_loop(const Step& step) const {
    std::string text;
    int edges = 0;
    for (int node : step.nodes) {
        text += initial(node, step);
        for (int position : plan_.nodes[node].in) edges += inside(position, step);
    }
    text += "  LOOP\n";
    std::vector<std::string> none;
    std::string next;
    for (int node : step.nodes) {
        text += round(node, step, edges == 1);
        next += assign(node, "f", "n");
        none.push_back("NOT (" + is_.any_found(node, "n") + ")");
    }
    return text + "  EXIT WHEN " + join(none, " AND ") + ";\n" + next + "  END LOOP;\n";
}

std::string Body::collect() const {
    std::string text;
    for (const Step& step : plan_.steps) {
        if (step.loop) {
            text += collect_loop(step);
        } else if (step.nodes[0] != 0 && is_.collected(step.nodes[0])) {
            text += collect_once(step.nodes[0]);
        }
    }
    return text;
}

// What follows once every key is known and locked.
class Taking {
  public:
    Taking(const Catalog& catalog, const Plan& plan, const Names& names, const Predicates& is)
        : catalog_(catalog), plan_(plan), names_(names), is_(is) {}

    std::string watch_others() const;
    std::string refuse_configured() const;
    std::string cut_references() const;
    std::string take() const;
    std::string deleted_so_far() const;
    std::string prove() const;
    std::string record() const;

  private:
    std::string deleted_anywhere() const;
    std::string hit(const Unit& unit) const;
    std::string cut(const Unit& unit) const;
    std::string update(const Unit& unit) const;
    std::string set_list(const Unit& unit) const;
    std::vector<std::string> deletes(std::string& taken) const;
    std::string one_delete(int node, const std::string& name, const std::string& where) const;
    std::string vetoed(int node) const;
    bool foreign_triggers() const;
    std::string own(const std::string& table) const { return quoted({names_.trash_schema, table}); }

    const Catalog& catalog_;
    const Plan& plan_;
    const Names& names_;
    const Predicates& is_;
};

std::string Taking::deleted_anywhere() const {
    return "  SELECT COALESCE(pg_catalog.sum(n_tup_del), 0) - _elsewhere INTO _elsewhere FROM "
           "pg_catalog.pg_stat_xact_user_tables WHERE schemaname OPERATOR(pg_catalog.<>) " +
           literal(names_.trash_schema) + ";\n";
}

// Only where the user's triggers could delete rows of other tables: the view costs half a
// millisecond.
std::string Taking::watch_others() const {
    return foreign_triggers() ? deleted_anywhere() : "";
}

std::string Taking::refuse_configured() const {
    std::string text;
    for (const Edge& edge : plan_.edges) {
        if (edge.effect != Effect::kRestrict || edge.by_database) continue;
        text += "  PERFORM FROM " + relation(*catalog_.table(edge.key->child)) + " t WHERE " +
                is_.reaches(edge) + " AND " + is_.in_closure(edge.child) +
                " IS NOT TRUE LIMIT 1;\n  IF FOUND THEN " + raise("TD409", edge.key->name) +
                "  END IF;\n";
    }
    return text;
}

std::string Taking::hit(const Unit& unit) const {
    std::vector<std::string> ways;
    for (const Edge* edge : unit.edges) ways.push_back(is_.reaches(*edge));
    std::string text = "(" + join(ways, " OR ") + ")";
    if (unit.node >= 0) text += " AND " + is_.in_closure(unit.node) + " IS NOT TRUE";
    return text;
}

std::string Taking::set_list(const Unit& unit) const {
    std::vector<std::string> parts;
    for (int attnum : unit.set_columns()) {
        const std::string name = quoted(unit.table->column(attnum)->name);
        if (unit.edges.size() == 1) {
            parts.push_back(
                name + (unit.edges[0]->effect == Effect::kSetDefault ? " = DEFAULT" : " = NULL"));
            continue;
        }
        std::vector<std::string> hits;
        for (std::size_t i = 0; i < unit.edges.size(); ++i) {
            const std::vector<int>& set = unit.edges[i]->key->set_columns;
            if (std::count(set.begin(), set.end(), attnum))
                hits.push_back("_o.h" + std::to_string(i));
        }
        parts.push_back(name + " = CASE WHEN " + join(hits, " OR ") + " THEN NULL ELSE _w." + name +
                        " END");
    }
    return join(parts, ", ");
}

// The rows are locked, so joining the row to itself by its place is safe and gives old and new.
std::string Taking::update(const Unit& unit) const {
    const Table& table = *unit.table;
    std::vector<std::string> was, left, attnums, hits;
    for (int attnum : unit.set_columns()) {
        was.push_back(schema::to_text(*table.column(attnum), "t"));
        left.push_back(schema::to_text(*table.column(attnum), "_w"));
        attnums.push_back(std::to_string(attnum));
    }
    for (std::size_t i = 0; i < unit.edges.size(); ++i) {
        hits.push_back(", (" + is_.reaches_filter(*unit.edges[i]) + ") IS TRUE AS h" +
                       std::to_string(i));
    }
    std::vector<std::string> key;
    for (int attnum : table.identity) key.push_back(schema::to_text(*table.column(attnum), "_w"));
    const std::string object =
        table.identity.empty() ? "NULL::text" : schema::key_text(table, table.identity, "_w");
    return "UPDATE " + relation(table) + " _w SET " + set_list(unit) +
           " FROM (SELECT t.ctid AS c, t.tableoid AS o, " + array_of(was, "text") + " AS was" +
           join(hits, "") + " FROM " + relation(table) + " t WHERE " + hit(unit) +
           ") _o WHERE _w.ctid OPERATOR(pg_catalog.=) _o.c AND _w.tableoid "
           "OPERATOR(pg_catalog.=) _o.o RETURNING " +
           object + " AS object, " +
           (table.identity.empty() ? schema::payload(table, "_w") : array_of(key, "text")) +
           " AS key, " + array_of(attnums, "int2") + " AS attnums, _o.was AS was, " +
           array_of(left, "text") + " AS left_as";
}

std::string Taking::cut(const Unit& unit) const {
    std::vector<std::string> order, parents;
    for (int attnum : unit.table->identity) order.push_back(column_of(*unit.table, attnum, "t"));
    for (const Edge* edge : unit.edges) parents.push_back(is_.any_found(edge->parent));
    return "  IF " + join(parents, " OR ") + " THEN\n  PERFORM FROM " + relation(*unit.table) +
           " t WHERE " + hit(unit) + (order.empty() ? "" : " ORDER BY " + join(order, ", ")) +
           " FOR NO KEY UPDATE OF t;\n  GET DIAGNOSTICS _n = ROW_COUNT;\n  IF _n > 0 THEN\n"
           "  WITH u AS (" +
           update(unit) + "),\n  l AS (INSERT INTO " + own("link") +
           " (group_id, shape, object_id, key, attnums, was, left_as) SELECT _group, " +
           std::to_string(names_.link_shapes.at(unit.table->oid)) +
           ", u.object, u.key, u.attnums, u.was, u.left_as FROM u WHERE NOT _hard)\n"
           "  SELECT pg_catalog.count(*) INTO _m FROM u;\n  IF _m <> _n THEN " +
           raise("TD002", "a reference in " + quoted(unit.table->name) + " was not set") +
           "  END IF;\n  _links := _links + _n;\n  END IF; END IF;\n";
}

std::string Taking::cut_references() const {
    std::string text;
    for (const Unit& unit : units_of(catalog_, plan_)) text += cut(unit);
    return text;
}

std::string Taking::deleted_so_far() const {
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
    return array_of(counts, "bigint");
}

std::string Taking::one_delete(int node, const std::string& name, const std::string& where) const {
    const Table& table = *plan_.nodes[node].table;
    const std::string object =
        table.identity.empty() ? "NULL::text" : schema::key_text(table, table.identity, "t");
    return name + " AS (DELETE FROM " + relation(table) + " t WHERE " + where + " RETURNING " +
           object + " AS o, " + schema::payload(table, "t") + " AS p)";
}

std::vector<std::string> Taking::deletes(std::string& taken) const {
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

// Everything goes in one statement: foreign keys are checked at its end, so neither order nor
// cycles matter, and every row is captured before any trigger of another row's delete has run.
std::string Taking::take() const {
    std::string taken;
    const std::string with = "  WITH " + join(deletes(taken), ",\n  ") + "\n";
    return "  _before := " + deleted_so_far() + ";\n  IF _hard THEN\n" + with +
           "  SELECT pg_catalog.count(*) INTO _n FROM (" + taken + ") s(shape, o, p);\n  ELSE\n" +
           with + "  INSERT INTO " + own("item") +
           " (group_id, ordinal, shape, object_id, payload) SELECT _group, pg_catalog.row_number() "
           "OVER (), s.shape, s.o, s.p FROM (" +
           taken +
           ") s(shape, o, p);\n"
           "  GET DIAGNOSTICS _n = ROW_COUNT;\n  END IF;\n  SET CONSTRAINTS ALL IMMEDIATE;\n";
}

std::string Taking::vetoed(int node) const {
    const Table& table = *plan_.nodes[node].table;
    if (!has_trigger(table, &schema::Trigger::on_delete)) return "";
    const std::string where =
        node == 0 && !plan_.nodes[0].loop ? "(" + is_.is_root() + ")" : is_.in_closure(node);
    return "  PERFORM FROM " + relation(table) + " t WHERE " + where +
           " LIMIT 1;\n  IF FOUND THEN " +
           raise("TD003", "a trigger on " + quoted(table.name) + " keeps rows from being deleted") +
           "  END IF;\n";
}

bool Taking::foreign_triggers() const {
    for (const Node& node : plan_.nodes) {
        if (has_trigger(*node.table, &schema::Trigger::on_delete)) return true;
    }
    for (const Unit& unit : units_of(catalog_, plan_)) {
        if (has_trigger(*unit.table, &schema::Trigger::on_update)) return true;
    }
    return false;
}

// The guard (engine.md 2): what vanished equals what was captured.
std::string Taking::prove() const {
    std::string text =
        "  SELECT pg_catalog.array_agg(a.n - b.n ORDER BY a.i), pg_catalog.sum(a.n - b.n) INTO "
        "_counts, _m "
        "FROM pg_catalog.unnest(" +
        deleted_so_far() +
        ") WITH ORDINALITY a(n, i) JOIN "
        "pg_catalog.unnest(_before) WITH ORDINALITY b(n, i) ON a.i OPERATOR(pg_catalog.=) b.i;\n"
        "  IF _m <> _n OR _n = 0 THEN " +
        raise("TD002", "rows vanished that were not captured") + "  END IF;\n";
    for (int node = 0; node < static_cast<int>(plan_.nodes.size()); ++node) text += vetoed(node);
    if (!foreign_triggers()) return text;
    return text + deleted_anywhere() + "  IF _elsewhere <> _n THEN " +
           raise("TD003", "a trigger deletes rows that would not be in the trash") + "  END IF;\n";
}

std::string Taking::record() const {
    std::vector<std::string> shapes, tables;
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
        shapes.push_back(std::to_string(names_.shapes[node]));
        const schema::QualifiedName& name = plan_.nodes[node].table->name;
        tables.push_back(literal(name.schema + "." + name.name));
    }
    const schema::QualifiedName& root = plan_.root->name;
    std::vector<std::string> key;
    std::string object = schema::key_text(*plan_.root, plan_.root->identity, "s");
    for (int attnum : plan_.root->identity) {
        key.push_back("_r" + std::to_string(attnum) + " AS " +
                      quoted(plan_.root->column(attnum)->name));
    }
    return "  SELECT " + object + " INTO _object FROM (SELECT " + join(key, ", ") +
           ") s;\n"
           "  IF NOT _hard THEN INSERT INTO " +
           own("trash_group") +
           " (id, uuid, created_at, deleted_by, reason, request_id, root_shape, root_object, "
           "shapes, counts, "
           "size, links) SELECT _group, _uuid, pg_catalog.now(), _by, _reason, _request, " +
           shapes[0] +
           ", _object, pg_catalog.array_agg(s ORDER BY i), pg_catalog.array_agg(n ORDER BY i), _n, "
           "_links FROM "
           "ROWS FROM (pg_catalog.unnest(" +
           array_of(shapes, "int") +
           "), pg_catalog.unnest(_counts)) WITH "
           "ORDINALITY c(s, n, i) WHERE n > 0;\n  END IF;\n  INSERT INTO " +
           own("ledger") +
           " (at, action, by, reason, schema_name, table_name, object_id, group_uuid, counts, "
           "request_id) SELECT "
           "pg_catalog.now(), CASE WHEN _hard THEN 'deleted' ELSE 'trashed' END, _by, _reason, " +
           literal(root.schema) + ", " + literal(root.name) +
           ", _object, CASE WHEN NOT _hard THEN _uuid END, "
           "pg_catalog.jsonb_object_agg(s, n), _request FROM ROWS FROM (pg_catalog.unnest(" +
           array_of(tables, "text") + "), pg_catalog.unnest(_counts)) c(s, n) WHERE n > 0;\n";
}

std::vector<Oid> locked_tables(const Catalog& catalog, const Plan& plan) {
    std::set<Oid> all;
    for (const Node& node : plan.nodes) all.insert(node.table->oid);
    for (const Unit& unit : units_of(catalog, plan)) all.insert(unit.table->oid);
    return {all.begin(), all.end()};
}

std::string hold(const Catalog& catalog, const Plan& plan, const Names& names) {
    std::vector<std::string> tables;
    for (Oid oid : locked_tables(catalog, plan)) tables.push_back(relation(*catalog.table(oid)));
    return "  LOCK TABLE " + join(tables, ", ") + " IN ROW EXCLUSIVE MODE;\n  IF (" +
           schema::fingerprint_sql(tables_of(plan)) + ") IS DISTINCT FROM " +
           literal(names.fingerprint) + " THEN " + raise("TD001", "the catalog changed") +
           "  END IF;\n";
}

std::string looked_at(const Catalog& catalog, const Predicates& is, const Edge& edge, int position,
                      const std::string& kind) {
    const Table& child = *catalog.table(edge.key->child);
    const std::string place = std::to_string(position);
    if (!child.can_select || child.row_security) {
        return "  kind := " + literal(kind) + "; place := " + place +
               "; amount := -1; ids := NULL; RETURN NEXT;\n";
    }
    const std::string from = " FROM " + relation(child) + " t WHERE " + is.reaches(edge) + " AND " +
                             is.in_closure(edge.child) + " IS NOT TRUE";
    const std::string id =
        child.identity.empty() ? "''::text" : schema::key_text(child, child.identity, "t");
    return "  SELECT pg_catalog.count(*) INTO _n" + from +
           ";\n  IF _n > 0 THEN kind := " + literal(kind) + "; place := " + place +
           "; amount := _n; ids := ARRAY(SELECT " + id + from +
           " ORDER BY 1 LIMIT 5); RETURN NEXT; END IF;\n";
}

std::string counted(const Plan& plan, const Predicates& is, int node) {
    std::string text = "  _n := 0;\n";
    if (is.collected(node)) {
        text = "  _n := COALESCE(pg_catalog.cardinality(" +
               is.variable("k", node, is.key_columns(node).front()) + "), 0);\n";
    } else {
        std::string others;
        for (int position : plan.nodes[node].in) {
            const Edge& edge = plan.edges[position];
            text += "  SELECT _n + pg_catalog.count(*) INTO _n FROM " +
                    relation(*plan.nodes[node].table) + " t WHERE " + is.reaches(edge) + others +
                    ";\n";
            others += " AND " + is.reaches_filter(edge) + " IS NOT TRUE";
        }
    }
    return text + "  IF _n > 0 THEN kind := 'trash'; place := " + std::to_string(node) +
           "; amount := _n; ids := NULL; RETURN NEXT; END IF;\n";
}

}  // namespace

std::vector<Oid> tables_of(const Plan& plan) {
    std::set<Oid> all;
    for (const Node& node : plan.nodes) all.insert(node.table->oid);
    for (const Edge& edge : plan.edges) all.insert(edge.key->child);
    return {all.begin(), all.end()};
}

std::string etag_sql(const Table& table, const std::string& alias) {
    return "('\"' OPERATOR(pg_catalog.||) pg_catalog.md5((" + schema::payload(table, alias) +
           ")::text) OPERATOR(pg_catalog.||) '\"')";
}

std::string move_function_sql(const Catalog& catalog, const Plan& plan, const Names& names,
                              const std::string& function) {
    Body body(catalog, plan, false);
    Taking taking(catalog, plan, names, body.predicates());
    std::string text = "CREATE OR REPLACE FUNCTION " + quoted({names.trash_schema, function}) +
                       "(_key text[], _uuid uuid, _by text, _reason text, _request text, _hard "
                       "bool, _etags text[]) "
                       "RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS ";
    std::string code = "#variable_conflict use_variable\nDECLARE\n" + body.declarations() +
                       "  _group bigint; _n bigint; _m bigint; _links bigint := 0; _elsewhere "
                       "bigint := 0; _object text;\n"
                       "  _before bigint[]; _counts bigint[];\nBEGIN\n" +
                       hold(catalog, plan, names) + body.take_root("_etags") + body.collect() +
                       taking.refuse_configured() + taking.watch_others() +
                       "  IF NOT _hard THEN _group := pg_catalog.nextval(" +
                       literal(quoted({names.trash_schema, "trash_group_id_seq"})) +
                       "::pg_catalog.regclass); END IF;\n" + taking.cut_references() +
                       taking.take() + taking.prove() + taking.record() +
                       "  RETURN ARRAY[_group, _n, _links] || _counts;\nEND";
    return text + literal(code);
}

std::string impact_function_sql(const Catalog& catalog, const Plan& plan, const Names& names,
                                const std::string& function) {
    Body body(catalog, plan, true);
    const Predicates& is = body.predicates();
    std::string code = "#variable_conflict use_variable\nDECLARE\n" + body.declarations() +
                       "  _n bigint;\nBEGIN\n  IF (" + schema::fingerprint_sql(tables_of(plan)) +
                       ") IS DISTINCT FROM " + literal(names.fingerprint) + " THEN " +
                       raise("TD001", "the catalog changed") + "  END IF;\n" + body.take_root("") +
                       body.collect();
    for (int node = 0; node < static_cast<int>(plan.nodes.size()); ++node)
        code += counted(plan, is, node);
    for (std::size_t i = 0; i < plan.edges.size(); ++i) {
        const Edge& edge = plan.edges[i];
        if (edge.effect == Effect::kCascade) continue;
        code += looked_at(catalog, is, edge, static_cast<int>(i), sets(edge) ? "set" : "block");
    }
    return "CREATE OR REPLACE FUNCTION " + quoted({names.trash_schema, function}) +
           "(_key text[]) RETURNS TABLE (kind text, place int, amount bigint, ids text[]) LANGUAGE "
           "plpgsql "
           "VOLATILE AS " +
           literal(code + "  RETURN;\nEND");
}

}  // namespace trashd::cascade
