#include "trash/read/item_sql.hpp"

#include "schema/value.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/key_spelling.hpp"
#include "trash/store/sql.hpp"
#include "trash/store/usual_names.hpp"

namespace trashd::trash {
namespace {

using schema::literal;
using schema::Param;
using schema::quoted;
using std::to_string;

constexpr int kLongestName = 500;  // characters of a display name

std::string naming_rows(const std::vector<Naming>& naming) {
    if (naming.empty())
        return "(SELECT NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text, "
               "NULL::pg_catalog.text WHERE false)";
    std::string rows;
    for (const auto& one : naming)
        rows += (rows.empty() ? "(VALUES (" : ", (") + literal(one.table.schema) + ", " +
                literal(one.table.name) + ", " + literal(one.class_name) + ", " +
                literal(one.display) + ")";
    return rows + ")";
}

std::string unless_empty(const std::string& text) {
    return "CASE WHEN " + text + " OPERATOR(pg_catalog.<>) '' THEN " + text + " END";
}

// What the form's place d..., e... holds; NULL for nothing.
std::string named_by(const std::string& place) {
    return unless_empty("i.payload[s." + place + "]");
}

// The configured column, and where nothing is in it the usual ones.
std::string display_name() {
    std::string sql = "coalesce(" + named_by("d0");
    for (std::size_t at = 0; at < std::size(kUsualNames); ++at) {
        const auto first = named_by("d" + to_string(at + 1));
        if (kUsualNames[at].second.empty())
            sql += ", " + first;
        else
            sql += ", " + unless_empty("pg_catalog.concat_ws(' ', " + first + ", " +
                                       named_by("e" + to_string(at + 1)) + ")");
    }
    return sql +
           ", s.class OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) coalesce(i.object_id, "
           "''))";
}

std::string place_of(std::string_view column, const std::string& name) {
    return ", pg_catalog.array_position(s.names, " + literal(std::string(column)) + ") AS " + name;
}

std::string as_pattern(const std::string& words) {
    std::string pattern = "%";
    for (char c : words) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern + "%";
}

// Conditions of groups and of items, with their parameters.
struct Conditions {
    std::string groups = "g.state OPERATOR(pg_catalog.=) 'trashed'", items;
    std::vector<std::string> forms;  // arrays: the item's form is in each
    std::vector<Param> params;

    std::string param(std::string value) {
        params.emplace_back(std::move(value));
        return "$" + to_string(params.size());
    }
    void of_group(const std::string& sql) { groups += " AND " + sql; }
    void of_item(const std::string& sql) { items += " AND " + sql; }
    std::string items_of_form(const std::string& form) const {
        std::string sql = items;
        for (const auto& array : forms)
            sql += " AND " + form + " OPERATOR(pg_catalog.=) ANY(" + array + ")";
        return sql;
    }
};

std::string array_of(const std::vector<int>& shapes) {
    std::vector<Param> ids;
    for (int id : shapes) ids.emplace_back(to_string(id));
    return literal(schema::array_literal(ids)) + "::int[]";
}

void add_group_terms(Conditions& all, const ItemFilter& filter) {
    if (filter.tenant) all.of_group("g.tenant OPERATOR(pg_catalog.=) " + all.param(*filter.tenant));
    if (filter.group_id)
        all.of_group("g.uuid OPERATOR(pg_catalog.=) " + all.param(*filter.group_id) +
                     "::pg_catalog.uuid");
    if (filter.deleted_by)
        all.of_group("g.deleted_by OPERATOR(pg_catalog.=) " + all.param(*filter.deleted_by));
    if (filter.from)
        all.of_group("g.created_at OPERATOR(pg_catalog.>=) " + all.param(*filter.from) +
                     "::pg_catalog.timestamptz");
    if (filter.to)
        all.of_group("g.created_at OPERATOR(pg_catalog.<) " + all.param(*filter.to) +
                     "::pg_catalog.timestamptz");
    if (filter.age)
        all.of_group(
            "g.created_at OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) " +
            all.param(*filter.age) + "::interval)");
    if (filter.root == false) all.of_group("g.size OPERATOR(pg_catalog.>) 1");
}

void add_form_terms(Conditions& all, const ItemFilter& filter, const FilterShapes& forms) {
    auto one_of = [&](const std::vector<int>& shapes) {
        all.of_group("g.shapes OPERATOR(pg_catalog.&&) " + array_of(shapes));
        all.forms.push_back(array_of(shapes));
    };
    if (filter.table) one_of(forms.table);
    if (filter.among) one_of(forms.among);
    if (filter.whole) all.of_group("g.shapes OPERATOR(pg_catalog.<@) " + array_of(forms.whole));
}

void add_item_terms(Conditions& all, const ItemFilter& filter, const std::string& trash_schema,
                    const FilterShapes& forms) {
    if (filter.root)
        all.of_item(*filter.root ? "i.ordinal OPERATOR(pg_catalog.=) 1"
                                 : "i.ordinal OPERATOR(pg_catalog.>) 1");
    add_form_terms(all, filter, forms);
    if (!forms.beyond.empty()) all.of_item("NOT " + forms.beyond);
    if (!forms.whole_beyond.empty())
        all.of_group("NOT EXISTS (SELECT FROM " + quoted({trash_schema, "item"}) +
                     " i WHERE i.group_id OPERATOR(pg_catalog.=) g.id AND " + forms.whole_beyond +
                     ")");
    if (filter.object_id && !filter.table && !filter.among) {
        // every form there is, so that the index of forms and objects serves
        all.of_item("i.shape OPERATOR(pg_catalog.=) ANY(ARRAY(SELECT id FROM " +
                    quoted({trash_schema, "shape"}) + "))");
    }
    if (filter.object_id) {
        const auto id = all.param(*filter.object_id) + "::pg_catalog.text";
        all.of_item("i.object_id OPERATOR(pg_catalog.=) " +
                    (forms.named
                         ? "ANY (ARRAY(" + written_in_items(*forms.named, id, trash_schema) + "))"
                         : id));
    }
}

std::string naming_join(const ItemFilter& filter, Conditions& all, const std::string& trash_schema,
                        const std::vector<Naming>& naming) {
    if (!filter.words) return "";
    all.of_item(display_name() + " OPERATOR(pg_catalog.~~*) " +
                all.param(as_pattern(*filter.words)));
    return " JOIN " + described_shapes(trash_schema, naming) +
           " s ON s.id OPERATOR(pg_catalog.=) i.shape";
}

}  // namespace

std::string described_shapes(const std::string& trash_schema, const std::vector<Naming>& naming) {
    std::string places = "pg_catalog.array_position(s.names, m.display) AS d0";
    for (std::size_t at = 0; at < std::size(kUsualNames); ++at) {
        const auto& usual = kUsualNames[at];
        places += place_of(usual.column, "d" + to_string(at + 1));
        if (!usual.second.empty()) places += place_of(usual.second, "e" + to_string(at + 1));
    }
    return "(SELECT s.id, coalesce(n.nspname::pg_catalog.text, s.now_schema, s.schema_name) AS "
           "schema_name, "
           "coalesce(c.relname::pg_catalog.text, s.now_table, s.table_name) AS table_name, "
           "coalesce(" +
           unless_empty("m.class") +
           ", c.relname::pg_catalog.text, s.now_table, s.table_name) AS class, " + places +
           " FROM " + quoted({trash_schema, "shape"}) +
           " s LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.relation "
           "LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
           "LEFT JOIN " +
           naming_rows(naming) +
           " m(schema_name, table_name, class, display) ON m.schema_name OPERATOR(pg_catalog.=) "
           "n.nspname AND "
           "m.table_name OPERATOR(pg_catalog.=) c.relname)";
}

std::string is_gone(const std::string& alias) {
    return "NOT EXISTS (SELECT FROM pg_catalog.pg_class there WHERE there.oid "
           "OPERATOR(pg_catalog.=) " +
           alias + ".relation)";
}

std::string item_fields() {
    return "ARRAY[g.uuid::pg_catalog.text, i.ordinal::pg_catalog.text, " + utc("g.created_at") +
           ", g.deleted_by, g.reason, " + utc("g.expires_at") +
           ", g.size::pg_catalog.text, i.object_id, s.schema_name, s.table_name, pg_catalog.left(" +
           display_name() + ", " + to_string(kLongestName) + ")]";
}

std::string item_fields_at(const std::string& trash_schema, const std::vector<Naming>& naming,
                           const std::string& group_id, const std::string& ordinal) {
    return "(SELECT " + item_fields() + " FROM " + quoted({trash_schema, "item"}) + " i JOIN " +
           quoted({trash_schema, "trash_group"}) +
           " g ON g.id OPERATOR(pg_catalog.=) i.group_id JOIN " +
           described_shapes(trash_schema, naming) +
           " s ON s.id OPERATOR(pg_catalog.=) i.shape WHERE i.group_id OPERATOR(pg_catalog.=) " +
           group_id + " AND i.ordinal OPERATOR(pg_catalog.=) " + ordinal + ")";
}

Item item_from(std::string_view fields) {
    auto values = schema::parse_array(fields);
    auto text = [&](std::size_t at) { return values.at(at).value_or(""); };
    Item item;
    item.group_id = text(0);
    item.id = item_id(item.group_id, std::stoll(text(1)));
    item.root = text(1) == "1";
    item.created_at = item.updated_at = text(2);
    item.deleted_by = text(3);
    item.reason = values.at(4);
    item.expires_at = values.at(5);
    item.group_size = std::stoll(text(6));
    item.object_id = text(7);
    item.table = {text(8), text(9)};
    item.display_name = text(10);
    return item;
}

// Group by group along their index; only where few items are meant, those first.
ItemListSql item_list_sql(const ItemQuery& asked, const std::string& trash_schema,
                          const std::vector<Naming>& naming, const FilterShapes& forms, bool few) {
    const auto& filter = asked.filter;
    const auto groups = quoted({trash_schema, "trash_group"}),
               items = quoted({trash_schema, "item"});
    Conditions all;
    add_group_terms(all, filter);
    add_item_terms(all, filter, trash_schema, forms);
    const auto names = naming_join(filter, all, trash_schema, naming);
    const std::string joined = " FROM " + items + " i" + names + " JOIN " + groups +
                               " g ON g.id OPERATOR(pg_catalog.=) i.group_id WHERE ";
    ItemListSql query;
    query.count =
        all.items_of_form("i.shape").empty() && !filter.hidden
            ? "SELECT coalesce(pg_catalog.sum(g.size), 0) FROM " + groups + " g WHERE " + all.groups
            : "SELECT pg_catalog.count(*)" + joined + all.groups + all.items_of_form("i.shape");
    query.count_params = all.params;
    if (asked.after) {
        const auto at = all.param(asked.after->created_at) + "::pg_catalog.timestamptz",
                   group = all.param(to_string(asked.after->group)) + "::bigint",
                   ordinal = all.param(to_string(asked.after->ordinal)) + "::bigint";
        all.of_group("(g.created_at, g.id) OPERATOR(pg_catalog.<=) (" + at + ", " + group + ")");
        all.of_item("(g.id OPERATOR(pg_catalog.<>) " + group +
                    " OR i.ordinal OPERATOR(pg_catalog.>) " + ordinal + ")");
    }
    const auto limit = " LIMIT " + to_string(asked.limit + 1);
    query.select =
        "SELECT g.id AS group_id, i.ordinal, i.shape" +
        (few ? joined + all.groups + all.items_of_form("i.shape")
             : " FROM " + groups + " g CROSS JOIN LATERAL (SELECT i.ordinal, i.shape FROM " +
                   items + " i" + names + " WHERE i.group_id OPERATOR(pg_catalog.=) g.id" +
                   all.items_of_form(kShapeInGroup) + " ORDER BY i.ordinal" + limit + ") i WHERE " +
                   all.groups) +
        " ORDER BY g.created_at DESC, g.id DESC, i.ordinal" + limit;
    query.params = all.params;
    return query;
}

}  // namespace trashd::trash
