// Items are found by one SELECT of group, ordinal and form, whatever was asked, and read() adds
// what is told of each. Rows are made JSON only for those that the answer has, and what is long is
// passed on in pieces.
#include "trash/read/items.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pieces.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/model/options.hpp"
#include "trash/read/item_references.hpp"
#include "trash/read/item_sql.hpp"
#include "trash/read/statistics.hpp"
#include "trash/read/trashed_rows.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/key_spelling.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::quoted;
using schema::Table;
using std::to_string;

constexpr int kLongObject = 1 << 20;  // bytes

// The items of a filter are counted as well as listed.
constexpr long long kAll = std::numeric_limits<int>::max();

// Of a form s: what its table was called when it was there.
constexpr const char* kLastSchema = "COALESCE(s.now_schema, s.schema_name)";
constexpr const char* kLastTable = "COALESCE(s.now_table, s.table_name)";

// What goes on from it, the other way, begins with the item that the page began behind.
ItemPosition beside(const ItemQuery& asked) {
    auto place = asked.after.value_or(ItemPosition());
    const bool down = asked.order == ItemOrder::kDisplayName && asked.descending;
    place.ordinal += down == asked.backwards ? 1 : -1;
    return place;
}

// How long a list looks for what no index finds, and of how many groups it looks at once.
constexpr std::chrono::milliseconds kLongestSearch{2000};
constexpr long long kFirstBatch = 500, kLargestBatch = 16000;

void check_times(schema::Connection& connection, const std::string& trash_schema,
                 const ItemQuery& asked) {
    std::vector<TypedText> times;
    std::vector<std::string> names;
    auto add = [&](const char* name, const std::string& time, const std::string& type) {
        times.push_back({time, type});
        names.emplace_back(name);
    };
    constexpr const char* kTime = "pg_catalog.timestamptz";
    if (asked.filter.from) add("from", *asked.filter.from, kTime);
    if (asked.filter.to) add("to", *asked.filter.to, kTime);
    if (asked.filter.expires_before) add("expiresBefore", *asked.filter.expires_before, kTime);
    if (asked.after) add("cursor", asked.after->key, key_type(asked.order));
    if (const auto bad = first_bad(connection, trash_schema, times))
        throw Error(Code::kBadRequest,
                    "'" + names[*bad] + "' is not a time; write it as 2030-01-31T23:59:00Z");
}

bool is_slow(const ItemFilter& filter) {
    return filter.text || filter.orphaned;
}

}  // namespace

// from: a SELECT of group_id, ordinal, shape, wanted.
std::vector<Items::Found> Items::read(const std::string& from, const std::vector<Param>& params) {
    const auto sql = schema::filled(
        "SELECT p.group_id, p.ordinal, p.shape, {fields}, p.wanted FROM ({from}) p",
        {{"fields", item_fields_at(trash_schema_, naming_, "p.group_id", "p.ordinal")},
         {"from", from}});
    const auto rows = connection_.exec(sql, params);
    std::vector<Found> all;
    for (int row = 0; row < rows.rows(); ++row)
        all.push_back({item_from(rows.text(row, 3)), rows.integer(row, 0), rows.integer(row, 1),
                       static_cast<int>(rows.integer(row, 2)), std::string(rows.text(row, 4))});
    return all;
}

// What is long is not even made JSON: its text may be longer than PostgreSQL writes any.
std::optional<std::string> Items::short_object_of(const Found& found) {
    const ItemPlace place{to_string(found.group), to_string(found.ordinal)};
    const Form form =
        forms_of(connection_, catalog_, trash_schema_, std::vector{found.shape}).at(0);
    const auto sql = filled(
        R"(SELECT CASE WHEN (
      SELECT pg_catalog.sum(pg_catalog.octet_length(u.v))
      FROM {schema}.item i CROSS JOIN pg_catalog.unnest(i.payload) u(v)
      WHERE i.group_id OPERATOR(pg_catalog.=) {group}
        AND i.ordinal OPERATOR(pg_catalog.=) {ordinal}
    ) OPERATOR(pg_catalog.>) {long} THEN NULL ELSE {json} END)",
        trash_schema_,
        {{"group", place.group_id},
         {"ordinal", place.ordinal},
         {"long", to_string(kLongObject)},
         {"json", json_as_it_was(form, trash_schema_, place)}});
    return connection_.exec(sql).value(0, 0);
}

void Items::write_object(const Found& found, const std::vector<std::string>* select,
                         const ItemSink& sink) {
    const ItemPlace place{to_string(found.group), to_string(found.ordinal)};
    const Form form =
        forms_of(connection_, catalog_, trash_schema_, std::vector{found.shape}).at(0);
    const auto json = select && form.table ? json_as_today(form, trash_schema_, place, *select)
                                           : json_as_it_was(form, trash_schema_, place);
    sink.item(found.item);
    schema::read_long(connection_, {"SELECT " + json + "::pg_catalog.text"}, {{}, sink.piece});
}

Items::Found Items::found_one(const std::string& item_id) {
    const GroupRow group = group_of(connection_, trash_schema_, item_id, false);
    const auto sql = filled(
        R"(SELECT group_id, ordinal, shape, NULL AS wanted FROM {schema}.item
  WHERE group_id OPERATOR(pg_catalog.=) $1::bigint AND ordinal OPERATOR(pg_catalog.=) $2::int)",
        trash_schema_);
    auto found = read(sql, {to_string(group.id), to_string(parse_item_id(item_id).ordinal)});
    if (found.empty()) throw Error(Code::kNotFound, "there is no such TrashItem");
    return found[0];
}

Item Items::root_of(const std::string& group_id) {
    const auto sql = filled(
        R"(SELECT coalesce(roots[1], 1) FROM {schema}.trash_group
  WHERE uuid OPERATOR(pg_catalog.=) $1::pg_catalog.uuid)",
        trash_schema_);
    const auto first = connection_.exec(sql, {group_id});
    return one(item_id(group_id, first.rows() == 0 ? 1 : first.integer(0, 0)), false);
}

Item Items::one(const std::string& item_id, bool with_object) {
    auto found = found_one(item_id);
    if (with_object) found.item.object = short_object_of(found);
    return found.item;
}

void Items::one(const std::string& item_id, const ItemSink& sink) {
    write_object(found_one(item_id), nullptr, sink);
}

std::string Items::canonical(const Table& table, const std::vector<std::string>& id) {
    if (id.size() != table.identity.size()) {
        throw Error(Code::kNotFound, "the key of " + table.name.name + " has " +
                                         std::to_string(table.identity.size()) + " columns");
    }
    std::vector<std::string> columns;
    std::vector<Param> params;
    for (std::size_t i = 0; i < id.size(); ++i) {
        const schema::Column& column = *table.column(table.identity[i]);
        columns.push_back(
            schema::from_text(column, "$" + std::to_string(i + 1) + "::pg_catalog.text") + " AS " +
            quoted(column.name));
        params.emplace_back(id[i]);
    }
    const auto sql = schema::filled("SELECT {id} FROM (SELECT {columns}) k",
                                    {{"id", schema::key_text(table, table.identity, "k")},
                                     {"columns", schema::join(columns, ", ")}});
    try {
        return std::string(connection_.exec(sql, params).text(0, 0));
    } catch (const Error& error) {
        if (error.of_class(sqlstate::kDataExceptions)) {
            throw Error(Code::kNotFound,
                        "there is no such object: that id cannot be a key of " + table.name.name);
        }
        throw;
    }
}

std::vector<Items::Found> Items::newest_among(const Table& table,
                                              const std::vector<std::string>& object_ids) {
    const auto wanted =
        spelt_by_items(table, "SELECT pg_catalog.unnest($1::pg_catalog.text[])", trash_schema_);
    const auto sql = filled(
        R"(SELECT n.*, w.id AS wanted
  FROM {wanted} w
  CROSS JOIN LATERAL (
    SELECT i.group_id, i.ordinal, i.shape
    FROM {schema}.shape s
    JOIN {schema}.item i ON i.shape OPERATOR(pg_catalog.=) s.id
    WHERE s.relation OPERATOR(pg_catalog.=) {table}
      AND i.object_id OPERATOR(pg_catalog.=) ANY (w.ids)
      AND {seen_by_tenant}
    ORDER BY i.group_id DESC LIMIT 1) n)",
        trash_schema_,
        {{"wanted", wanted},
         {"table", to_string(table.oid)},
         {"seen_by_tenant", group_seen_by_tenant(trash_schema_, "i.group_id")}});
    return read(sql,
                {schema::array_literal(std::vector<Param>(object_ids.begin(), object_ids.end()))});
}

std::optional<Items::Found> Items::newest(const Table& table, const std::vector<std::string>& id) {
    auto found = newest_among(table, {canonical(table, id)});
    if (found.empty()) return std::nullopt;
    return found[0];
}

std::optional<Item> Items::newest_of(const Table& table, const std::vector<std::string>& id,
                                     bool with_object) {
    auto found = newest(table, id);
    if (!found) return std::nullopt;
    if (with_object) found->item.object = short_object_of(*found);
    return found->item;
}

std::map<std::string, Item> Items::newest_of_all(const Table& table,
                                                 const std::vector<std::string>& object_ids) {
    std::map<std::string, Item> all;
    for (const Found& one : newest_among(table, object_ids)) all.emplace(one.wanted, one.item);
    return all;
}

bool Items::newest_row_of(const Table& table, const std::vector<std::string>& id,
                          const std::vector<std::string>& select, const ItemSink& sink) {
    const auto found = newest(table, id);
    if (found) write_object(*found, &select, sink);
    return found.has_value();
}

// A row at a time, and a long one in pieces: together they may be larger than memory.
void Items::stream_objects(const std::vector<Found>& found, const ItemSink& sink) {
    std::set<int> shapes;
    std::vector<Param> groups, ordinals, forms;
    for (const auto& one : found) {
        shapes.insert(one.shape);
        groups.emplace_back(to_string(one.group));
        ordinals.emplace_back(to_string(one.ordinal));
        forms.emplace_back(to_string(one.shape));
    }
    std::string cases;
    for (const auto& form :
         forms_of(connection_, catalog_, trash_schema_, std::vector(shapes.begin(), shapes.end())))
        cases += schema::filled(
            " WHEN w.shape OPERATOR(pg_catalog.=) {form} THEN {json}",
            {{"form", to_string(form.id)},
             {"json", json_as_it_was(form, trash_schema_, {"w.group_id", "w.ordinal"})}});
    const auto sql = schema::filled(
        R"(SELECT (CASE{cases} END)::pg_catalog.text
  FROM ROWS FROM (
    pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::int[]), pg_catalog.unnest($3::int[]))
    w(group_id, ordinal, shape))",
        {{"cases", cases}});
    std::size_t next = 0;
    schema::read_long(
        connection_,
        {sql,
         0,
         {schema::array_literal(groups), schema::array_literal(ordinals),
          schema::array_literal(forms)}},
        {[&](const schema::Result&) { sink.item(found.at(next++).item); }, sink.piece});
}

std::vector<int> Items::forms_of_all(const std::vector<schema::QualifiedName>& tables) {
    std::vector<Param> oids, schemas, names;
    for (const auto& name : tables) {
        if (const Table* table = catalog_.table(name)) oids.emplace_back(to_string(table->oid));
        schemas.emplace_back(name.schema);
        names.emplace_back(name.name);
    }
    const auto sql = filled(
        R"(SELECT s.id FROM {schema}.shape s
  WHERE s.relation OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
    OR ({is_gone} AND EXISTS (
      SELECT FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) n(s, t)
      WHERE n.s OPERATOR(pg_catalog.=) {last_schema} AND n.t OPERATOR(pg_catalog.=) {last_table}))
  ORDER BY 1)",
        trash_schema_,
        {{"is_gone", is_gone("s")}, {"last_schema", kLastSchema}, {"last_table", kLastTable}});
    const auto found =
        connection_.exec(sql, {schema::array_literal(oids), schema::array_literal(schemas),
                               schema::array_literal(names)});
    std::vector<int> ids;
    for (int row = 0; row < found.rows(); ++row)
        ids.push_back(static_cast<int>(found.integer(row, 0)));
    return ids;
}

std::vector<int> Items::forms_of_all_tables() {
    const auto found =
        connection_.exec(filled("SELECT id FROM {schema}.shape ORDER BY 1", trash_schema_));
    std::vector<int> ids;
    for (int row = 0; row < found.rows(); ++row)
        ids.push_back(static_cast<int>(found.integer(row, 0)));
    return ids;
}

std::vector<schema::QualifiedName> Items::gone_tables() {
    const auto sql = filled(
        R"(SELECT DISTINCT {last_schema}, {last_table} FROM {schema}.shape s
  WHERE {is_gone} ORDER BY 1, 2)",
        trash_schema_,
        {{"last_schema", kLastSchema}, {"last_table", kLastTable}, {"is_gone", is_gone("s")}});
    const auto found = connection_.exec(sql);
    std::vector<schema::QualifiedName> names;
    for (int row = 0; row < found.rows(); ++row)
        names.push_back({std::string(found.text(row, 0)), std::string(found.text(row, 1))});
    return names;
}

std::optional<FilterShapes> Items::shapes_for(const ItemFilter& filter) {
    FilterShapes forms;
    if (!filter.tables.empty()) forms.table = forms_of_all(filter.tables);
    for (const auto& name : filter.tables)
        if (const auto* table = catalog_.table(name)) forms.named.push_back(table);
    if (filter.among) forms.among = forms_of_all(*filter.among);
    if (filter.whole) forms.whole = forms_of_all(*filter.whole);
    if ((!filter.tables.empty() && forms.table.empty()) || (filter.among && forms.among.empty()) ||
        (filter.whole && forms.whole.empty()))
        return std::nullopt;
    if (filter.within)
        forms.beyond = "NOT " + trash::within(*filter.within, catalog_, trash_schema_, false);
    if (filter.whole_within)
        forms.whole_beyond =
            "NOT " + trash::within(*filter.whole_within, catalog_, trash_schema_, true);
    forms.few =
        filter.object_id ||
        (!filter.tables.empty() && few_items(connection_, trash_schema_, forms.table, kAll)) ||
        (filter.among && few_items(connection_, trash_schema_, forms.among, kAll));
    if (filter.parent) add_parent(forms, *filter.parent);
    if (filter.orphaned)
        forms.orphaned = is_orphaned(
            catalog_, trash_schema_,
            trash::forms_of(connection_, catalog_, trash_schema_, forms_of_all_tables()));
    return forms;
}

void Items::add_parent(FilterShapes& forms, const std::string& item_id) {
    const auto parent = found_one(item_id);
    const auto group = group_of(connection_, trash_schema_, item_id, false);
    const ItemReferences references(connection_, catalog_, trash_schema_,
                                    {group.id, group.shapes, group.roots});
    forms.hanging = references.members_of(parent.ordinal, parent.shape);
    forms.parent_group = group.id;
    forms.few = false;  // one group is looked at
}

Emptied Items::totals(const ItemFilter& roots) {
    ItemQuery asked;
    asked.filter = roots;
    asked.limit = std::numeric_limits<int>::max() - 1;
    check_times(connection_, trash_schema_, asked);
    const auto forms = shapes_for(roots);
    if (!forms) return {};
    const auto query = item_list_sql(asked, source(), *forms);
    const auto sql = filled(
        R"(SELECT pg_catalog.count(*), pg_catalog.sum(g.size)::pg_catalog.int8
  FROM (SELECT DISTINCT q.group_id FROM ({list}) q) p
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) p.group_id)",
        trash_schema_, {{"list", query.select}});
    const auto sums = connection_.exec(sql, query.params);
    return {sums.integer(0, 0), sums.integer(0, 1)};
}

std::vector<Items::Found> Items::listed(const ItemQuery& asked, const FilterShapes& forms) {
    const auto query = item_list_sql(asked, source(), forms);
    return read(
        "SELECT q.group_id, q.ordinal, q.shape, q.key AS wanted FROM (" + query.select + ") q",
        query.params);
}

std::optional<ItemPosition> Items::end_of_batch(const ItemQuery& asked, long long groups) {
    const auto bound = item_bound_sql(asked, source(), groups);
    const auto found = connection_.exec(bound.select, bound.params);
    if (found.rows() == 0) return std::nullopt;
    return ItemPosition{std::string(found.text(0, 0)), found.integer(0, 1),
                        asked.backwards ? 0 : std::numeric_limits<int>::max()};
}

std::vector<Items::Found> Items::searched(const ItemQuery& asked, FilterShapes forms,
                                          ItemPage& page) {
    std::vector<Found> all;
    if (asked.order != ItemOrder::kCreatedAt) {  // to be sorted all must be found
        page.partial = !in_time(connection_, kLongestSearch, [&] { all = listed(asked, forms); });
        return all;
    }
    const auto end = std::chrono::steady_clock::now() + kLongestSearch;
    auto rest = asked;
    for (auto batch = kFirstBatch;; batch = std::min(2 * batch, kLargestBatch)) {
        forms.until = end_of_batch(rest, batch);
        auto found = listed(rest, forms);
        std::ranges::move(found, std::back_inserter(all));
        rest.limit = asked.limit - static_cast<int>(all.size());
        if (rest.limit < 0 || !forms.until) return all;
        rest.after = forms.until;
        if (std::chrono::steady_clock::now() < end) continue;
        page.partial = true;
        (asked.backwards ? page.first : page.last) = *forms.until;
        return all;
    }
}

void Items::add_via(std::vector<Found>& found, const FilterShapes& forms) {
    std::vector<Param> ordinals;
    for (const auto& one : found) ordinals.emplace_back(to_string(one.ordinal));
    const auto sql = schema::filled(
        R"(SELECT h.ordinal, h.via FROM ({hanging}) h
  WHERE h.ordinal OPERATOR(pg_catalog.=) ANY ($1::int[]))",
        {{"hanging", forms.hanging}});
    const auto named = connection_.exec(sql, {schema::array_literal(ordinals)});
    std::map<long long, std::string> via;
    for (int row = 0; row < named.rows(); ++row) via[named.integer(row, 0)] = named.text(row, 1);
    for (auto& one : found) one.item.via = via[one.ordinal];
}

std::optional<long long> Items::total(const ItemQuery& asked, const FilterShapes& forms) {
    const auto query = item_list_sql(asked, source(), forms);
    std::optional<long long> total;
    const auto count = [&] {
        total = connection_.exec(query.count, query.count_params).integer(0, 0);
    };
    if (!is_slow(asked.filter))
        count();
    else
        in_time(connection_, kLongestSearch, count);
    return total;
}

void Items::give(std::vector<Found>& found, const ItemQuery& asked,
                 const std::function<void(const Item&)>& each) {
    if (asked.with_object && !found.empty())
        stream_objects(found, {each, [&](std::string_view piece) {
                                   if (asked.object) asked.object(piece);
                               }});
    else
        for (const auto& one : found) each(one.item);
}

ItemPage Items::page(const ItemQuery& asked, const std::function<void(const Item&)>& each) {
    check_times(connection_, trash_schema_, asked);
    const auto forms = shapes_for(asked.filter);
    ItemPage page;
    page.first = page.last = beside(asked);
    if (asked.count) page.total = 0;
    if (!forms) return page;
    auto found = is_slow(asked.filter) ? searched(asked, *forms, page) : listed(asked, *forms);
    page.more = found.size() > static_cast<std::size_t>(asked.limit);
    if (page.more) found.pop_back();
    if (asked.backwards) std::ranges::reverse(found);
    const auto place = [](const Found& one) {
        return ItemPosition{one.wanted, one.group, one.ordinal};
    };
    const bool stopped = page.partial && asked.order == ItemOrder::kCreatedAt;
    if (!found.empty() && !(stopped && asked.backwards)) page.first = place(found.front());
    if (!found.empty() && !(stopped && !asked.backwards)) page.last = place(found.back());
    page.more = page.more || stopped;
    if (!forms->hanging.empty()) add_via(found, *forms);
    if (asked.count) page.total = total(asked, *forms);
    give(found, asked, each);
    return page;
}

Facets Items::facets(const ItemFilter& filter) {
    check_times(connection_, trash_schema_, {filter});
    const auto forms = shapes_for(filter);
    return forms ? read_facets({connection_, source(), filter, *forms}) : Facets();
}

Statistics Items::statistics(const ItemFilter& filter) {
    auto forms = shapes_for(filter);
    Statistics none;
    none.at = std::string(connection_.exec("SELECT " + utc("pg_catalog.now()")).text(0, 0));
    return forms ? read_statistics({connection_, source(), filter, *forms}) : none;
}

}  // namespace trashd::trash
