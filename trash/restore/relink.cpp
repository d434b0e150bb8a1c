// Sets references back that the delete had cut, in rows that lie in the trash as in live ones; only
// where nobody has written another value since.
#include <algorithm>

#include "cascade/predicates.hpp"
#include "schema/makeup.hpp"
#include "schema/tenant.hpp"
#include "schema/text.hpp"
#include "schema/value.hpp"
#include "trash/restore/links.hpp"
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
    return "relation IS NULL AND now_schema OPERATOR(pg_catalog.=) " +
           schema::literal(shape.name.schema) + " AND now_table OPERATOR(pg_catalog.=) " +
           schema::literal(shape.name.name);
}

// The ids in the trash of the object of the link l. It may have got another spelling meanwhile.
std::string spellings(const RestoreContext& restoring, const Links& links) {
    const auto* table = links.shape->table;
    if (!table || table->identity != links.shape->identity || text_decides(*table, table->identity))
        return "l.object_id";
    return "ANY (ARRAY(SELECT pg_catalog.unnest(w.ids) FROM " +
           spelt_by_items(*table,
                          "SELECT " + id_today(*table, "l.object_id", "k") + " FROM " +
                              restoring.own("shape") + " k WHERE k.id OPERATOR(pg_catalog.=) " +
                              to_string(links.shape->id),
                          restoring.trash_schema) +
           " w))";
}

std::string items_by_key(const RestoreContext& restoring, const Links& links) {
    return "SELECT l.ctid AS link, l.row_id, x.group_id, x.ordinal, l.was, l.left_as, "
           "l.row_was, l.row_left FROM " +
           restoring.own("link") + " l CROSS JOIN LATERAL (SELECT i.group_id, i.ordinal FROM " +
           restoring.own("item") + " i JOIN " + restoring.own("trash_group") +
           " g ON g.id OPERATOR(pg_catalog.=) i.group_id AND g.state OPERATOR(pg_catalog.=) "
           "'trashed' WHERE i.shape OPERATOR(pg_catalog.=) ANY(ARRAY(SELECT id "
           "FROM " +
           restoring.own("shape") + " WHERE " + of_table(*links.shape) + ")) AND " +
           seen_by_tenant("g") + " AND i.object_id OPERATOR(pg_catalog.=) " +
           spellings(restoring, links) +
           " AND g.taken "
           "OPERATOR(pg_catalog.>) " +
           to_string(links.taken) + " ORDER BY g.taken LIMIT 1) x WHERE " + links.where;
}

// Rows without a key: like rows are paired one to one.
std::string items_by_row(const RestoreContext& restoring, const Links& links) {
    const auto numbered = "pg_catalog.row_number() OVER (PARTITION BY ";
    return std::string(
               "SELECT l.link, l.row_id, x.group_id, x.ordinal, l.was, l.left_as, l.row_was, "
               "l.row_left FROM (SELECT l.ctid AS link, l.row_id, l.key, l.was, l.left_as, "
               "l.row_was, l.row_left, ") +
           numbered + "l.key) AS n FROM " + restoring.own("link") + " l WHERE " + links.where +
           ") l JOIN (SELECT i.group_id, i.ordinal, i.payload, " + numbered +
           "i.payload ORDER BY g.taken, i.ordinal) AS n FROM " + restoring.own("item") +
           " i JOIN " + restoring.own("trash_group") +
           " g ON g.id OPERATOR(pg_catalog.=) i.group_id AND g.state OPERATOR(pg_catalog.=) "
           "'trashed' "
           "WHERE i.shape OPERATOR(pg_catalog.=) " +
           to_string(links.shape->id) + " AND " + seen_by_tenant("g") +
           " AND i.object_id IS NULL AND g.taken OPERATOR(pg_catalog.>) " + to_string(links.taken) +
           ") x ON x.payload OPERATOR(pg_catalog.=) l.key AND x.n OPERATOR(pg_catalog.=) l.n";
}

}  // namespace

std::string items_of(const RestoreContext& restoring, const Links& links) {
    return links.shape->identity.empty() ? items_by_row(restoring, links)
                                         : items_by_key(restoring, links);
}

namespace {

// Keeps those groups in the trash until the references in them are set back.
bool lock_groups(RestoreContext& restoring, const Links& links) {
    return restoring
               .exec("SELECT id FROM " + restoring.own("trash_group") +
                     " WHERE id OPERATOR(pg_catalog.=) ANY (SELECT f.group_id FROM (" +
                     items_of(restoring, links) + ") f) ORDER BY id FOR SHARE")
               .rows() > 0;
}

// The text of the link's column as the item's form s writes it, which may be younger: k is the
// link's form.
std::string in_item(const Links& links, int attnum, const std::string& text) {
    const auto* table = links.shape->table;
    const auto* column = table ? table->column(attnum) : nullptr;
    if (!column || !schema::is_enum(*column)) return text;
    const auto makeup = [&](const std::string& form) {
        return form + ".makeup[pg_catalog.array_position(" + form + ".attnums, " +
               to_string(attnum) + "::pg_catalog.int2)]";
    };
    return schema::label_under(text, makeup("k"), makeup("s"));
}

void relink_items(RestoreContext& restoring, const Links& links) {
    set_items_back(restoring, links);
    std::vector<std::string> set,
        where = {"i.group_id OPERATOR(pg_catalog.=) f.group_id",
                 "i.ordinal OPERATOR(pg_catalog.=) f.ordinal",
                 "s.id OPERATOR(pg_catalog.=) i.shape",
                 "k.id OPERATOR(pg_catalog.=) " + to_string(links.shape->id)};
    for (std::size_t k = 0; k < links.attnums.size(); ++k) {
        const auto position = "pg_catalog.array_position(s.attnums, " +
                              to_string(links.attnums[k]) + "::pg_catalog.int2)";
        const auto n = "[" + to_string(k + 1) + "]";
        const auto as_item = [&](const std::string& text) {
            return in_item(links, links.attnums[k], text);
        };
        set.push_back("payload[" + position + "] = " + as_item("f.was" + n));
        where.push_back(position + " IS NOT NULL");
        where.push_back(schema::same("i.payload[" + position + "]", as_item("f.left_as" + n)));
    }
    const auto done = restoring.exec(
        "WITH found AS MATERIALIZED (" + items_of(restoring, links) + "), done AS (UPDATE " +
        restoring.own("item") + " i SET " + join(set, ", ") + " FROM found f, " +
        restoring.own("shape") + " s, " + restoring.own("shape") + " k WHERE " +
        join(where, " AND ") + " RETURNING f.row_id, i.payload AS key), gone AS (DELETE FROM " +
        restoring.own("link") +
        " WHERE ctid OPERATOR(pg_catalog.=) ANY (SELECT link FROM found) RETURNING 1), others AS "
        "(UPDATE " +
        restoring.own("link") +
        " o SET key = done.key FROM done WHERE o.row_id OPERATOR(pg_catalog.=) done.row_id AND NOT "
        "(o.ctid OPERATOR(pg_catalog.=) ANY "
        "(SELECT link FROM found)) RETURNING 1) SELECT (SELECT pg_catalog.count(*) FROM done), "
        "(SELECT pg_catalog.count(*) FROM gone), (SELECT pg_catalog.count(*) FROM others)");
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
    return "UPDATE " + schema::relation(*links.shape->table) + " AS t SET " +
           assignments(links, "l.was") + " FROM " + restoring.own("link") + " l WHERE " +
           links.where + " AND " + same_row(links) + " AND " + untouched(links) +
           of_tenant(restoring, *links.shape->table);
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
    return {"ARRAY[" + join(live, ", ") + "]::pg_catalog.text[]",
            "ARRAY[" + join(kept, ", ") + "]::pg_catalog.text[]"};
}

// The row t as text in the form of the link l, which may be older than the table's.
std::string row_now(const Shape& shape) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < shape.attnums.size(); ++k) {
        const auto* column = shape.table->column(shape.attnums[k]);
        out.push_back(column ? live_text(shape, *column) : "l.key[" + to_string(k + 1) + "]");
    }
    return "ARRAY[" + join(out, ", ") + "]::pg_catalog.text[]";
}

// Rows locked by an earlier statement stay where they are, so their place names them here. The
// row's other links, of whatever group, learn what it has become. Answers how many rows there were,
// and JSON of what is not as before the delete.
std::string update_by_row(RestoreContext& restoring, const Links& links) {
    const auto relation = schema::relation(*links.shape->table);
    const auto [live, kept] = whole_row(*links.shape);
    const auto numbered = "pg_catalog.row_number() OVER (PARTITION BY ";
    auto set = links.whole ? set_beside(restoring, links) : std::vector<std::string>();
    set.push_back(assignments(links, "l.was"));
    return "WITH l AS MATERIALIZED (SELECT l.row_id, l.key, l.was, l.row_was, l.row_left, " + kept +
           " AS k, " + numbered + kept + ") AS n FROM " + restoring.own("link") + " l WHERE " +
           links.where + "), c AS MATERIALIZED (SELECT t.tableoid AS part, t.ctid AS place, " +
           live + " AS k, " + numbered + live + " ORDER BY t.tableoid, t.ctid) AS n FROM " +
           relation + " AS t WHERE " + live +
           " OPERATOR(pg_catalog.=) ANY (SELECT k FROM l)), done AS (UPDATE " + relation +
           " AS t SET " + join(set, ", ") +
           " FROM l JOIN c ON c.k OPERATOR(pg_catalog.=) l.k AND c.n OPERATOR(pg_catalog.=) l.n "
           "WHERE t.tableoid OPERATOR(pg_catalog.=) c.part AND t.ctid OPERATOR(pg_catalog.=) "
           "c.place RETURNING l.row_id, " +
           row_now(*links.shape) + " AS key, " + wanted_row(restoring, links) +
           " AS wanted), others AS (UPDATE " + restoring.own("link") +
           " o SET key = done.key FROM done WHERE o.row_id OPERATOR(pg_catalog.=) done.row_id "
           "RETURNING 1) SELECT (SELECT pg_catalog.count(*) FROM done), d.was, d.now, ARRAY(SELECT "
           "pg_catalog.json_object_keys(d.was)), (SELECT pg_catalog.count(*) FROM others) FROM "
           "(SELECT) one LEFT JOIN (SELECT " +
           differing_values(links, "key", true) + " AS was, " +
           differing_values(links, "key", false) +
           " AS now FROM done WHERE wanted IS NOT NULL) d ON d.was IS NOT NULL";
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
    const auto link = restoring.own("link");
    restoring.exec("SELECT pg_catalog.count(*) FROM (SELECT 1 FROM " + link +
                   " o WHERE o.row_id OPERATOR(pg_catalog.=) ANY (SELECT l.row_id FROM " + link +
                   " l WHERE " + links.where +
                   ") ORDER BY o.row_id, o.group_id, o.attnums FOR UPDATE) r");
    const auto [live, kept] = whole_row(*links.shape);
    restoring.exec("SELECT pg_catalog.count(*) FROM (SELECT 1 FROM " +
                   schema::relation(*links.shape->table) + " AS t WHERE " + live +
                   " OPERATOR(pg_catalog.=) ANY (SELECT " + kept + " FROM " + link + " l WHERE " +
                   links.where + ") FOR NO KEY UPDATE) r");
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
