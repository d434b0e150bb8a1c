// Rows in which a delete cut references, and triggers wrote other columns at that: what is still as
// the delete left it becomes as it was before; the rest is told.
#include <algorithm>
#include <functional>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/result.hpp"
#include "schema/text.hpp"
#include "trash/insert/links.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/restored.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::join;
using schema::quoted;
using std::to_string;

// A column of which a link keeps the value beside the references, and its place there.
struct Kept {
    const schema::Column* column;
    int position;
    std::string live;  // text, over t
    bool certain;      // what was kept can be read as its type
    const Shape* shape;
};

// sql: an UPDATE of a table of the trash, which the guard must know from what triggers do there.
void write_trash(RestoreContext& restoring, const std::string& sql) {
    restoring.watch.own_trash.updated += restoring.exec(sql).affected();
}

std::string of(const std::string& array, const Kept& kept) {
    return array + "[" + to_string(kept.position) + "]";
}

// Whole rows are followed by their keys.
bool followed(const Links& links) {
    return links.whole && !links.shape->identity.empty() && can_relink(links);
}

std::vector<Kept> kept_beside(const Links& links) {
    const auto& shape = *links.shape;
    const auto among = [](const std::vector<int>& all, int attnum) {
        return std::ranges::find(all, attnum) != all.end();
    };
    std::vector<Kept> out;
    for (const auto& column : shape.table->columns) {
        const int position = shape.position(column.attnum);
        if (position == 0 || column.generated || among(links.cut, column.attnum) ||
            among(shape.identity, column.attnum))
            continue;
        const bool as_it_was = column.type == shape.types[static_cast<std::size_t>(position) - 1];
        out.push_back(
            {&column, position, live_text(shape, column), as_it_was && !column.user_type, &shape});
    }
    return out;
}

// text[] over all positions: what is given for the column, else what the array has.
std::string rewritten(const Links& links, const std::string& array,
                      const std::function<std::string(const Kept&)>& given) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < links.shape->attnums.size(); ++k)
        out.push_back(array + "[" + to_string(k + 1) + "]");
    for (const auto& kept : kept_beside(links))
        out[static_cast<std::size_t>(kept.position) - 1] = given(kept);
    return text_array(out);
}

std::string and_readable(const RestoreContext& restoring, const Kept& kept) {
    if (kept.certain) return "";
    if (!sure_to_read(*kept.shape, kept.column->attnum)) return " AND false";
    return filled(" AND {schema}.cast_error({text}, {type}) IS NULL", restoring.trash_schema,
                  {{"text", read_text(*kept.shape, *kept.column, of("l.row_was", kept))},
                   {"type", schema::literal(kept.column->type)}});
}

std::string shown(const Kept& kept, const std::string& text) {
    return kept.certain ? read_value(*kept.shape, *kept.column, text)
                        : read_text(*kept.shape, *kept.column, text);
}

// Of the links l with the rows t that they name.
std::string linked_rows(const RestoreContext& restoring, const Links& links) {
    return filled("{schema}.link l JOIN {table} AS t ON {same_row}{and_tenant}",
                  restoring.trash_schema,
                  {{"table", schema::relation(*links.shape->table)},
                   {"same_row", same_row(links)},
                   {"and_tenant", of_tenant(restoring, *links.shape->table)}});
}

std::string wanted_rows(const RestoreContext& restoring, const Links& links) {
    return linked_rows(restoring, links) + " AND l.row_wanted IS NOT NULL AND " + links.where;
}

// The position where the condition holds, else NULL.
std::string position_where(const Kept& kept, const std::string& condition) {
    return schema::filled("CASE WHEN {condition} THEN {position} END",
                          {{"condition", condition}, {"position", to_string(kept.position)}});
}

// NULL, or the positions of what is not as the SQL says that it should be.
std::string differing(const Links& links, const std::function<std::string(const Kept&)>& should) {
    std::vector<std::string> out = {"NULL"};
    for (const auto& kept : kept_beside(links))
        out.push_back(position_where(kept, schema::differ(should(kept), kept.live)));
    return not_null(out);
}

std::string wanted(const Kept& kept) {
    return of("l.row_wanted", kept);
}

// Whatever the delete's triggers changed should be as before, though it has changed since.
std::string before_the_delete(const Kept& kept) {
    const auto was = of("l.row_was", kept);
    return schema::filled("CASE WHEN {differ} THEN {was} ELSE {wanted} END",
                          {{"differ", schema::differ(was, of("l.row_left", kept))},
                           {"was", was},
                           {"wanted", wanted(kept)}});
}

// Which columns differ, as assignments.
std::vector<std::string> assignments(RestoreContext& restoring, const Links& links) {
    const auto found = restoring.exec(schema::filled(
        "SELECT DISTINCT pg_catalog.unnest({differing}) FROM {wanted_rows}",
        {{"differing", differing(links, wanted)}, {"wanted_rows", wanted_rows(restoring, links)}}));
    std::vector<std::string> set;
    for (int row = 0; row < found.rows(); ++row) {
        for (const auto& kept : kept_beside(links)) {
            if (kept.position != found.integer(row, 0) || kept.column->identity == "always")
                continue;
            set.push_back(quoted(kept.column->name) + " = " +
                          read_value(*kept.shape, *kept.column, wanted(kept)));
        }
    }
    return set;
}

long long set_columns(RestoreContext& restoring, const Links& links,
                      const std::vector<std::string>& set) {
    const auto& table = *links.shape->table;
    const auto sql = filled(
        R"(UPDATE {table} AS t SET {set}
  FROM {schema}.link l
  WHERE {these} AND l.row_wanted IS NOT NULL AND {same_row}{and_tenant}
    AND {differing} IS NOT NULL)",
        restoring.trash_schema,
        {{"table", schema::relation(table)},
         {"set", join(set, ", ")},
         {"these", links.where},
         {"same_row", same_row(links)},
         {"and_tenant", of_tenant(restoring, table)},
         {"differing", differing(links, wanted)}});
    const auto done = restoring.exec(sql);
    restoring.exec("SET CONSTRAINTS ALL IMMEDIATE");
    return done.affected();
}

void put_right(RestoreContext& restoring, const Links& links) {
    const auto set = assignments(restoring, links);
    const auto oid = links.shape->relation;
    try_to_set(restoring, set, [&](const std::vector<std::string>& some) {
        restoring.watch.own[oid].updated += set_columns(restoring, links, some);
    });
}

// Of a row that the link l knows by all that it is.
std::string back(const RestoreContext& restoring, const Kept& kept) {
    return schema::filled(
        "CASE WHEN l.row_left IS NOT NULL AND {as_left}{and_readable} THEN {was} ELSE {key} END",
        {{"as_left", schema::same(of("l.key", kept), of("l.row_left", kept))},
         {"and_readable", and_readable(restoring, kept)},
         {"was", of("l.row_was", kept)},
         {"key", of("l.key", kept)}});
}

// JSON of the columns d.places: as they should be, or as they are in the row t.
std::string named_values(const Links& links, bool live) {
    std::vector<std::string> rows = {"(0, '', NULL::pg_catalog.json)"};
    for (const auto& kept : kept_beside(links)) {
        if (kept.column->hidden) continue;
        const auto should = shown(kept, "(" + before_the_delete(kept) + ")");
        rows.push_back(
            schema::filled("({position}, {name}, pg_catalog.to_json({value}))",
                           {{"position", to_string(kept.position)},
                            {"name", schema::literal(kept.column->name)},
                            {"value", live ? "t." + quoted(kept.column->name) : should}}));
    }
    return schema::filled(R"((SELECT pg_catalog.json_object_agg(x.name, x.now ORDER BY x.place)
    FROM (VALUES {rows}) x(place, name, now)
    WHERE x.place OPERATOR(pg_catalog.=) ANY (d.places)))",
                          {{"rows", join(rows, ", ")}});
}

bool told(const RestoreContext& restoring, const Altered& altered) {
    return std::ranges::any_of(restoring.result.altered, [&](const auto& other) {
        return other.table == altered.table && other.id == altered.id;
    });
}

void report(RestoreContext& restoring, const Links& links) {
    const auto sql = schema::filled(
        R"(SELECT l.object_id, d.places, {should}, {now}
  FROM {wanted_rows}
  CROSS JOIN LATERAL (SELECT {differing} AS places) d
  WHERE d.places IS NOT NULL LIMIT {most})",
        {{"should", named_values(links, false)},
         {"now", named_values(links, true)},
         {"wanted_rows", wanted_rows(restoring, links)},
         {"differing", differing(links, before_the_delete)},
         {"most", to_string(kMostConflicts)}});
    const auto found = restoring.exec(sql);
    for (int row = 0; row < found.rows(); ++row) {
        Altered altered{links.shape->called(),
                        std::string(found.text(row, 0)),
                        {},
                        std::string(found.text(row, 2)),
                        std::string(found.text(row, 3))};
        const auto places = schema::parse_array(found.text(row, 1));
        for (const auto& kept : kept_beside(links))
            if (std::ranges::count(places, schema::Param(to_string(kept.position))) > 0)
                altered.columns.push_back(kept.column->name);
        if (!told(restoring, altered)) restoring.result.altered.push_back(std::move(altered));
    }
}

// Of a link o that another delete made of the row: what it should have for row_was and row_left.
std::string taught_was(const Kept& kept) {
    const auto was = of("o.row_was", kept);
    return schema::filled(
        R"(CASE WHEN o.id OPERATOR(pg_catalog.>) l.id AND {as_left} THEN {before} ELSE {was} END)",
        {{"as_left", schema::same(was, of("l.row_left", kept))},
         {"before", of("l.row_was", kept)},
         {"was", was}});
}

std::string taught_left(const Kept& kept) {
    const auto now =
        schema::filled("CASE WHEN o.id OPERATOR(pg_catalog.>) l.id THEN {wanted} ELSE {before} END",
                       {{"wanted", wanted(kept)}, {"before", of("l.row_was", kept)}});
    const auto left = of("o.row_left", kept);
    return schema::filled(
        "CASE WHEN {as_now} THEN {live} ELSE {left} END",
        {{"as_now", schema::same(left, now)}, {"live", kept.live}, {"left", left}});
}

// Other deletes have cut the same row, before and after: when these come back, what this one's
// triggers had changed is no value of then, and what the row has become is how they left it.
void teach_others(RestoreContext& restoring, const Links& links) {
    write_trash(restoring, filled(R"(UPDATE {schema}.link o SET row_was = {was}, row_left = {left}
  FROM {wanted_rows}
  WHERE o.shape OPERATOR(pg_catalog.=) l.shape
    AND o.object_id OPERATOR(pg_catalog.=) l.object_id
    AND o.group_id OPERATOR(pg_catalog.<>) l.group_id
    AND o.row_was IS NOT NULL AND o.row_left IS NOT NULL)",
                                  restoring.trash_schema,
                                  {{"was", rewritten(links, "o.row_was", taught_was)},
                                   {"left", rewritten(links, "o.row_left", taught_left)},
                                   {"wanted_rows", wanted_rows(restoring, links)}}));
}

// Of links whose rows have not been looked at yet: the rows are locked, and then the links are told
// what these should be.
constexpr const char* kLockLinked = R"(SELECT pg_catalog.count(*) FROM (
    SELECT 1 FROM {linked_rows}
      AND l.row_left IS NOT NULL AND l.row_wanted IS NULL AND {these}
    ORDER BY {key} FOR NO KEY UPDATE OF t) r)";
constexpr const char* kWantRows = R"(UPDATE {schema}.link l SET row_wanted = {wanted}
  FROM {table} AS t
  WHERE {same_row}{and_tenant}
    AND l.row_left IS NOT NULL AND l.row_wanted IS NULL AND {these})";

std::string wanted_value(const RestoreContext& restoring, const Links& links, const Kept& kept) {
    return schema::filled(
        "CASE WHEN {untouched} AND {as_left}{and_readable} THEN {was} ELSE {live} END",
        {{"untouched", untouched(links)},
         {"as_left", schema::same(kept.live, of("l.row_left", kept))},
         {"and_readable", and_readable(restoring, kept)},
         {"was", of("l.row_was", kept)},
         {"live", kept.live}});
}

}  // namespace

void want_rows(RestoreContext& restoring, const Links& links) {
    if (!followed(links)) return;
    const auto& table = *links.shape->table;
    std::vector<std::string> key;
    for (const int attnum : links.shape->identity)
        key.push_back(cascade::column_of(table, attnum, "t"));
    restoring.exec(schema::filled(kLockLinked, {{"linked_rows", linked_rows(restoring, links)},
                                                {"these", links.where},
                                                {"key", join(key, ", ")}}));
    const auto row = rewritten(
        links, "l.row_was", [&](const Kept& kept) { return wanted_value(restoring, links, kept); });
    write_trash(restoring, filled(kWantRows, restoring.trash_schema,
                                  {{"wanted", row},
                                   {"table", schema::relation(table)},
                                   {"same_row", same_row(links)},
                                   {"and_tenant", of_tenant(restoring, table)},
                                   {"these", links.where}}));
}

std::vector<std::string> set_beside(RestoreContext& restoring, const Links& links) {
    std::vector<std::string> set, places = {"NULL"};
    const auto all = kept_beside(links);
    for (const auto& kept : all)
        places.push_back(
            position_where(kept, schema::differ(of("l.row_was", kept), of("l.row_left", kept))));
    const auto found = restoring.exec(
        filled(R"(SELECT DISTINCT pg_catalog.unnest(ARRAY[{places}]::pg_catalog.int4[]) AS n
  FROM {schema}.link l
  WHERE {these} AND l.row_left IS NOT NULL)",
               restoring.trash_schema, {{"places", join(places, ", ")}, {"these", links.where}}));
    for (int row = 0; row < found.rows(); ++row)
        for (const auto& kept : all)
            if (!found.null(row, 0) && kept.position == found.integer(row, 0) &&
                kept.column->identity != "always")
                set.push_back(
                    quoted(kept.column->name) + " = " +
                    read_value(*kept.shape, *kept.column, "(" + back(restoring, kept) + ")"));
    return set;
}

std::string wanted_row(const RestoreContext& restoring, const Links& links) {
    if (!links.whole) return "NULL::pg_catalog.text[]";
    const auto row =
        rewritten(links, "l.key", [&](const Kept& kept) { return back(restoring, kept); });
    return "CASE WHEN l.row_left IS NOT NULL THEN " + row + " END";
}

std::string differing_values(const Links& links, const std::string& now, bool should) {
    std::vector<std::string> rows = {"('', NULL::pg_catalog.json, false)"};
    for (const auto& kept : kept_beside(links)) {
        if (kept.column->hidden) continue;
        rows.push_back(
            schema::filled("({name}, pg_catalog.to_json({value}), {differ})",
                           {{"name", schema::literal(kept.column->name)},
                            {"value", shown(kept, of(should ? "wanted" : now, kept))},
                            {"differ", schema::differ(of("wanted", kept), of(now, kept))}}));
    }
    return schema::filled(R"((SELECT pg_catalog.json_object_agg(x.name, x.value)
    FROM (VALUES {rows}) x(name, value, differs)
    WHERE x.differs))",
                          {{"rows", join(rows, ", ")}});
}

// p: an element of the item i, of its form s; a: what the link f, of the form k, has of the column.
constexpr const char* kSetItemsBack = R"(WITH found AS MATERIALIZED ({items})
  UPDATE {schema}.item i SET payload = (
    SELECT pg_catalog.array_agg(
      CASE WHEN a.attnum IS NOT NULL AND {as_left} THEN {before} ELSE p.v END ORDER BY p.n)
    FROM ROWS FROM (pg_catalog.unnest(s.attnums), pg_catalog.unnest(i.payload))
      WITH ORDINALITY p(attnum, v, n)
    LEFT JOIN ROWS FROM (pg_catalog.unnest(k.attnums), pg_catalog.unnest(f.row_was),
      pg_catalog.unnest(f.row_left)) WITH ORDINALITY a(attnum, before, later, n)
    ON a.attnum OPERATOR(pg_catalog.=) p.attnum
      AND a.attnum OPERATOR(pg_catalog.=) ANY (ARRAY[{attnums}]::pg_catalog.int2[]))
  FROM found f, {schema}.shape s, {schema}.shape k
  WHERE i.group_id OPERATOR(pg_catalog.=) f.group_id
    AND i.ordinal OPERATOR(pg_catalog.=) f.ordinal
    AND s.id OPERATOR(pg_catalog.=) i.shape AND k.id OPERATOR(pg_catalog.=) {shape}
    AND f.row_left IS NOT NULL)";

void set_items_back(RestoreContext& restoring, const Links& links) {
    if (!followed(links)) return;
    std::vector<std::string> attnums;
    bool labels = false;
    for (const auto& kept : kept_beside(links)) {
        attnums.push_back(to_string(kept.column->attnum));
        labels = labels || schema::is_enum(*kept.column);
    }
    const auto as_item = [&](const std::string& text) {
        return labels ? schema::label_under(text, "k.makeup[a.n]", "s.makeup[p.n]") : text;
    };
    write_trash(restoring, filled(kSetItemsBack, restoring.trash_schema,
                                  {{"items", items_of(restoring, links)},
                                   {"as_left", schema::same("p.v", as_item("a.later"))},
                                   {"before", as_item("a.before")},
                                   {"attnums", join(attnums, ", ")},
                                   {"shape", to_string(links.shape->id)}}));
}

void set_rows_back(RestoreContext& restoring) {
    auto all = links_of(restoring);
    std::erase_if(all, [](const auto& links) { return !followed(links); });
    for (const auto& links : all) put_right(restoring, links);
    std::ranges::reverse(all);  // of several deletes that cut a row the first knows what it was
    for (const auto& links : all) report(restoring, links);
    for (const auto& links : all) teach_others(restoring, links);
}

}  // namespace trashd::trash
