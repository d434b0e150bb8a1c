// Why rows cannot come back where keys are concerned: live rows with the same key, items that are
// in each other's way. Looks after a failed attempt, because most restores meet nothing.
#include <algorithm>
#include <functional>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/tenant.hpp"
#include "schema/catalog/value.hpp"
#include "schema/context.hpp"
#include "schema/identifier.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/access/trigger_refusal.hpp"
#include "trash/model/options.hpp"
#include "trash/restore/restore_context.hpp"

namespace trashd::trash {
namespace {

using schema::join;
using schema::quoted;
using schema::Table;
using std::to_string;

// A unique index or an exclusion constraint: no two rows of which all operators say yes.
struct Rule {
    Conflict like;
    std::vector<std::string> expressions, operators;
    std::vector<int> attnums;  // 0 for an expression
    std::string predicate;
    bool nulls_not_distinct = false;
    std::vector<int> told = {};  // attnums of the columns that a conflict names
};

std::string limit() {
    return " LIMIT " + to_string(kMostConflicts + 1);
}

Conflict alike(const Table& table, const std::string& kind, const std::string& constraint) {
    Conflict conflict;
    conflict.kind = kind;
    conflict.table = table.name;
    conflict.constraint = constraint;
    return conflict;
}

Rule unique_rule(const Table& table, const schema::UniqueIndex& index) {
    return {alike(table, index.name == table.key_name ? "primary-key-taken" : "unique-taken",
                  index.name),
            index.expressions,
            index.operators,
            index.attnums,
            index.predicate,
            index.nulls_not_distinct};
}

Rule exclusion_rule(const Table& table, const schema::Exclusion& exclusion) {
    Rule rule{alike(table, "constraint", exclusion.name),
              exclusion.expressions,
              exclusion.operators,
              std::vector<int>(exclusion.expressions.size(), 0),
              exclusion.predicate,
              false};
    for (std::size_t k = 0; k < rule.expressions.size(); ++k) {
        for (const auto& column : table.columns) {
            if (quoted(column.name) != rule.expressions[k] && column.name != rule.expressions[k])
                continue;
            rule.attnums[k] = column.attnum;
        }
    }
    return rule;
}

// Of the columns that the expressions of an index use; the catalog as it is read does not say.
// pg_depend does not tell them from those of its predicate, so they are taken from the expressions
// as they are stored, where 0 is the whole row.
constexpr const char* kUsed = R"(SELECT DISTINCT f.found[1]::pg_catalog.int4
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid OPERATOR(pg_catalog.=) i.indexrelid
  AND k.conrelid OPERATOR(pg_catalog.=) i.indrelid
  AND k.contype OPERATOR(pg_catalog.=) ANY ('{p,u,x}'::pg_catalog."char"[])
CROSS JOIN LATERAL pg_catalog.regexp_matches(
  i.indexprs::pg_catalog.text, ':varattno ([1-9][0-9]*)', 'g') f(found)
WHERE i.indrelid OPERATOR(pg_catalog.=) {table}
  AND coalesce(k.conname, x.relname) OPERATOR(pg_catalog.=) {name}
ORDER BY 1)";

std::vector<int> used_in_expressions(RestoreContext& restoring, const Table& table,
                                     const Rule& rule) {
    std::vector<int> out;
    if (std::ranges::count(rule.attnums, 0) == 0) return out;
    const auto found = restoring.exec(schema::filled(
        kUsed, {{"table", to_string(table.oid)},
                {"name", schema::literal(rule.like.constraint) + "::pg_catalog.name"}}));
    for (int row = 0; row < found.rows(); ++row)
        out.push_back(static_cast<int>(found.integer(row, 0)));
    return out;
}

// What can be set: the key's columns, and in the place of expressions the columns in them. Where
// there are none it is the expressions that are named.
Rule with_columns(RestoreContext& restoring, const Table& table, Rule rule) {
    const auto used = used_in_expressions(restoring, table, rule);
    auto& names = rule.like.columns;
    const auto add = [&](int attnum) {
        const auto* column = table.column(attnum);
        if (column == nullptr || std::ranges::count(rule.told, attnum) > 0) return;
        rule.told.push_back(attnum);
        names.push_back(column->name);
    };
    for (const int attnum : rule.attnums) {
        if (attnum == 0)
            std::ranges::for_each(used, add);
        else
            add(attnum);
    }
    if (!names.empty()) return rule;
    rule.told = rule.attnums;
    names = rule.expressions;
    return rule;
}

std::string e(std::size_t position) {
    return "e" + to_string(position + 1);
}

// The items under the rule: e1... and, last, whether the predicate holds.
std::string items(const RestoreContext& restoring, const Table& table, const Rule& rule) {
    auto expressions = rule.expressions;
    if (!rule.predicate.empty()) expressions.push_back(rule.predicate);
    return evaluated(restoring, table, expressions, rule.told);
}

std::string holds(const Rule& rule) {
    return rule.predicate.empty() ? "true" : "v." + e(rule.expressions.size());
}

std::string compared(const Table& table, const Rule& rule, std::size_t k,
                     const std::string& alias) {
    const auto value = alias + "." + e(k);
    const auto* column = rule.attnums[k] == 0 ? nullptr : table.column(rule.attnums[k]);
    return column ? schema::in_base_type(*column, value) : value;
}

std::string clash(const Table& table, const Rule& rule) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < rule.expressions.size(); ++k) {
        auto same = compared(table, rule, k, "t") + " " + rule.operators[k] + " " +
                    compared(table, rule, k, "v");
        if (rule.nulls_not_distinct)
            same = schema::filled(
                "({same} OR pg_catalog.num_nulls(t.{e}, v.{e}) OPERATOR(pg_catalog.=) 2)",
                {{"same", same}, {"e", e(k)}});
        out.push_back(same);
    }
    return join(out, " AND ");
}

// What is another tenant's has no id here.
std::string live_id(const RestoreContext& restoring, const Table& table) {
    if (table.identity.empty()) return "''::pg_catalog.text";
    const auto id = schema::key_text(table, table.identity, "");
    const auto& name = restoring.options.tenant_column;
    if (name.empty()) return id;
    const auto* column = table.column(name);
    if (!column) return "NULL::pg_catalog.text";
    return schema::filled(
        "CASE WHEN {of_tenant} THEN {id} END",
        {{"of_tenant", schema::of_tenant(*column, quoted(table.name.name))}, {"id", id}});
}

std::string live(const RestoreContext& restoring, const Table& table, const Rule& rule) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < rule.expressions.size(); ++k) {
        out.push_back("(" + rule.expressions[k] + ") AS " + e(k));
    }
    out.push_back(live_id(restoring, table) + " AS id, tableoid AS part, ctid AS place");
    return schema::filled("(SELECT {columns} FROM {table} AS {name}{where}) t",
                          {{"columns", join(out, ", ")},
                           {"table", schema::relation(table)},
                           {"name", quoted(table.name.name)},
                           {"where", rule.predicate.empty() ? "" : " WHERE " + rule.predicate}});
}

// Pairs of an item v under the rule and a live row t that is in its way.
std::string clashes(const RestoreContext& restoring, const Table& table, const Rule& rule) {
    return schema::filled("{items} v JOIN {live} ON {clash} WHERE {holds}",
                          {{"items", items(restoring, table, rule)},
                           {"live", live(restoring, table, rule)},
                           {"clash", clash(table, rule)},
                           {"holds", holds(rule)}});
}

std::vector<Conflict> taken(RestoreContext& restoring, const Table& table, const Rule& rule) {
    std::vector<Conflict> out;
    const auto found = restoring.exec(
        schema::filled("SELECT v.object_id, v.w, v.group_id, v.ordinal, t.id FROM {clashes}{limit}",
                       {{"clashes", clashes(restoring, table, rule)}, {"limit", limit()}}));
    append(out, rule.like, found);
    for (int row = 0; row < found.rows(); ++row) {
        if (found.null(row, 4)) continue;
        out[row].with_table = table.name;
        out[row].with_id = found.text(row, 4);
    }
    return out;
}

// Items that would be in each other's way.
std::vector<Conflict> twice(RestoreContext& restoring, const Table& table, const Rule& rule) {
    std::vector<std::string> keys;
    for (std::size_t k = 0; k < rule.expressions.size(); ++k) keys.push_back("v." + e(k));
    auto where = holds(rule);
    if (!rule.nulls_not_distinct)
        where += " AND pg_catalog.num_nulls(" + join(keys, ", ") + ") OPERATOR(pg_catalog.=) 0";
    auto like = rule.like;
    like.detail = "another row of the same restore has the same key";
    const auto found = restoring.exec(schema::filled(
        R"(SELECT d.object_id, d.w, d.group_id, d.ordinal
  FROM (
    SELECT v.object_id, v.w, v.group_id, v.ordinal,
      pg_catalog.count(*) OVER (PARTITION BY {keys}) AS n
    FROM {items} v
    WHERE {where}) d
  WHERE d.n OPERATOR(pg_catalog.>) 1{limit})",
        {{"keys", join(keys, ", ")},
         {"items", items(restoring, table, rule)},
         {"where", where},
         {"limit", limit()}}));
    std::vector<Conflict> out;
    append(out, like, found);
    return out;
}

std::vector<Conflict> violated(RestoreContext& restoring, const Table& table,
                               const schema::Check& check) {
    std::vector<Conflict> out;
    auto like = alike(table, "constraint", check.name);
    like.detail = "the check does not hold for the row";
    const auto found = restoring.exec(schema::filled(
        R"(SELECT v.object_id, v.w, v.group_id, v.ordinal
  FROM {items} v WHERE v.e1 IS FALSE{limit})",
        {{"items", evaluated(restoring, table, {check.expression}, {})}, {"limit", limit()}}));
    append(out, like, found);
    return out;
}

// Collects; a check that itself fails must not hide what the others find.
class Finder {
  public:
    explicit Finder(RestoreContext& restoring) : restoring_(restoring) {}

    void look(const std::function<std::vector<Conflict>()>& check) {
        if (found_.size() > static_cast<std::size_t>(kMostConflicts)) return;
        try {
            for (auto& conflict : check()) found_.push_back(std::move(conflict));
        } catch (const Error& error) {
            if (!about_rows(error)) throw;
            restoring_.exec(std::string("ROLLBACK TO SAVEPOINT ") + kSavepoint);
        }
    }

    void look_at(const Table& table) {
        for (const auto& index : table.uniques) {
            const auto rule = with_columns(restoring_, table, unique_rule(table, index));
            look([&] { return taken(restoring_, table, rule); });
            look([&] { return twice(restoring_, table, rule); });
        }
        for (const auto& exclusion : table.exclusions) {
            const auto rule = with_columns(restoring_, table, exclusion_rule(table, exclusion));
            look([&] { return taken(restoring_, table, rule); });
        }
        for (const auto& check : table.checks) {
            look([&] { return violated(restoring_, table, check); });
        }
    }

    // Those of rows of which nothing was found that has to do with the same constraint.
    std::vector<Conflict> without_known(std::vector<Conflict> all) const {
        std::erase_if(all, [&](const auto& one) {
            return std::ranges::any_of(found_, [&](const auto& known) {
                return known.constraint == one.constraint && known.group == one.group &&
                       known.ordinal == one.ordinal;
            });
        });
        return all;
    }

    std::vector<Conflict> found() { return std::move(found_); }
    bool none() const { return found_.empty(); }

  private:
    RestoreContext& restoring_;
    std::vector<Conflict> found_;
};

void cap(std::vector<Conflict>& conflicts) {
    if (conflicts.size() <= static_cast<std::size_t>(kMostConflicts)) return;
    conflicts.resize(kMostConflicts);
    auto& detail = conflicts.back().detail;
    detail += std::string(detail.empty() ? "" : "; ") + "there are more conflicts than these " +
              to_string(kMostConflicts);
}

}  // namespace

std::vector<Conflict> find_conflicts(RestoreContext& restoring) {
    Finder finder(restoring);
    finder.look([&] { return find_missing_tables(restoring); });
    finder.look([&] { return find_failing_casts(restoring); });
    restoring.guard_casts = !finder.none();
    finder.look([&] { return find_losses(restoring); });
    finder.look([&] { return find_missing_values(restoring); });
    for (const auto* table : tables_of(restoring)) finder.look_at(*table);
    finder.look([&] { return find_missing_parents(restoring); });
    finder.look([&] { return restoring.conflicts; });
    finder.look([&] { return finder.without_known(find_old_keys(restoring)); });
    auto out = finder.found();
    cap(out);
    return out;
}

std::vector<std::string> clashing_rows(const RestoreContext& restoring, const Table& table) {
    std::vector<Rule> rules;
    for (const auto& index : table.uniques) rules.push_back(unique_rule(table, index));
    for (const auto& exclusion : table.exclusions)
        rules.push_back(exclusion_rule(table, exclusion));
    std::vector<std::string> out;
    for (const auto& rule : rules)
        out.push_back("SELECT t.part, t.place FROM " + clashes(restoring, table, rule));
    return out;
}

namespace {

// Of a statement of a trigger the row is another table's.
void name_table(const RestoreContext& restoring, const SqlError& sql, Conflict& conflict) {
    const auto* at = restoring.catalog.table(restoring.at);
    if (at == nullptr) {
        if (!sql.table.empty()) conflict.table = {sql.schema, sql.table};
        return;
    }
    conflict.table = at->name;
    if (sql.table.empty() || at->partitioned) return;
    if (schema::QualifiedName{sql.schema, sql.table} != at->name)
        conflict.detail += "; a trigger writes that row of " + sql.schema + "." + sql.table +
                           "; look at " + code_at(restoring, *at);
}

}  // namespace

Conflict as_said(const RestoreContext& restoring, const Error& failed) {
    const auto& sql = *failed.sql();
    const bool of_schema =
        failed.of_class(sqlstate::kDataExceptions) || failed.of_class(sqlstate::kSyntaxOrAccess);
    Conflict conflict;
    conflict.kind = of_schema ? "schema-changed" : "constraint";
    conflict.table = restoring.shapes.at(restoring.groups.front().root_shape).called();
    conflict.constraint = sql.constraint;
    if (!sql.column.empty()) conflict.columns = {sql.column};
    conflict.detail = sql.message;
    if (const auto refusal =
            refusal_by_code(failed, restoring.trash_schema, tables_of(restoring))) {
        conflict.kind = "constraint";
        if (!schema::written_for_users(sql)) conflict.detail = refusal->what();
    }
    name_table(restoring, sql, conflict);
    return conflict;
}

}  // namespace trashd::trash
