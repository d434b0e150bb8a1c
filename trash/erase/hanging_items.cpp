// Level after level, as a delete finds what it takes along, but over the values of items: what
// refers to the object, what refers to that, until nothing new is found.
#include "trash/erase/hanging_items.hpp"

#include <algorithm>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/text.hpp"
#include "trash/read/item_values.hpp"
#include "trash/store/key_spelling.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {

using schema::ForeignKey;
using schema::join;
using schema::Param;
using schema::Table;
using std::to_string;

namespace {

std::string collated(const schema::Column& column, const std::string& value) {
    return column.collation.empty() ? value : "(" + value + ") COLLATE " + column.collation;
}

// Of the object's key, as a value of the column.
std::string key_value(const ObjectSought& object, std::size_t place) {
    const auto& column = *object.table.column(object.table.identity[place]);
    return schema::in_base_type(
        column, collated(column, "(" +
                                     schema::from_text(column, schema::literal(object.id[place]) +
                                                                   "::pg_catalog.text") +
                                     ")"));
}

// Of live rows by their keys.
std::string row_values(const ForeignKey& key, const Table& parent,
                       const std::vector<std::vector<std::string>>& rows) {
    std::string values;
    std::vector<std::string> arrays, names, same;
    for (std::size_t k = 0; k < key.parent_columns.size(); ++k)
        values += ", " + cascade::value_of(parent, key.parent_columns[k], "p") + " AS v" +
                  to_string(k + 1);
    const auto operators = cascade::identity_operators(parent);
    for (std::size_t n = 0; n < parent.identity.size(); ++n) {
        const auto& column = *parent.column(parent.identity[n]);
        std::vector<Param> texts;
        for (const auto& row : rows) texts.emplace_back(row[n]);
        arrays.push_back("pg_catalog.unnest(" + schema::literal(schema::array_literal(texts)) +
                         "::pg_catalog.text[])");
        names.push_back("k" + to_string(n));
        const auto wanted = "(" + schema::from_text(column, "m." + names.back()) + ")";
        same.push_back(cascade::value_of(parent, parent.identity[n], "p") + " " + operators[n] +
                       " " + schema::in_base_type(column, collated(column, wanted)));
    }
    return schema::filled(
        "SELECT 0{values} FROM ROWS FROM ({arrays}) m({names}) JOIN {table} p ON {same}",
        {{"values", values},
         {"arrays", join(arrays, ", ")},
         {"names", join(names, ", ")},
         {"table", schema::relation(parent)},
         {"same", join(same, " AND ")}});
}

std::string same_row(const ForeignKey& key) {
    std::vector<std::string> same;
    for (std::size_t k = 1; k <= key.child_columns.size(); ++k)
        same.push_back(schema::same_value(key, k - 1, "p.v" + to_string(k), "c.v" + to_string(k)));
    return "(" + join(same, " AND ") + ")";
}

constexpr const char* kOwn = R"(SELECT i.group_id, i.ordinal, i.shape, i.object_id
  FROM {schema}.shape s
  JOIN {schema}.item i ON i.shape OPERATOR(pg_catalog.=) s.id
    AND i.object_id OPERATOR(pg_catalog.=) {spellings}
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
    AND g.state OPERATOR(pg_catalog.=) 'trashed' AND {seen}
  WHERE s.relation OPERATOR(pg_catalog.=) {table})";
constexpr const char* kReferring = R"(SELECT DISTINCT c.group_id, c.ordinal, c.object_id
  FROM (SELECT i.group_id, i.ordinal, i.object_id{values}
    FROM {items} i
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
      AND g.state OPERATOR(pg_catalog.=) 'trashed' AND {seen}
    WHERE i.shape OPERATOR(pg_catalog.=) {form}
      AND CASE WHEN i.shape OPERATOR(pg_catalog.=) {form} THEN {bound} END) c
  JOIN ({parents}) p ON {same})";
// Rows that were noted when a reference in them was cut, as items.
constexpr const char* kNoted = R"((SELECT l.group_id, l.id AS ordinal, l.shape, l.object_id,
      l.row_was AS payload
    FROM {schema}.link l WHERE l.row_was IS NOT NULL))";

std::string referring(const ForeignKey& key, const Form& form, const std::string& parents,
                      const std::string& items, const std::string& trash_schema) {
    const auto bound = binds(key, form, trash_schema);
    return filled(kReferring, trash_schema,
                  {{"values", named_values(form, *form.table, key.child_columns, trash_schema)},
                   {"items", items},
                   {"seen", seen_by_tenant("g")},
                   {"form", to_string(form.id)},
                   {"bound", bound.empty() ? "true" : bound},
                   {"parents", parents},
                   {"same", same_row(key)}});
}

}  // namespace

std::string is_object(const ObjectSought& object) {
    const auto operators = cascade::identity_operators(object.table);
    std::vector<std::string> same;
    for (std::size_t k = 0; k < operators.size(); ++k)
        same.push_back(cascade::value_of(object.table, object.table.identity[k], "p") + " " +
                       operators[k] + " " + key_value(object, k));
    return join(same, " AND ");
}

HangingItems::HangingItems(schema::Connection& connection, const schema::Catalog& catalog,
                           std::string trash_schema)
    : connection_(connection), catalog_(catalog), trash_schema_(std::move(trash_schema)) {}

const std::vector<const Form*>& HangingItems::forms_of(const Table& table) {
    const auto [known, fresh] = by_table_.try_emplace(&table);
    if (fresh)
        for (auto& form : trash::forms_of(connection_, catalog_, trash_schema_, table))
            known->second.push_back(&forms_.emplace(form.id, std::move(form)).first->second);
    return known->second;
}

void HangingItems::add(int form, HangingItem item, Frontier& next) {
    if (!seen_.emplace(item.group, item.ordinal).second) return;
    next[forms_.at(form).table].items.emplace_back(form, item);
    found_[form].push_back(std::move(item));
}

void HangingItems::find_own(const ObjectSought& object, Frontier& next) {
    forms_of(object.table);
    const auto id = "SELECT " + schema::literal(object.canonical) + "::pg_catalog.text";
    const auto found = connection_.exec(
        filled(kOwn, trash_schema_,
               {{"spellings", any_spelling(spelt_by_items(object.table, id, trash_schema_))},
                {"seen", seen_by_tenant("g")},
                {"table", to_string(object.table.oid)}}));
    for (int row = 0; row < found.rows(); ++row)
        add(static_cast<int>(found.integer(row, 2)),
            {found.integer(row, 0), static_cast<int>(found.integer(row, 1)),
             std::string(found.text(row, 3))},
            next);
}

// Its key is known whatever became of the object, other columns as long as it is live.
std::string HangingItems::object_values(const ForeignKey& key, const ObjectSought& object) const {
    std::string values, live;
    bool by_key = true;
    for (std::size_t k = 0; k < key.parent_columns.size(); ++k) {
        const auto& identity = object.table.identity;
        const auto at = std::ranges::find(identity, key.parent_columns[k]);
        const auto name = " AS v" + to_string(k + 1);
        by_key = by_key && at != identity.end();
        if (by_key)
            values +=
                ", " + key_value(object, static_cast<std::size_t>(at - identity.begin())) + name;
        live += ", " + cascade::value_of(object.table, key.parent_columns[k], "p") + name;
    }
    if (by_key) return "SELECT 0" + values;
    return schema::filled("SELECT 0{values} FROM {table} p WHERE {is_object} AND {live}",
                          {{"values", live},
                           {"table", schema::relation(object.table)},
                           {"is_object", is_object(object)},
                           {"live", object.live}});
}

std::string HangingItems::item_values(const ForeignKey& key, int form, const Level& level) const {
    std::vector<Param> groups, ordinals;
    for (const auto& [of, item] : level.items) {
        if (of != form) continue;
        groups.emplace_back(to_string(item.group));
        ordinals.emplace_back(to_string(item.ordinal));
    }
    return filled(R"(SELECT 0{values}
    FROM ROWS FROM (pg_catalog.unnest({groups}::pg_catalog.int8[]), pg_catalog.unnest({ordinals}::pg_catalog.int4[])) m(g, o)
    JOIN {schema}.item i ON i.group_id OPERATOR(pg_catalog.=) m.g
      AND i.ordinal OPERATOR(pg_catalog.=) m.o
    WHERE {is_of})",
                  trash_schema_,
                  {{"values", named_values(forms_.at(form), *catalog_.table(key.parent),
                                           key.parent_columns, trash_schema_)},
                   {"groups", schema::literal(schema::array_literal(groups))},
                   {"ordinals", schema::literal(schema::array_literal(ordinals))},
                   {"is_of", is_of(forms_.at(form))}});
}

std::string HangingItems::parents_of(const ForeignKey& key, const Frontier& frontier,
                                     const ObjectSought* object) const {
    const auto* parent = catalog_.table(key.parent);
    std::vector<std::string> selects;
    if (object && &object->table == parent) selects.push_back(object_values(key, *object));
    const auto at = frontier.find(parent);
    if (at == frontier.end()) return join(selects, " UNION ALL ");
    std::set<int> forms;
    for (const auto& [form, item] : at->second.items) forms.insert(form);
    for (const int form : forms) selects.push_back(item_values(key, form, at->second));
    if (!at->second.rows.empty()) selects.push_back(row_values(key, *parent, at->second.rows));
    return join(selects, " UNION ALL ");
}

void HangingItems::find_referring(const ForeignKey& key, const std::string& parents,
                                  Frontier& next) {
    for (const auto* form : forms_of(*catalog_.table(key.child))) {
        const auto found = connection_.exec(
            referring(key, *form, parents, filled("{schema}.item", trash_schema_), trash_schema_));
        for (int row = 0; row < found.rows(); ++row)
            add(form->id,
                {found.integer(row, 0), static_cast<int>(found.integer(row, 1)),
                 std::string(found.text(row, 2))},
                next);
    }
}

// Of rows that nothing refers to nothing hangs, and what may not be read is not followed.
void HangingItems::find_live(const ForeignKey& key, const std::string& parents, Frontier& next) {
    const auto& child = *catalog_.table(key.child);
    if (catalog_.referrers(child.oid).empty() || child.identity.empty() || !child.can_select ||
        child.row_security)
        return;
    std::vector<std::string> texts, same;
    for (const int attnum : child.identity)
        texts.push_back(schema::to_text(*child.column(attnum), "c"));
    for (std::size_t k = 0; k < key.child_columns.size(); ++k)
        same.push_back(schema::same_value(key, k, "p.v" + to_string(k + 1),
                                          cascade::value_of(child, key.child_columns[k], "c")));
    if (auto bound = schema::binds(key, child, "c"); !bound.empty()) same.push_back(bound);
    connection_.exec("SET LOCAL enable_nestloop TO DEFAULT");
    const auto found = connection_.exec(
        schema::filled("SELECT DISTINCT {texts} FROM {child} c JOIN ({parents}) p ON {same}",
                       {{"texts", join(texts, ", ")},
                        {"child", schema::relation(child)},
                        {"parents", parents},
                        {"same", join(same, " AND ")}}));
    connection_.exec("SET LOCAL enable_nestloop = off");
    for (int row = 0; row < found.rows(); ++row) {
        std::vector<std::string> id;
        for (std::size_t k = 0; k < texts.size(); ++k)
            id.emplace_back(found.text(row, static_cast<int>(k)));
        if (live_[&child].insert(id).second) next[&child].rows.push_back(std::move(id));
    }
}

// Statistics of a trash that grows fast say that it is small.
void HangingItems::find(const ObjectSought& object) {
    connection_.exec("SET LOCAL enable_nestloop = off");
    Frontier frontier;
    find_own(object, frontier);
    for (const ObjectSought* once = &object; once || !frontier.empty(); once = nullptr) {
        std::set<const Table*> tables;
        for (const auto& [table, level] : frontier) tables.insert(table);
        if (once) tables.insert(&object.table);
        Frontier next;
        for (const auto* parent : tables) {
            for (const auto* key : catalog_.referrers(parent->oid))
                if (catalog_.table(key->child) && binds_all(*key)) {
                    const auto parents = parents_of(*key, frontier, once);
                    find_referring(*key, parents, next);
                    find_live(*key, parents, next);
                }
        }
        frontier = std::move(next);
    }
    connection_.exec("SET LOCAL enable_nestloop TO DEFAULT");
}

std::set<long long> HangingItems::groups_of(const std::set<const Table*>& tables) const {
    std::set<long long> groups;
    for (const auto& [form, items] : found_)
        if (tables.contains(forms_.at(form).table))
            for (const auto& item : items) groups.insert(item.group);
    return groups;
}

std::vector<long long> HangingItems::links_of(const ObjectSought& object, const Table& table) {
    Frontier all;
    for (const auto& [form, items] : found_)
        for (const auto& item : items) all[forms_.at(form).table].items.emplace_back(form, item);
    for (const auto& [parent, rows] : live_) all[parent].rows = {rows.begin(), rows.end()};
    std::vector<long long> links;
    for (const auto* key : catalog_.references(table.oid)) {
        const auto* parent = catalog_.table(key->parent);
        if (!parent || !binds_all(*key)) continue;
        const auto parents = parents_of(*key, all, &object);
        if (parents.empty()) continue;
        for (const auto* form : forms_of(table)) {
            const auto found = connection_.exec(
                referring(*key, *form, parents, filled(kNoted, trash_schema_), trash_schema_));
            for (int row = 0; row < found.rows(); ++row) links.push_back(found.integer(row, 1));
        }
    }
    return links;
}

}  // namespace trashd::trash
