// Sets references back that the delete had cut, in rows that lie in the trash as in live ones; only
// where nobody has written another value since.
#include <algorithm>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/catalog/tenant.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/result.hpp"
#include "schema/text.hpp"
#include "trash/insert/links.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/restored.hpp"
#include "trash/store/key_spelling.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::join;
using schema::quoted;
using std::to_string;

// SQL over forms: they are of the same table. One that is gone has no number.
std::string of_table(const Shape& shape) {
    if (shape.relation != 0) return "relation OPERATOR(pg_catalog.=) " + to_string(shape.relation);
    return schema::filled(
        R"(relation IS NULL AND now_schema OPERATOR(pg_catalog.=) {table_schema}
        AND now_table OPERATOR(pg_catalog.=) {table})",
        {{"table_schema", schema::literal(shape.name.schema)},
         {"table", schema::literal(shape.name.name)}});
}

// The ids in the trash of the object of the link l. It may have got another spelling meanwhile.
std::string spellings(const RestoreContext& restoring, const Links& links) {
    const auto* table = links.shape->table;
    if (!table || table->identity != links.shape->identity || text_decides(*table, table->identity))
        return "l.object_id";
    const auto today = filled(
        "SELECT {id} FROM {schema}.shape k WHERE k.id OPERATOR(pg_catalog.=) {shape}",
        restoring.trash_schema,
        {{"id", id_today(*table, "l.object_id", "k")}, {"shape", to_string(links.shape->id)}});
    return any_spelling(spelt_by_items(*table, today, restoring.trash_schema));
}

std::string items_by_key(const RestoreContext& restoring, const Links& links) {
    return filled(
        R"(SELECT l.ctid AS link, l.row_id, x.group_id, x.ordinal, l.was, l.left_as, l.row_was,
    l.row_left
  FROM {schema}.link l
  CROSS JOIN LATERAL (
    SELECT i.group_id, i.ordinal
    FROM {schema}.item i
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
      AND g.state OPERATOR(pg_catalog.=) 'trashed'
    WHERE i.shape OPERATOR(pg_catalog.=) ANY(ARRAY(SELECT id FROM {schema}.shape WHERE {of_table}))
      AND {seen} AND i.object_id OPERATOR(pg_catalog.=) {spellings}
      AND g.taken OPERATOR(pg_catalog.>) {taken}
    ORDER BY g.taken LIMIT 1) x
  WHERE {these})",
        restoring.trash_schema,
        {{"of_table", of_table(*links.shape)},
         {"seen", seen_by_tenant("g")},
         {"spellings", spellings(restoring, links)},
         {"taken", to_string(links.taken)},
         {"these", links.where}});
}

// Rows without a key: like rows are paired one to one.
std::string items_by_row(const RestoreContext& restoring, const Links& links) {
    return filled(
        R"(SELECT l.link, l.row_id, x.group_id, x.ordinal, l.was, l.left_as, l.row_was, l.row_left
  FROM (
    SELECT l.ctid AS link, l.row_id, l.key, l.was, l.left_as, l.row_was, l.row_left,
      pg_catalog.row_number() OVER (PARTITION BY l.key) AS n
    FROM {schema}.link l WHERE {these}) l
  JOIN (
    SELECT i.group_id, i.ordinal, i.payload,
      pg_catalog.row_number() OVER (PARTITION BY i.payload ORDER BY g.taken, i.ordinal) AS n
    FROM {schema}.item i
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
      AND g.state OPERATOR(pg_catalog.=) 'trashed'
    WHERE i.shape OPERATOR(pg_catalog.=) {shape} AND {seen} AND i.object_id IS NULL
      AND g.taken OPERATOR(pg_catalog.>) {taken}) x
  ON x.payload OPERATOR(pg_catalog.=) l.key AND x.n OPERATOR(pg_catalog.=) l.n)",
        restoring.trash_schema,
        {{"these", links.where},
         {"shape", to_string(links.shape->id)},
         {"seen", seen_by_tenant("g")},
         {"taken", to_string(links.taken)}});
}

}  // namespace

std::string items_of(const RestoreContext& restoring, const Links& links) {
    return links.shape->identity.empty() ? items_by_row(restoring, links)
                                         : items_by_key(restoring, links);
}

namespace {

// Keeps those groups in the trash until the references in them are set back.
bool lock_groups(RestoreContext& restoring, const Links& links) {
    const auto sql = filled(
        R"(SELECT id FROM {schema}.trash_group
  WHERE id OPERATOR(pg_catalog.=) ANY (SELECT f.group_id FROM ({items}) f)
  ORDER BY id FOR SHARE)",
        restoring.trash_schema, {{"items", items_of(restoring, links)}});
    return restoring.exec(sql).rows() > 0;
}

// The text of the link's column as the item's form s writes it, which may be younger: k is the
// link's form.
std::string in_item(const Links& links, int attnum, const std::string& text) {
    const auto* table = links.shape->table;
    const auto* column = table ? table->column(attnum) : nullptr;
    if (!column || !schema::is_enum(*column)) return text;
    const auto makeup = [&](const std::string& form) {
        return form + ".makeup[" + place_in(form, attnum) + "]";
    };
    return schema::label_under(text, makeup("k"), makeup("s"));
}

// Of the item i, of the form s, with the link f.
struct ItemUpdate {
    std::vector<std::string> set, as_left;
};

ItemUpdate item_update(const Links& links) {
    ItemUpdate out;
    for (std::size_t k = 0; k < links.attnums.size(); ++k) {
        const int attnum = links.attnums[k];
        const auto place = place_in("s", attnum), n = "[" + to_string(k + 1) + "]";
        const auto value = "payload[" + place + "]";
        out.set.push_back(value + " = " + in_item(links, attnum, "f.was" + n));
        out.as_left.push_back(place + " IS NOT NULL");
        out.as_left.push_back(schema::same("i." + value, in_item(links, attnum, "f.left_as" + n)));
    }
    return out;
}

std::string update_items(const RestoreContext& restoring, const Links& links) {
    const auto update = item_update(links);
    return filled(
        R"(WITH found AS MATERIALIZED ({items}),
  done AS (
    UPDATE {schema}.item i SET {set}
    FROM found f, {schema}.shape s, {schema}.shape k
    WHERE i.group_id OPERATOR(pg_catalog.=) f.group_id
      AND i.ordinal OPERATOR(pg_catalog.=) f.ordinal
      AND s.id OPERATOR(pg_catalog.=) i.shape AND k.id OPERATOR(pg_catalog.=) {shape}
      AND {as_left}
    RETURNING f.row_id, i.payload AS key),
  gone AS (
    DELETE FROM {schema}.link
    WHERE ctid OPERATOR(pg_catalog.=) ANY (SELECT link FROM found)
    RETURNING 1),
  others AS (
    UPDATE {schema}.link o SET key = done.key
    FROM done
    WHERE o.row_id OPERATOR(pg_catalog.=) done.row_id
      AND NOT (o.ctid OPERATOR(pg_catalog.=) ANY (SELECT link FROM found))
    RETURNING 1)
  SELECT (SELECT pg_catalog.count(*) FROM done), (SELECT pg_catalog.count(*) FROM gone),
    (SELECT pg_catalog.count(*) FROM others))",
        restoring.trash_schema,
        {{"items", items_of(restoring, links)},
         {"set", join(update.set, ", ")},
         {"shape", to_string(links.shape->id)},
         {"as_left", join(update.as_left, " AND ")}});
}

void relink_items(RestoreContext& restoring, const Links& links) {
    set_items_back(restoring, links);
    const auto done = restoring.exec(update_items(restoring, links));
    restoring.result.relinked += done.integer(0, 0);
    restoring.watch.own_trash.deleted += done.integer(0, 1);
    restoring.watch.own_trash.updated += done.integer(0, 0) + done.integer(0, 2);
}

std::string assignments(const Links& links, const std::string& was) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < links.attnums.size(); ++k) {
        const auto& column = *links.shape->table->column(links.attnums[k]);
        out.push_back(quoted(column.name) + " = " +
                      read_value(*links.shape, column, was + "[" + to_string(k + 1) + "]"));
    }
    return join(out, ", ");
}

std::string update_by_key(const RestoreContext& restoring, const Links& links) {
    return filled(
        R"(UPDATE {table} AS t SET {set}
  FROM {schema}.link l
  WHERE {these} AND {same_row} AND {untouched}{and_tenant})",
        restoring.trash_schema,
        {{"table", schema::relation(*links.shape->table)},
         {"set", assignments(links, "l.was")},
         {"these", links.where},
         {"same_row", same_row(links)},
         {"untouched", untouched(links)},
         {"and_tenant", of_tenant(restoring, *links.shape->table)}});
}

// The whole row as text, of the columns that are still there: (of the row t, of the link l).
std::pair<std::string, std::string> whole_row(const Shape& shape) {
    std::vector<std::string> live, kept;
    for (const auto& column : shape.table->columns) {
        const int position = shape.position(column.attnum);
        if (position == 0) continue;
        live.push_back(live_text(shape, column));
        kept.push_back("l.key[" + to_string(position) + "]");
    }
    return {text_array(live), text_array(kept)};
}

// The row t as text in the form of the link l, which may be older than the table's.
std::string row_now(const Shape& shape) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < shape.attnums.size(); ++k) {
        const auto* column = shape.table->column(shape.attnums[k]);
        out.push_back(column ? live_text(shape, *column) : "l.key[" + to_string(k + 1) + "]");
    }
    return text_array(out);
}

// Rows locked by an earlier statement stay where they are, so their place names them here. The
// row's other links, of whatever group, learn what it has become. Answers how many rows there were,
// and JSON of what is not as before the delete.
constexpr const char* kUpdateByRow = R"(WITH l AS MATERIALIZED (
    SELECT l.row_id, l.key, l.was, l.row_was, l.row_left, {kept} AS k,
      pg_catalog.row_number() OVER (PARTITION BY {kept}) AS n
    FROM {schema}.link l WHERE {these}),
  c AS MATERIALIZED (
    SELECT t.tableoid AS part, t.ctid AS place, {live} AS k,
      pg_catalog.row_number() OVER (PARTITION BY {live} ORDER BY t.tableoid, t.ctid) AS n
    FROM {table} AS t
    WHERE {live} OPERATOR(pg_catalog.=) ANY (SELECT k FROM l)),
  done AS (
    UPDATE {table} AS t SET {set}
    FROM l JOIN c ON c.k OPERATOR(pg_catalog.=) l.k AND c.n OPERATOR(pg_catalog.=) l.n
    WHERE t.tableoid OPERATOR(pg_catalog.=) c.part AND t.ctid OPERATOR(pg_catalog.=) c.place
    RETURNING l.row_id, {row_now} AS key, {wanted} AS wanted),
  others AS (
    UPDATE {schema}.link o SET key = done.key
    FROM done
    WHERE o.row_id OPERATOR(pg_catalog.=) done.row_id
    RETURNING 1)
  SELECT (SELECT pg_catalog.count(*) FROM done), d.was, d.now,
    ARRAY(SELECT pg_catalog.json_object_keys(d.was)), (SELECT pg_catalog.count(*) FROM others)
  FROM (SELECT) one
  LEFT JOIN (
    SELECT {was} AS was, {now} AS now FROM done WHERE wanted IS NOT NULL) d
  ON d.was IS NOT NULL)";

std::string update_by_row(RestoreContext& restoring, const Links& links) {
    const auto [live, kept] = whole_row(*links.shape);
    auto set = links.whole ? set_beside(restoring, links) : std::vector<std::string>();
    set.push_back(assignments(links, "l.was"));
    return filled(kUpdateByRow, restoring.trash_schema,
                  {{"kept", kept},
                   {"live", live},
                   {"these", links.where},
                   {"table", schema::relation(*links.shape->table)},
                   {"set", join(set, ", ")},
                   {"row_now", row_now(*links.shape)},
                   {"wanted", wanted_row(restoring, links)},
                   {"was", differing_values(links, "key", true)},
                   {"now", differing_values(links, "key", false)}});
}

long long set_back_by_row(RestoreContext& restoring, const Links& links) {
    const auto done = restoring.exec(update_by_row(restoring, links));
    for (int row = 0; row < done.rows() && !done.null(row, 1); ++row) {
        Altered altered{links.shape->called(),
                        "",
                        {},
                        std::string(done.text(row, 1)),
                        std::string(done.text(row, 2))};
        for (const auto& name : schema::parse_array(done.text(row, 3)))
            altered.columns.push_back(*name);
        restoring.result.altered.push_back(std::move(altered));
    }
    restoring.watch.own_trash.updated += done.integer(0, 4);
    return done.integer(0, 0);
}

// The links first: two restores that concern one row come one after the other.
void lock_rows(RestoreContext& restoring, const Links& links) {
    const auto [live, kept] = whole_row(*links.shape);
    const schema::Values values = {{"these", links.where},
                                   {"table", schema::relation(*links.shape->table)},
                                   {"live", live},
                                   {"kept", kept}};
    restoring.exec(filled(R"(SELECT pg_catalog.count(*) FROM (
    SELECT 1 FROM {schema}.link o
    WHERE o.row_id OPERATOR(pg_catalog.=) ANY (SELECT l.row_id FROM {schema}.link l WHERE {these})
    ORDER BY o.row_id, o.group_id, o.attnums FOR UPDATE) r)",
                          restoring.trash_schema, values));
    restoring.exec(filled(R"(SELECT pg_catalog.count(*) FROM (
    SELECT 1 FROM {table} AS t
    WHERE {live} OPERATOR(pg_catalog.=) ANY (SELECT {kept} FROM {schema}.link l WHERE {these})
    FOR NO KEY UPDATE) r)",
                          restoring.trash_schema, values));
}

long long set_back(RestoreContext& restoring, const Links& links) {
    if (!links.shape->identity.empty()) {
        return restoring.exec(update_by_key(restoring, links)).affected();
    }
    lock_rows(restoring, links);
    return set_back_by_row(restoring, links);
}

}  // namespace

void relink_trashed(RestoreContext& restoring) {
    for (const auto& links : links_of(restoring)) {
        if (lock_groups(restoring, links)) relink_items(restoring, links);
    }
}

// By key only: a like row without a key may be another one than was set back live.
void relink_taken_meanwhile(RestoreContext& restoring) {
    for (const auto& links : links_of(restoring)) {
        if (links.shape->identity.empty()) continue;
        if (lock_groups(restoring, links)) relink_items(restoring, links);
    }
}

void relink_live(RestoreContext& restoring) {
    for (const auto& links : links_of(restoring)) {
        if (!can_relink(links)) continue;
        want_rows(restoring, links);
        restoring.at = links.shape->relation;
        const auto done = set_back(restoring, links);
        restoring.at = 0;
        restoring.watch.own[links.shape->relation].updated += done;
        restoring.watch.set_back[links.shape->relation] += done;
        restoring.result.relinked += done;
    }
}

}  // namespace trashd::trash
