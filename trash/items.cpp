#include "trash/items.hpp"

#include <algorithm>
#include <set>

#include "schema/value.hpp"
#include "trash/store.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::quoted;
using schema::Result;
using schema::Table;

std::string fields() {
    return "g.uuid, i.ordinal, " + utc("g.created_at") + ", g.deleted_by, g.reason, " +
           utc("g.expires_at") +
           ", g.size, i.shape, i.object_id, s.names, i.payload, s.relation::pg_catalog.oid, "
           "s.schema_name, "
           "s.table_name";
}

Item item_from(const Result& result, int row, const schema::Catalog& catalog) {
    Item item;
    item.group_id = result.text(row, 0);
    item.id = item_id(item.group_id, result.integer(row, 1));
    item.root = result.integer(row, 1) == 1;
    item.created_at = item.updated_at = result.text(row, 2);
    item.deleted_by = result.text(row, 3);
    item.reason = result.value(row, 4);
    item.expires_at = result.value(row, 5);
    item.group_size = result.integer(row, 6);
    item.object_id = result.text(row, 8);
    for (const Param& name : schema::parse_array(result.text(row, 9))) item.names.push_back(*name);
    item.values = schema::parse_array(result.text(row, 10));
    const Table* table = catalog.table(static_cast<schema::Oid>(result.integer(row, 11)));
    item.table = table ? table->name
                       : schema::QualifiedName{std::string(result.text(row, 12)),
                                               std::string(result.text(row, 13))};
    return item;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string all;
    for (const std::string& part : parts) all += (all.empty() ? "" : ", ") + part;
    return all;
}

}  // namespace

// Of each column of the shape, the value and its name: in its type where that still fits, else
// text.
std::vector<std::string> Items::expressions(int shape, bool typed) {
    const Result found =
        connection_.exec("SELECT relation::pg_catalog.oid, attnums, names, types FROM " +
                             quoted({trash_schema_, "shape"}) + " WHERE id = $1::int",
                         {std::to_string(shape)});
    const Table* table = catalog_.table(static_cast<schema::Oid>(found.integer(0, 0)));
    const std::vector<Param> attnums = schema::parse_array(found.text(0, 1));
    const std::vector<Param> names = schema::parse_array(found.text(0, 2));
    const std::vector<Param> types = schema::parse_array(found.text(0, 3));
    std::vector<std::string> all;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string text = "(i.payload[" + std::to_string(i + 1) + "])";
        const schema::Column* column = table ? table->column(std::stoi(*attnums[i])) : nullptr;
        const bool same = column && column->type == *types[i];
        const std::string value = !typed ? text
                                  : same ? schema::from_text(*column, text)
                                         : text + "::" + *types[i];
        all.push_back(value + " AS " + quoted(*names[i]));
    }
    return all;
}

void Items::add_objects_of(std::vector<Item>& items, const std::vector<int>& shapes, int shape) {
    std::vector<Param> groups, ordinals;
    std::vector<Item*> wanted;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (shapes[i] != shape) continue;
        const ItemAddress address = parse_item_id(items[i].id);
        groups.push_back(address.group_id);
        ordinals.push_back(std::to_string(address.ordinal));
        wanted.push_back(&items[i]);
    }
    const std::vector<Param> params = {schema::array_literal(groups),
                                       schema::array_literal(ordinals)};
    auto ask = [&](bool typed) {
        return connection_.exec(
            "SELECT pg_catalog.row_to_json(x) FROM ROWS FROM (pg_catalog.unnest($1::uuid[]), "
            "pg_catalog.unnest($2::int[])) WITH ORDINALITY w(uuid, ordinal, n) JOIN " +
                quoted({trash_schema_, "trash_group"}) + " g ON g.uuid = w.uuid JOIN " +
                quoted({trash_schema_, "item"}) +
                " i ON i.group_id = g.id AND i.ordinal = w.ordinal "
                "CROSS JOIN LATERAL (SELECT " +
                joined(expressions(shape, typed)) + " OFFSET 0) x ORDER BY w.n",
            params);
    };
    connection_.exec("SAVEPOINT trashd_object");
    Result rows = [&] {
        try {
            return ask(true);
        } catch (const Error& error) {
            if (error.code() == Code::kUnavailable) throw;
            connection_.exec("ROLLBACK TO SAVEPOINT trashd_object");
            return ask(false);
        }
    }();
    connection_.exec("RELEASE SAVEPOINT trashd_object");
    for (int row = 0; row < rows.rows(); ++row) wanted[row]->object = rows.text(row, 0);
}

void Items::add_objects(std::vector<Item>& items, const std::vector<int>& shapes) {
    for (int shape : std::set<int>(shapes.begin(), shapes.end()))
        add_objects_of(items, shapes, shape);
}

ItemPage Items::read(const std::string& from, const std::vector<Param>& params, int limit,
                     bool with_object) {
    const Result found = connection_.exec("SELECT " + fields() + from, params);
    ItemPage page;
    std::vector<int> shapes;
    page.more = found.rows() > limit;
    for (int row = 0; row < std::min(found.rows(), limit); ++row) {
        page.items.push_back(item_from(found, row, catalog_));
        shapes.push_back(static_cast<int>(found.integer(row, 7)));
    }
    if (with_object) add_objects(page.items, shapes);
    return page;
}

Item Items::one(const std::string& item_id, bool with_object) {
    const GroupRow group = group_of(connection_, trash_schema_, item_id, false);
    const ItemPage page = read(
        " FROM " + quoted({trash_schema_, "trash_group"}) + " g JOIN " +
            quoted({trash_schema_, "item"}) + " i ON i.group_id = g.id JOIN " +
            quoted({trash_schema_, "shape"}) +
            " s ON s.id = i.shape WHERE g.id = $1::bigint "
            "AND i.ordinal = $2::int",
        {std::to_string(group.id), std::to_string(parse_item_id(item_id).ordinal)}, 1, with_object);
    if (page.items.empty()) throw Error(Code::kNotFound, "there is no such TrashItem");
    return page.items[0];
}

std::string Items::canonical(const Table& table, const std::vector<std::string>& id) {
    if (id.size() != table.primary_key.size()) {
        throw Error(Code::kNotFound, "the key of " + table.name.name + " has " +
                                         std::to_string(table.primary_key.size()) + " columns");
    }
    std::vector<std::string> columns;
    std::vector<Param> params;
    for (std::size_t i = 0; i < id.size(); ++i) {
        const schema::Column& column = *table.column(table.primary_key[i]);
        columns.push_back(schema::from_text(column, "$" + std::to_string(i + 1) + "::text") +
                          " AS " + quoted(column.name));
        params.emplace_back(id[i]);
    }
    try {
        return std::string(connection_
                               .exec("SELECT " + schema::key_text(table, table.primary_key, "k") +
                                         " FROM (SELECT " + joined(columns) + ") k",
                                     params)
                               .text(0, 0));
    } catch (const Error& error) {
        if (error.sql() && error.sql()->sqlstate.substr(0, 2) == "22") {
            throw Error(Code::kNotFound,
                        "there is no such object: that id cannot be a key of " + table.name.name);
        }
        throw;
    }
}

std::optional<Item> Items::newest_of(const Table& table, const std::vector<std::string>& id,
                                     bool with_object) {
    const ItemPage page = read(
        " FROM " + quoted({trash_schema_, "shape"}) + " s JOIN " + quoted({trash_schema_, "item"}) +
            " i ON i.shape = s.id JOIN " + quoted({trash_schema_, "trash_group"}) +
            " g ON g.id = i.group_id WHERE s.relation = $1::oid::regclass AND i.object_id = $2 "
            "ORDER BY g.id DESC LIMIT 1",
        {std::to_string(table.oid), canonical(table, id)}, 1, with_object);
    if (page.items.empty()) return std::nullopt;
    return page.items[0];
}

std::map<std::string, Item> Items::newest_of_all(const Table& table,
                                                 const std::vector<std::string>& object_ids) {
    const std::string group = quoted({trash_schema_, "trash_group"}),
                      item = quoted({trash_schema_, "item"}),
                      shape = quoted({trash_schema_, "shape"});
    const std::vector<Param> wanted(object_ids.begin(), object_ids.end());
    const ItemPage page = read(
        " FROM pg_catalog.unnest($2::text[]) w(id) CROSS JOIN LATERAL (SELECT g.id, i.ordinal "
        "FROM " +
            shape + " s JOIN " + item + " i ON i.shape = s.id JOIN " + group +
            " g ON g.id = i.group_id WHERE s.relation = $1::oid::regclass AND i.object_id = w.id "
            "ORDER BY g.id DESC LIMIT 1) n JOIN " +
            group + " g ON g.id = n.id JOIN " + item +
            " i ON i.group_id = n.id AND i.ordinal = n.ordinal JOIN " + shape +
            " s ON s.id = i.shape",
        {std::to_string(table.oid), schema::array_literal(wanted)}, static_cast<int>(wanted.size()),
        false);
    std::map<std::string, Item> found;
    for (const Item& one : page.items) found.emplace(one.object_id, one);
    return found;
}

// Groups newest first, each group's items in its own order; the outer index serves both.
ItemPage Items::page(int limit, const std::string& after, bool with_object) {
    const ItemAddress start = after.empty() ? ItemAddress{"ffffffff-ffff-ffff-ffff-ffffffffffff", 0}
                                            : parse_item_id(after);
    return read(" FROM " + quoted({trash_schema_, "trash_group"}) +
                    " g CROSS JOIN LATERAL (SELECT * FROM " + quoted({trash_schema_, "item"}) +
                    " i WHERE i.group_id = g.id AND i.ordinal > CASE WHEN "
                    "g.uuid = $1::uuid THEN $2::bigint ELSE 0 END ORDER BY i.ordinal LIMIT "
                    "$3::int) i JOIN " +
                    quoted({trash_schema_, "shape"}) +
                    " s ON s.id = i.shape WHERE g.state = 'trashed' AND "
                    "(g.created_at, g.id) <= (SELECT b.created_at, b.id FROM " +
                    quoted({trash_schema_, "trash_group"}) +
                    " b WHERE b.uuid = $1::uuid UNION ALL "
                    "SELECT 'infinity', 9223372036854775807 ORDER BY 2 LIMIT 1) "
                    "ORDER BY g.created_at DESC, g.id DESC, i.ordinal LIMIT $3::int",
                {start.group_id, std::to_string(start.ordinal), std::to_string(limit + 1)}, limit,
                with_object);
}

ItemPage Items::page_of(const Table& table, int limit, const std::string& after) {
    const ItemAddress start = after.empty() ? ItemAddress{"ffffffff-ffff-ffff-ffff-ffffffffffff", 0}
                                            : parse_item_id(after);
    return read(" FROM " + quoted({trash_schema_, "shape"}) + " s JOIN " +
                    quoted({trash_schema_, "item"}) + " i ON i.shape = s.id JOIN " +
                    quoted({trash_schema_, "trash_group"}) +
                    " g ON g.id = i.group_id WHERE s.relation = $1::oid::regclass AND (g.uuid < "
                    "$2::uuid OR "
                    "(g.uuid = $2::uuid AND i.ordinal > $3::bigint)) ORDER BY g.uuid DESC, "
                    "i.ordinal LIMIT $4::int",
                {std::to_string(table.oid), start.group_id, std::to_string(start.ordinal),
                 std::to_string(limit + 1)},
                limit, true);
}

}  // namespace trashd::trash
