// Conditions are kept apart by what they are about, groups or items, because the lists look at
// groups first, along an index, and at the items of each only then.
#include "trash/read/item_conditions.hpp"

#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "trash/read/item_sql.hpp"
#include "trash/store/key_spelling.hpp"
#include "trash/store/rehearsal_holds.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::literal;
using std::to_string;

std::string as_pattern(const std::string& words) {
    std::string pattern = "%";
    for (char c : words) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern + "%";
}

std::string array_of(const std::vector<int>& shapes) {
    std::vector<schema::Param> ids;
    for (int id : shapes) ids.emplace_back(to_string(id));
    return literal(schema::array_literal(ids)) + "::int[]";
}

std::string uuids_of(const std::vector<std::string>& groups) {
    return schema::array_literal({groups.begin(), groups.end()});
}

class Writer {
  public:
    Writer(const ItemQuery& asked, const ItemSource& source, const FilterShapes& forms)
        : asked_(asked), filter_(asked.filter), source_(source), forms_(forms) {}

    ItemConditions write() {
        all_ = group_conditions(filter_);
        if (filter_.root) all_.of_item((*filter_.root ? "" : "NOT ") + is_root());
        add_forms();
        add_reach();
        if (filter_.object_id) add_object();
        add_names();
        if (filter_.text) add_text();
        if (!forms_.hanging.empty()) add_parent();
        if (!forms_.orphaned.empty()) all_.of_item(forms_.orphaned);
        if (filter_.restorable) add_rehearsal();
        return std::move(all_);
    }

  private:
    void one_of(const std::vector<int>& shapes) {
        all_.of_group("g.shapes OPERATOR(pg_catalog.&&) " + array_of(shapes));
        all_.forms.push_back(array_of(shapes));
    }
    void add_forms() {
        if (!filter_.tables.empty()) one_of(forms_.table);
        if (filter_.among) one_of(forms_.among);
        if (filter_.whole)
            all_.of_group("g.shapes OPERATOR(pg_catalog.<@) " + array_of(forms_.whole));
    }
    void add_reach() {
        if (!forms_.beyond.empty()) all_.of_item("NOT " + forms_.beyond);
        if (!forms_.whole_beyond.empty())
            all_.of_group(filled(
                R"(NOT EXISTS (SELECT FROM {schema}.item i
      WHERE i.group_id OPERATOR(pg_catalog.=) g.id AND {beyond}))",
                source_.trash_schema, {{"beyond", forms_.whole_beyond}}));
    }
    void add_object();
    void add_names();
    void add_text();
    void add_parent();
    void add_rehearsal();

    const ItemQuery& asked_;
    const ItemFilter& filter_;
    const ItemSource& source_;
    const FilterShapes& forms_;
    ItemConditions all_;
};

// As the items write it, where a table is named.
void Writer::add_object() {
    // every form there is, so that the index of forms and objects serves
    if (filter_.tables.empty() && !filter_.among)
        all_.of_item(
            filled("i.shape OPERATOR(pg_catalog.=) ANY(ARRAY(SELECT id FROM {schema}.shape))",
                   source_.trash_schema));
    const auto id = all_.param(*filter_.object_id) + "::pg_catalog.text";
    std::string spelt = "SELECT " + id;
    for (const auto* table : forms_.named)
        spelt += " UNION ALL (" + written_in_items(*table, id, source_.trash_schema) + ")";
    all_.of_item(schema::filled(forms_.named.empty()
                                    ? "i.object_id OPERATOR(pg_catalog.=) {id}"
                                    : "i.object_id OPERATOR(pg_catalog.=) ANY (ARRAY({spelt}))",
                                {{"id", id}, {"spelt", spelt}}));
}

void Writer::add_names() {
    if (!filter_.words && asked_.order != ItemOrder::kDisplayName) return;
    all_.names =
        schema::filled("\n  JOIN {shapes} s ON s.id OPERATOR(pg_catalog.=) i.shape",
                       {{"shapes", described_shapes(source_.trash_schema, source_.naming)}});
    if (filter_.words)
        all_.of_item(schema::filled(
            R"(({name} OPERATOR(pg_catalog.~~*) {pattern}
    OR i.object_id OPERATOR(pg_catalog.~~*) {pattern}
    OR g.reason OPERATOR(pg_catalog.~~*) {pattern}))",
            {{"name", display_name()}, {"pattern", all_.param(as_pattern(*filter_.words))}}));
}

// Of a root it is asked whether any row of its group has the text, as far as they may be seen.
void Writer::add_text() {
    const auto hidden = hidden_place(source_.naming, "u.n");
    const auto has = schema::filled(
        R"(EXISTS (SELECT FROM pg_catalog.unnest(i.payload) WITH ORDINALITY u(v, n)
      WHERE u.v OPERATOR(pg_catalog.~~*) {pattern}{shown}))",
        {{"pattern", all_.param(as_pattern(*filter_.text))},
         {"shown", hidden.empty()
                       ? ""
                       : " AND NOT EXISTS (SELECT FROM " +
                             schema::quoted({source_.trash_schema, "shape"}) +
                             " s WHERE s.id OPERATOR(pg_catalog.=) i.shape AND " + hidden + ")"}});
    if (filter_.root != true) return all_.of_item(has);
    std::string seen;
    if (filter_.among)
        seen += schema::filled(" AND {shape} OPERATOR(pg_catalog.=) ANY({among})",
                               {{"shape", kShapeInGroup}, {"among", array_of(forms_.among)}});
    if (!forms_.beyond.empty()) seen += " AND NOT " + forms_.beyond;
    all_.of_item(filled(
        R"(EXISTS (SELECT FROM {schema}.item i
    WHERE i.group_id OPERATOR(pg_catalog.=) g.id{and_seen} AND {has}))",
        source_.trash_schema, {{"and_seen", seen}, {"has", has}}));
}

void Writer::add_parent() {
    all_.of_group(schema::filled("g.id OPERATOR(pg_catalog.=) {group}::bigint",
                                 {{"group", all_.param(to_string(forms_.parent_group))}}));
    all_.of_item(schema::filled(
        "i.ordinal OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT h.ordinal FROM ({hanging}) h))",
        {{"hanging", forms_.hanging}}));
}

void Writer::add_rehearsal() {
    all_.of_group(filled("EXISTS (SELECT FROM {schema}.rehearsal r WHERE {holds} AND {found})",
                         source_.trash_schema,
                         {{"holds", kRehearsalHolds},
                          {"found", *filter_.restorable ? "r.restorable" : "NOT r.restorable"}}));
}

}  // namespace

std::string ItemConditions::param(std::string value) {
    params.emplace_back(std::move(value));
    return "$" + to_string(params.size());
}

std::string ItemConditions::items_of_form(const std::string& form) const {
    return items + of_form(form);
}

std::string ItemConditions::of_form(const std::string& form) const {
    std::string sql;
    for (const auto& array : forms)
        sql += schema::filled(" AND {form} OPERATOR(pg_catalog.=) ANY({forms})",
                              {{"form", form}, {"forms", array}});
    return sql;
}

// Between the first and the last, so that a large group is not read through for them.
std::string is_root() {
    return R"((i.ordinal OPERATOR(pg_catalog.>=) coalesce(g.roots[1], 1)
    AND i.ordinal OPERATOR(pg_catalog.<=)
      coalesce(g.roots[pg_catalog.array_upper(g.roots, 1)], 1)
    AND (g.roots IS NULL OR i.ordinal OPERATOR(pg_catalog.=) ANY (g.roots))))";
}

ItemConditions group_conditions(const ItemFilter& filter) {
    ItemConditions all;
    // sql: with {value}; nothing is asked where there is none.
    const auto where = [&](std::string_view sql, const std::optional<std::string>& value) {
        if (value) all.of_group(schema::filled(sql, {{"value", all.param(*value)}}));
    };
    where("g.tenant OPERATOR(pg_catalog.=) {value}", filter.tenant);
    where("g.uuid OPERATOR(pg_catalog.=) {value}::pg_catalog.uuid", filter.group_id);
    where("g.deleted_by OPERATOR(pg_catalog.=) {value}", filter.deleted_by);
    where("g.reason OPERATOR(pg_catalog.=) {value}", filter.reason);
    where("g.reason IS DISTINCT FROM {value}", filter.other_reason);
    where("g.created_at OPERATOR(pg_catalog.>=) {value}::pg_catalog.timestamptz", filter.from);
    where("g.created_at OPERATOR(pg_catalog.<) {value}::pg_catalog.timestamptz", filter.to);
    where("g.expires_at OPERATOR(pg_catalog.<) {value}::pg_catalog.timestamptz",
          filter.expires_before);
    where(R"(g.created_at OPERATOR(pg_catalog.<)
    (pg_catalog.now() OPERATOR(pg_catalog.-) {value}::interval))",
          filter.age);
    if (!filter.except.empty())
        all.of_group(schema::filled("g.uuid OPERATOR(pg_catalog.<>) ALL({groups}::uuid[])",
                                    {{"groups", all.param(uuids_of(filter.except))}}));
    if (filter.root == false) all.of_group("g.size OPERATOR(pg_catalog.>) 1");
    return all;
}

ItemConditions item_conditions(const ItemQuery& asked, const ItemSource& source,
                               const FilterShapes& forms) {
    return Writer(asked, source, forms).write();
}

bool means_whole_groups(const ItemConditions& conditions) {
    return conditions.forms.empty() &&
           (conditions.items.empty() || conditions.items == " AND " + is_root());
}

bool asks_values(const ItemFilter& filter) {
    return filter.object_id || filter.words || filter.text || filter.parent || filter.orphaned ||
           filter.within || filter.whole_within;
}

}  // namespace trashd::trash
