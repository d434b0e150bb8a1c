#include "trash/capture/arranging.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/transaction.hpp"
#include "trash/store/shapes.hpp"
#include "trash/store/sql.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
namespace {

using schema::Catalog;
using schema::literal;
using schema::QualifiedName;
using schema::quoted;
using schema::Table;
using std::to_string;

bool goes_along(const schema::ForeignKey& key) {
    return key.on_delete != schema::Action::kSetNull &&
           key.on_delete != schema::Action::kSetDefault;
}

// The tables, and all whose rows must go before theirs or with them. Of tables whose rows are not
// kept there is nothing to capture but what refers to them.
Asked with_referrers(const Catalog& catalog, const Asked& asked, const Heirs& heirs) {
    Asked all = asked;
    std::vector<const Table*> open;
    for (const auto& [name, by] : asked)
        if (const auto* table = catalog.table(name)) open.push_back(table);
    while (!open.empty()) {
        const Table* parent = open.back();
        open.pop_back();
        for (const auto* key : catalog.referrers(parent->oid)) {
            const Table* child = catalog.table(key->child);
            if (key->declared || !goes_along(*key) || !all.emplace(child->name, "").second)
                continue;
            open.push_back(child);
        }
        const auto [first, last] = heirs.equal_range(parent->oid);
        for (auto heir = first; heir != last; ++heir) {
            const Table* child = catalog.table(heir->second);
            if (child && all.emplace(child->name, "").second) open.push_back(child);
        }
    }
    return all;
}

}  // namespace

Arranging::Arranging(schema::Transaction& transaction, const Trash& trash, const Catalog& catalog,
                     std::vector<std::string>* triggers)
    : transaction_(transaction),
      trash_(trash),
      schema_(trash.schema_name()),
      catalog_(catalog),
      triggers_(triggers) {}

schema::Result Arranging::exec(const std::string& text, const schema::Values& values,
                               const std::vector<schema::Param>& params) {
    return transaction_.exec(filled(text, schema_, values), params);
}

// Asked for are the names, and what bears the triggers: a table that took the name of another, and
// the other; a partition that was detached.
Asked Arranging::asked() {
    follow_renames();
    const auto found = exec(R"(SELECT c.schema_name, c.table_name, c.asked FROM {schema}.capture c
  WHERE c.asked IS NOT NULL
  UNION SELECT n.nspname, r.relname, c.asked FROM {schema}.capture c{bearers}
  WHERE c.asked IS NOT NULL)",
                            {{"bearers", bearers()}});
    Asked all;
    for (int row = 0; row < found.rows(); ++row)
        all[{std::string(found.text(row, 0)), std::string(found.text(row, 1))}] =
            found.text(row, 2);
    return all;
}

// Joins to a row c of capture the tables r of the schemas n that have its trigger, whatever they
// are called. A partition has it for the table that it belongs to.
std::string Arranging::bearers() const {
    return filled(R"(
  JOIN pg_catalog.pg_proc p ON p.pronamespace OPERATOR(pg_catalog.=) {own}::pg_catalog.regnamespace
    AND p.proname OPERATOR(pg_catalog.=) pg_catalog.concat('capture_', c.id)
  JOIN pg_catalog.pg_trigger t ON t.tgfoid OPERATOR(pg_catalog.=) p.oid
  JOIN pg_catalog.pg_class r ON r.oid OPERATOR(pg_catalog.=) t.tgrelid AND NOT r.relispartition
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) r.relnamespace)",
                  schema_, {{"own", literal(quoted(schema_))}});
}

// A table is known by the trigger that it has, so that its function stays, unless its former name
// or its new one is another's as well.
void Arranging::follow_renames() {
    exec(R"(UPDATE {schema}.capture c SET schema_name = f.nspname, table_name = f.relname
  FROM (SELECT DISTINCT ON (c.id) c.id, n.nspname, r.relname FROM {schema}.capture c{bearers}
    WHERE pg_catalog.to_regclass(pg_catalog.format('%I.%I', c.schema_name, c.table_name)) IS NULL
    ORDER BY c.id, r.relkind OPERATOR(pg_catalog.=) 'p' DESC, r.oid) f
  WHERE c.id OPERATOR(pg_catalog.=) f.id AND NOT EXISTS (SELECT FROM {schema}.capture o
    WHERE o.schema_name OPERATOR(pg_catalog.=) f.nspname::pg_catalog.text
      AND o.table_name OPERATOR(pg_catalog.=) f.relname::pg_catalog.text))",
         {{"bearers", bearers()}});
}

Heirs Arranging::heirs() {
    const auto found = transaction_.exec(
        "SELECT i.inhparent, i.inhrelid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c "
        "ON "
        "c.oid OPERATOR(pg_catalog.=) i.inhrelid WHERE NOT c.relispartition");
    Heirs all;
    for (int row = 0; row < found.rows(); ++row)
        all.emplace(static_cast<schema::Oid>(found.integer(row, 0)),
                    static_cast<schema::Oid>(found.integer(row, 1)));
    return all;
}

std::string Arranging::same_types(const Table& table) const {
    const auto types = schema::types_of(catalog_, {table.oid});
    if (types.empty()) return "";
    return "(" + schema::types_fingerprint_sql(types) + ") OPERATOR(pg_catalog.=) " +
           literal(schema::expected_types_fingerprint(catalog_, {table.oid}));
}

void Arranging::enter_tables(const Asked& wanted) {
    const auto inherited = heirs();
    std::set<schema::Oid> in_trees;
    for (const auto& [parent, child] : inherited) in_trees.insert({parent, child});
    for (const auto& [name, by] : with_referrers(catalog_, wanted, inherited)) {
        const Table* table = catalog_.table(name);
        if (!table || !table->kept) continue;
        CapturedTable captured{table};
        captured.by_row = in_trees.contains(table->oid);
        captured.same_types = same_types(*table);
        captured.shape = shape_of(transaction_.connection(), schema_, *table);
        int tenant_place = 0;
        const auto* tenant = trash_.of_tenant("").tenant_column(*table);
        if (tenant) tenant_place = table->kept_place(tenant->attnum);
        const auto found = exec(
            R"(INSERT INTO {schema}.capture AS c (schema_name, table_name, asked, shape, tenant_place)
  VALUES ($1, $2, $3, $4::pg_catalog.int4, $5::pg_catalog.int4)
  ON CONFLICT (schema_name, table_name) DO UPDATE SET asked = excluded.asked, shape = excluded.shape,
    tenant_place = excluded.tenant_place RETURNING c.id)",
            {},
            {name.schema, name.name, by.empty() ? schema::Param() : schema::Param(by),
             to_string(captured.shape),
             tenant_place ? schema::Param(to_string(tenant_place)) : schema::Param()});
        captured.id = static_cast<int>(found.integer(0, 0));
        tables_.push_back(captured);
    }
}

void Arranging::enter_keys() {
    int rank = 0;
    for (const auto& parent : tables_) {
        for (const auto* key : catalog_.referrers(parent.table->oid)) {
            if (key->declared) continue;  // the database knows nothing of it
            CapturedKey entered{key, catalog_.table(key->child), parent.table};
            const auto own = std::ranges::find(tables_, entered.child, &CapturedTable::table);
            entered.child_captured = own != tables_.end();
            if (!entered.child_captured && !may_be_cut(*entered.child, *key)) continue;
            entered.parent_shape = parent.shape;
            entered.child_shape = entered.child_captured ? own->shape
                                                         : shape_of(transaction_.connection(),
                                                                    schema_, *entered.child);
            // Along what the database cascades a row goes with its parent in any case.
            const bool first = key->on_delete == schema::Action::kCascade;
            const auto found = exec(
                R"(INSERT INTO {schema}.capture_key AS k (schema_name, table_name, name, child, parent, rank, pairs)
  VALUES ($1, $2, $3, $4::pg_catalog.int4, $5::pg_catalog.int4, $6::pg_catalog.int4, '')
  ON CONFLICT (schema_name, table_name, name) DO UPDATE SET child = excluded.child,
    parent = excluded.parent, rank = excluded.rank RETURNING k.number)",
                {},
                {entered.child->name.schema, entered.child->name.name, key->name,
                 to_string(entered.child_shape), to_string(entered.parent_shape),
                 to_string(++rank + (first ? 0 : 1000000))});
            entered.number = static_cast<int>(found.integer(0, 0));
            keys_.push_back(entered);
        }
    }
}

// Its triggers go with it.
void Arranging::drop_function(const std::string& name) {
    transaction_.exec("DROP FUNCTION IF EXISTS " + quoted({schema_, name}) + "() CASCADE");
}

void Arranging::leave_others() {
    std::set<int> ids, numbers;
    for (const auto& captured : tables_) ids.insert(captured.id);
    for (const auto& key : keys_) numbers.insert(key.number);
    const auto tables = exec("SELECT id, schema_name, table_name FROM {schema}.capture");
    for (int row = 0; row < tables.rows(); ++row) {
        const auto id = static_cast<int>(tables.integer(row, 0));
        if (ids.contains(id)) continue;
        const QualifiedName name{std::string(tables.text(row, 1)),
                                 std::string(tables.text(row, 2))};
        // The functions go by their triggers, those of TRUNCATE are of one function for all.
        for (const auto& relation : catalog_.table(name) ? relations_of(*catalog_.table(name))
                                                         : std::vector<std::string>{})
            transaction_.exec("DROP TRIGGER IF EXISTS " + quoted(schema_ + "_truncate") + " ON " +
                              relation);
        drop_function("capture_" + to_string(id));
        exec("DELETE FROM {schema}.capture WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.int4", {},
             {to_string(id)});
        changed_.insert(name);
    }
    const auto keys = exec("SELECT number FROM {schema}.capture_key");
    for (int row = 0; row < keys.rows(); ++row) {
        const auto number = static_cast<int>(keys.integer(row, 0));
        if (numbers.contains(number)) continue;
        drop_function("cut_" + to_string(number));
        exec(
            "DELETE FROM {schema}.capture_key WHERE number OPERATOR(pg_catalog.=) "
            "$1::pg_catalog.int4",
            {}, {to_string(number)});
    }
}

bool Arranging::has_function(const std::string& name) {
    return transaction_
               .exec(
                   "SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid "
                   "OPERATOR(pg_catalog.=) p.pronamespace WHERE n.nspname OPERATOR(pg_catalog.=) "
                   "$1 AND p.proname OPERATOR(pg_catalog.=) $2",
                   {schema_, name})
               .rows() > 0;
}

// A trigger needs its function, whose text says that the trigger is there. Nobody else is to make
// it a trigger of a table of theirs, whose rows it would take for those of the captured one.
void Arranging::make_stub(const std::string& name, const std::string& unquoted) {
    if (has_function(unquoted)) return;
    transaction_.exec("CREATE FUNCTION " + name +
                      "() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
    transaction_.exec("REVOKE ALL ON FUNCTION " + name + "() FROM PUBLIC");
}

// Statements that name a partition reach its own triggers alone.
std::vector<std::string> Arranging::relations_of(const Table& table) {
    if (!table.partitioned) return {quoted(table.name)};
    const auto found = transaction_.exec(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM "
        "pg_catalog.pg_partition_tree($1::pg_catalog.oid::pg_catalog.regclass) p JOIN "
        "pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) p.relid JOIN "
        "pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace ORDER BY p.level",
        {to_string(table.oid)});
    std::vector<std::string> names;
    for (int row = 0; row < found.rows(); ++row) names.emplace_back(found.text(row, 0));
    return names;
}

bool Arranging::make_triggers(const std::string& function, const std::string& relation,
                              const std::string& trigger, const std::string& statement,
                              bool changed) {
    const auto found = transaction_.exec(
        "SELECT t.tgenabled FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) "
        "pg_catalog.to_regclass($1) AND t.tgname OPERATOR(pg_catalog.=) $2 AND t.tgfoid "
        "OPERATOR(pg_catalog.=) pg_catalog.to_regprocedure($3)::pg_catalog.oid",
        {relation, trigger, function + "()"});
    const bool there = found.rows() > 0;
    const bool off = there && found.text(0, 0) == "D";
    if (there && !changed && !(off && again_)) return false;
    if (off && !again_) return false;  // whoever switched it off knows why
    if (triggers_)
        triggers_->push_back(statement);
    else
        transaction_.exec(statement);
    return true;
}

// A table that has come to be of an inheritance tree, or is no more, wants the other kind.
bool Arranging::of_other_level(const std::string& relation, bool by_row) {
    return transaction_
               .exec(
                   "SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) "
                   "pg_catalog.to_regclass($1) AND t.tgname OPERATOR(pg_catalog.=) $2 AND "
                   "(t.tgtype::pg_catalog.int4 OPERATOR(pg_catalog.&) 1) "
                   "OPERATOR(pg_catalog.<>) $3::pg_catalog.int4",
                   {relation, schema_ + "_capture", by_row ? "1" : "0"})
               .rows() > 0;
}

bool Arranging::arrange_table(CapturedTable& captured, const CaptureSql& sql) {
    const auto name = "capture_" + to_string(captured.id);
    bool changed = false;
    for (const auto& relation : relations_of(*captured.table)) {
        const auto statements = sql.triggers_sql(captured, relation);
        changed |= make_triggers(sql.function_name(captured), relation, sql.trigger_name("capture"),
                                 statements[0], of_other_level(relation, captured.by_row));
        changed |= make_triggers(quoted({schema_, "capture_truncate"}), relation,
                                 sql.trigger_name("truncate"), statements[1], false);
    }
    captured.fingerprint = std::string(transaction_.exec(sql.fingerprint_sql(captured)).text(0, 0));
    const auto definition = sql.function_sql(captured);
    const auto known = exec(
        "SELECT definition FROM {schema}.capture WHERE id OPERATOR(pg_catalog.=) "
        "$1::pg_catalog.int4",
        {}, {to_string(captured.id)});
    if (known.text(0, 0) == definition) return changed;
    transaction_.exec(definition);
    exec(
        "UPDATE {schema}.capture SET definition = $2, fingerprint = $3 WHERE id "
        "OPERATOR(pg_catalog.=) $1::pg_catalog.int4",
        {}, {to_string(captured.id), definition, captured.fingerprint});
    return true;
}

bool Arranging::arrange_key(const CapturedKey& key, const CaptureSql& sql) {
    const bool cut = may_be_cut(*key.child, *key.key);
    const auto name = "cut_" + to_string(key.number);
    const auto definition =
        cut ? sql.cut_function_sql(key) + ";\n" + sql.cut_trigger_sql(key, "") : "";
    const auto number = to_string(key.number);
    const auto known = exec(
        "SELECT definition FROM {schema}.capture_key WHERE number OPERATOR(pg_catalog.=) $1::int",
        {}, {number});
    const bool changed = known.text(0, 0) != definition;
    if (changed && !cut) drop_function(name);
    if (changed && cut) {
        make_stub(sql.function_name(key), name);
        transaction_.exec(sql.cut_function_sql(key));
    }
    bool made = changed;
    if (cut)
        made |=
            make_triggers(sql.function_name(key), quoted(key.child->name), sql.trigger_name(name),
                          sql.cut_trigger_sql(key, quoted(key.child->name)), changed);
    exec(R"(UPDATE {schema}.capture_key SET definition = $2, pairs = $3, cuts = $4
  WHERE number OPERATOR(pg_catalog.=) $1::pg_catalog.int4)",
         {},
         {number, definition, key.child_captured ? sql.pairs_sql(key) : "SELECT 0, 0 WHERE false",
          cut ? schema::Param(sql.cuts_sql(key)) : schema::Param()});
    return made;
}

int Arranging::arrange(const Asked& wanted, bool again) {
    again_ = again;
    enter_tables(wanted);
    enter_keys();
    leave_others();
    const CaptureSql sql(schema_, tables_, keys_);
    for (const auto& captured : tables_)
        make_stub(sql.function_name(captured), "capture_" + to_string(captured.id));
    // By names with their schemas, as in the functions.
    transaction_.exec("SET LOCAL search_path = pg_catalog");
    for (const auto& key : keys_)
        if (arrange_key(key, sql)) changed_.insert(key.child->name);
    for (auto& captured : tables_)
        if (arrange_table(captured, sql)) changed_.insert(captured.table->name);
    return static_cast<int>(changed_.size());
}

}  // namespace trashd::trash
