// Which row hangs on which is not stored: it is found again from the values of the items, compared
// as the foreign keys of today compare them. Values that their types do not take any more are
// compared as NULL, so that one of them does not keep the others from being told.
#include "trash/read/item_references.hpp"

#include <algorithm>
#include <set>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/value.hpp"
#include "schema/text.hpp"
#include "trash/read/item_sql.hpp"
#include "trash/read/item_values.hpp"
#include "trash/store/key_spelling.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::ForeignKey;
using schema::join;
using schema::literal;
using schema::Table;
using std::to_string;

// Which of several references took a row along: those that cascade before those that refuse, which
// are followed where that is asked for, and those that would rather be cut last.
int rank(const ForeignKey& key) {
    switch (key.on_delete) {
        case schema::Action::kCascade:
            return 0;
        case schema::Action::kNoAction:
        case schema::Action::kRestrict:
            return 1;
        default:
            return 2;
    }
}

std::string array_of(const std::vector<int>& ordinals) {
    std::vector<schema::Param> all;
    for (const int ordinal : ordinals) all.emplace_back(to_string(ordinal));
    return literal(schema::array_literal(all)) + "::pg_catalog.int4[]";
}

std::string conditions(const std::vector<std::string>& all) {
    return "(" + join(all, " AND ") + ")";
}

}  // namespace

ItemReferences::ItemReferences(schema::Connection& connection, const schema::Catalog& catalog,
                               std::string trash_schema, const ItemsOfGroup& group)
    : connection_(connection),
      catalog_(catalog),
      trash_schema_(std::move(trash_schema)),
      group_(group.id),
      roots_(array_of(group.roots)),
      forms_(trash::forms_of(connection, catalog, trash_schema_, group.forms)) {}

std::vector<const Table*> ItemReferences::tables() const {
    std::vector<const Table*> all;
    for (const auto& form : forms_)
        if (form.table && std::ranges::find(all, form.table) == all.end())
            all.push_back(form.table);
    return all;
}

std::vector<const Form*> ItemReferences::forms_of_table(const Table& table) const {
    std::vector<const Form*> all;
    for (const auto& form : forms_)
        if (form.table == &table) all.push_back(&form);
    return all;
}

std::vector<const ForeignKey*> ItemReferences::references_of(const Table& table) const {
    std::vector<const ForeignKey*> keys;
    for (const auto* key : catalog_.references(table.oid)) {
        const auto* parent = catalog_.table(key->parent);
        if (binds_all(*key) && parent && !forms_of_table(*parent).empty()) keys.push_back(key);
    }
    std::ranges::stable_sort(keys, {}, [](const auto* key) { return rank(*key); });
    return keys;
}

std::string ItemReferences::items_of(const Form& form) const {
    return filled(
        R"( FROM {schema}.item i
  WHERE i.group_id OPERATOR(pg_catalog.=) {group} AND {is_of_form})",
        trash_schema_, {{"group", to_string(group_)}, {"is_of_form", is_of(form)}});
}

namespace {

constexpr const char* kNoMember = R"(SELECT NULL::pg_catalog.int4 AS ordinal,
    NULL::pg_catalog.text AS via, 0 AS rank WHERE false)";
constexpr const char* kMembersByKey = R"(SELECT i.ordinal, {key}, {rank}{items}
    AND i.ordinal OPERATOR(pg_catalog.<>) {parent}
    AND i.ordinal OPERATOR(pg_catalog.<>) ALL ({roots})
    AND CASE WHEN {is_of_form} THEN {same} END)";
constexpr const char* kMembers = R"(SELECT DISTINCT ON (m.ordinal) m.ordinal, m.via
  FROM ({members}) m
  ORDER BY m.ordinal, m.rank, m.via)";

}  // namespace

std::string ItemReferences::members_by_key(const ForeignKey& key, const Form& child,
                                           const Form& parent, long long ordinal) const {
    std::vector<std::string> same;
    for (std::size_t k = 0; k < key.child_columns.size(); ++k)
        same.push_back(schema::same_value(
            key, k,
            schema::filled(
                "(SELECT {value}{items} AND i.ordinal OPERATOR(pg_catalog.=) {parent})",
                {{"value", value_of(parent, *parent.table, key.parent_columns[k], trash_schema_)},
                 {"items", items_of(parent)},
                 {"parent", to_string(ordinal)}}),
            value_of(child, *child.table, key.child_columns[k], trash_schema_)));
    if (auto bound = binds(key, child, trash_schema_); !bound.empty())
        same.push_back(std::move(bound));
    return schema::filled(kMembersByKey, {{"key", literal(key.name)},
                                          {"rank", to_string(rank(key))},
                                          {"items", items_of(child)},
                                          {"parent", to_string(ordinal)},
                                          {"roots", roots_},
                                          {"is_of_form", is_of(child)},
                                          {"same", conditions(same)}});
}

std::string ItemReferences::members_of(long long ordinal, int form) const {
    const auto parent = std::ranges::find(forms_, form, &Form::id);
    std::vector<std::string> selects{kNoMember};
    for (const auto* table : parent->table ? tables() : std::vector<const Table*>())
        for (const auto* key : references_of(*table))
            for (const auto* child : forms_of_table(*table))
                if (key->parent == parent->table->oid)
                    selects.push_back(members_by_key(*key, *child, *parent, ordinal));
    return schema::filled(kMembers, {{"members", join(selects, " UNION ALL ")}});
}

// (ordinal, v1, v2 ...) of the table's items; by: those alone that refer by it.
std::string ItemReferences::key_values(const Table& table, const std::vector<int>& attnums,
                                       const ForeignKey* by) const {
    std::vector<std::string> selects;
    for (const auto* form : forms_of_table(table)) {
        std::string values;
        for (std::size_t k = 0; k < attnums.size(); ++k)
            values += ", " + value_of(*form, table, attnums[k], trash_schema_) + " AS v" +
                      to_string(k + 1);
        auto bound = by ? binds(*by, *form, trash_schema_) : "";
        if (!bound.empty())
            bound = schema::filled(" AND CASE WHEN {is_of_form} THEN {bound} END",
                                   {{"is_of_form", is_of(*form)}, {"bound", bound}});
        selects.push_back(schema::filled(
            "SELECT i.ordinal{values}{from_items}{and_bound}",
            {{"values", values}, {"from_items", items_of(*form)}, {"and_bound", bound}}));
    }
    return "(" + join(selects, " UNION ALL ") + ")";
}

namespace {

// Of values v1... under both aliases, which are of items: those of two, and equal.
std::string refers(const ForeignKey& key, const std::string& own, const std::string& other) {
    std::vector<std::string> same{other + ".ordinal OPERATOR(pg_catalog.<>) " + own + ".ordinal"};
    for (std::size_t k = 1; k <= key.child_columns.size(); ++k)
        same.push_back(
            schema::same_value(key, k - 1, other + ".v" + to_string(k), own + ".v" + to_string(k)));
    return conditions(same);
}

constexpr const char* kReferenceOf = R"(
  LEFT JOIN ({own_values} {own} JOIN {other_values} {other} ON {refers})
    ON {own}.ordinal OPERATOR(pg_catalog.=) c.ordinal)";
constexpr const char* kTaken = R"(SELECT
    CASE WHEN c.ordinal OPERATOR(pg_catalog.=) ANY ({roots}) THEN NULL{cases} END AS via,
    pg_catalog.count(DISTINCT c.ordinal)
  FROM ({items}) c{references}
  GROUP BY 1
  ORDER BY pg_catalog.min(c.ordinal))";

}  // namespace

// A join for each reference, so that the server may hash them.
std::vector<ReferenceCount> ItemReferences::taken(const Table& table,
                                                  const std::string& condition) const {
    std::vector<std::string> items;
    for (const auto* form : forms_of_table(table))
        items.push_back("SELECT i.ordinal" + schema::both(items_of(*form), condition));
    std::string references, cases;
    for (const auto* key : references_of(table)) {
        const auto n = to_string(key->oid), own = "c" + n, other = "p" + n;
        const auto& parent = *catalog_.table(key->parent);
        references += schema::filled(kReferenceOf,
                                     {{"own_values", key_values(table, key->child_columns, key)},
                                      {"own", own},
                                      {"other_values", key_values(parent, key->parent_columns)},
                                      {"other", other},
                                      {"refers", refers(*key, own, other)}});
        cases += schema::filled(" WHEN {own}.ordinal IS NOT NULL THEN {key}",
                                {{"own", own}, {"key", literal(key->name)}});
    }
    const auto found =
        connection_.exec(schema::filled(kTaken, {{"roots", roots_},
                                                 {"cases", cases},
                                                 {"items", join(items, " UNION ALL ")},
                                                 {"references", references}}));
    std::vector<ReferenceCount> counts;
    for (int row = 0; row < found.rows(); ++row)
        counts.push_back({table.name, found.value(row, 0), found.integer(row, 1)});
    return counts;
}

std::optional<std::string> ItemReferences::only_reference(const Table& table) const {
    const auto keys = references_of(table);
    return keys.size() == 1 ? std::optional(keys[0]->name) : std::nullopt;
}

namespace {

constexpr const char* kNoReferring = R"(SELECT NULL::pg_catalog.int8 AS group_id,
    NULL::pg_catalog.int4 AS ordinal WHERE false)";
constexpr const char* kReferring = R"(SELECT c.group_id, c.ordinal
  FROM (SELECT i.group_id, i.ordinal{values}
    FROM {schema}.item i
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
      AND g.state OPERATOR(pg_catalog.=) 'trashed'
    WHERE i.shape OPERATOR(pg_catalog.=) {form}
      AND i.group_id OPERATOR(pg_catalog.<>) {group} AND {condition}
      AND CASE WHEN i.shape OPERATOR(pg_catalog.=) {form} THEN {bound} END) c
  JOIN {parents} p ON {same})";

}  // namespace

std::string ItemReferences::referring(const std::string& condition) const {
    std::vector<std::string> selects{kNoReferring};
    for (const auto* parent : tables())
        for (const auto* key : catalog_.referrers(parent->oid)) {
            const auto* child = catalog_.table(key->child);
            if (!child || !binds_all(*key)) continue;
            std::vector<std::string> same;
            for (std::size_t k = 1; k <= key->child_columns.size(); ++k)
                same.push_back(
                    schema::same_value(*key, k - 1, "p.v" + to_string(k), "c.v" + to_string(k)));
            for (const auto& form : trash::forms_of(connection_, catalog_, trash_schema_, *child)) {
                std::string values;
                for (std::size_t k = 0; k < key->child_columns.size(); ++k)
                    values += ", " + value_of(form, *child, key->child_columns[k], trash_schema_) +
                              " AS v" + to_string(k + 1);
                const auto bound = binds(*key, form, trash_schema_);
                selects.push_back(filled(kReferring, trash_schema_,
                                         {{"values", values},
                                          {"bound", bound.empty() ? "true" : bound},
                                          {"form", to_string(form.id)},
                                          {"group", to_string(group_)},
                                          {"condition", condition},
                                          {"parents", key_values(*parent, key->parent_columns)},
                                          {"same", conditions(same)}}));
            }
        }
    return join(selects, " UNION ALL ");
}

namespace {

constexpr const char* kNeeded = R"(SELECT p.group_id AS needed, c.group_id AS by
  FROM (SELECT i.group_id{child_values}
    FROM {schema}.item i
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
      AND g.state OPERATOR(pg_catalog.=) 'trashed'
    WHERE {is_of_child} AND CASE WHEN {is_of_child} THEN {bound} END) c
  JOIN (SELECT i.group_id{parent_values}
    FROM {schema}.item i
    WHERE i.group_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])
      AND {is_of_parent}) p
    ON c.group_id OPERATOR(pg_catalog.<>) p.group_id AND {same})";

struct FormPair {
    const Form &child, &parent;
};

std::string needed_by(const ForeignKey& key, const FormPair& forms,
                      const std::string& trash_schema) {
    const auto& child = forms.child;
    const auto& parent = forms.parent;
    const auto bound = binds(key, child, trash_schema);
    return filled(
        kNeeded, trash_schema,
        {{"child_values", named_values(child, *child.table, key.child_columns, trash_schema)},
         {"parent_values", named_values(parent, *parent.table, key.parent_columns, trash_schema)},
         {"is_of_child", is_of(child)},
         {"is_of_parent", is_of(parent)},
         {"bound", bound.empty() ? "true" : bound},
         {"same", same_values(key, "p", "c")}});
}

}  // namespace

std::vector<NeededGroup> needed_groups(schema::Connection& connection,
                                       const schema::Catalog& catalog,
                                       const std::string& trash_schema,
                                       const std::vector<GroupRow>& groups) {
    std::vector<std::string> selects;
    for (const auto& parent : forms_of(connection, catalog, trash_schema, forms_in(groups))) {
        if (!parent.table) continue;
        for (const auto* key : catalog.referrers(parent.table->oid)) {
            const auto* child = catalog.table(key->child);
            if (!child || !binds_all(*key)) continue;
            for (const auto& form : forms_of(connection, catalog, trash_schema, *child))
                selects.push_back(needed_by(*key, {form, parent}, trash_schema));
        }
    }
    std::vector<NeededGroup> pairs;
    if (selects.empty()) return pairs;
    const auto found = connection.exec(
        "SELECT DISTINCT x.needed, x.by FROM (" + join(selects, " UNION ALL ") + ") x",
        {ids_of(groups)});
    for (int row = 0; row < found.rows(); ++row)
        pairs.push_back({found.integer(row, 0), found.integer(row, 1)});
    return pairs;
}

namespace {

std::string text_of(const Form& form, int attnum) {
    const auto position = form.position(attnum);
    return position ? "i.payload[" + to_string(position) + "]" : "NULL::pg_catalog.text";
}

std::string escaped(const std::string& text) {
    return "pg_catalog.replace(pg_catalog.replace(" + text + ", '%', '%25'), ',', '%2C')";
}

// A reference to the key whose text decides: then the index of forms and objects finds the row.
bool by_text(const ForeignKey& key, const Table& child, const Table& parent) {
    return !key.period && !parent.identity.empty() &&
           std::ranges::is_permutation(key.parent_columns, parent.identity) &&
           text_decides(parent, parent.identity) && text_decides(child, key.child_columns);
}

// The id of the row referred to, as its item would have it.
std::string wanted_id(const ForeignKey& key, const Form& form, const Table& parent) {
    std::vector<std::string> parts;
    for (const int attnum : parent.identity) {
        const auto at = std::ranges::find(key.parent_columns, attnum) - key.parent_columns.begin();
        parts.push_back(text_of(form, key.child_columns[static_cast<std::size_t>(at)]));
    }
    if (parts.size() == 1) return parts[0];
    for (auto& part : parts) part = escaped(part);
    return "(" + join(parts, " OPERATOR(pg_catalog.||) ',' OPERATOR(pg_catalog.||) ") + ")";
}

class Orphans {
  public:
    Orphans(const schema::Catalog& catalog, const std::string& trash_schema,
            const std::vector<Form>& forms)
        : catalog_(catalog), trash_schema_(trash_schema), forms_(forms) {}

    std::string of_form(const Form& form) const {
        std::vector<std::string> lost;
        for (const auto* key : catalog_.references(form.table->oid))
            if (const auto* parent = catalog_.table(key->parent); parent && binds_all(*key))
                lost.push_back(lost_parent(*key, form, *parent));
        return lost.empty() ? "" : "(" + join(lost, " OR ") + ")";
    }

  private:
    std::string lost_parent(const ForeignKey& key, const Form& form, const Table& parent) const {
        std::vector<std::string> there, live;
        for (std::size_t k = 0; k < key.child_columns.size(); ++k) {
            const auto own = value_of(form, *form.table, key.child_columns[k], trash_schema_);
            there.push_back(text_of(form, key.child_columns[k]) + " IS NOT NULL");
            live.push_back(schema::same_value(
                key, k, cascade::value_of(parent, key.parent_columns[k], "p"), own));
        }
        if (auto bound = binds(key, form, trash_schema_); !bound.empty())
            there.push_back(std::move(bound));
        return schema::filled(
            "({there} AND NOT EXISTS (SELECT FROM {parent} p WHERE {live}){and_not_in_trash})",
            {{"there", join(there, " AND ")},
             {"parent", schema::relation(parent)},
             {"live", join(live, " AND ")},
             {"and_not_in_trash", not_in_trash(key, form, parent)}});
    }

    std::string not_in_trash(const ForeignKey& key, const Form& form, const Table& parent) const {
        std::string all;
        for (const auto& other : forms_)
            if (other.table == &parent)
                all += filled(
                    R"( AND NOT EXISTS (SELECT FROM {schema}.item o
    JOIN {schema}.trash_group og ON og.id OPERATOR(pg_catalog.=) o.group_id
      AND og.state OPERATOR(pg_catalog.=) 'trashed'
    WHERE o.shape OPERATOR(pg_catalog.=) {form} AND {same_row}))",
                    trash_schema_,
                    {{"form", to_string(other.id)},
                     {"same_row", same_row(key, form, parent, other)}});
        return all;
    }

    std::string same_row(const ForeignKey& key, const Form& form, const Table& parent,
                         const Form& other) const {
        if (by_text(key, *form.table, parent))
            return "o.object_id OPERATOR(pg_catalog.=) " + wanted_id(key, form, parent);
        std::vector<std::string> values, same;
        for (std::size_t k = 0; k < key.parent_columns.size(); ++k) {
            values.push_back(value_of(other, parent, key.parent_columns[k], trash_schema_) +
                             " AS v" + to_string(k));
            same.push_back(schema::same_value(
                key, k, "k.v" + to_string(k),
                value_of(form, *form.table, key.child_columns[k], trash_schema_)));
        }
        return schema::filled("(SELECT {same} FROM (SELECT {values} FROM (SELECT o.payload) i) k)",
                              {{"same", join(same, " AND ")}, {"values", join(values, ", ")}});
    }

    const schema::Catalog& catalog_;
    const std::string& trash_schema_;
    const std::vector<Form>& forms_;
};

}  // namespace

std::string is_orphaned(const schema::Catalog& catalog, const std::string& trash_schema,
                        const std::vector<Form>& forms) {
    const Orphans orphans(catalog, trash_schema, forms);
    std::string cases;
    for (const auto& form : forms) {
        const auto lost = form.table ? orphans.of_form(form) : "";
        if (!lost.empty())
            cases += schema::filled(" WHEN i.shape OPERATOR(pg_catalog.=) {form} THEN {lost}",
                                    {{"form", to_string(form.id)}, {"lost", lost}});
    }
    return cases.empty() ? "false" : "(CASE" + cases + " ELSE false END)";
}

}  // namespace trashd::trash
