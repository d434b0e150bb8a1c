#include "trash/restore/undo_restore.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "cascade/predicates.hpp"
#include "schema/catalog/stale_catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/text.hpp"
#include "trash/insert/links.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/restore/choices.hpp"
#include "trash/store/own_statements.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::Result;
using schema::Table;
using std::to_string;

// The rows that the entries {entries} brought back.
constexpr const char* kKept = R"((
    SELECT u.entry, u.shape, s.relation, o.ordinal, o.id, o.hash
    FROM {schema}.undo_item u
    JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) u.shape
    CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(u.ordinals), pg_catalog.unnest(u.ids),
      pg_catalog.unnest(u.hashes)) o(ordinal, id, hash)
    WHERE u.entry OPERATOR(pg_catalog.=) ANY ({entries})))";

// The items of the groups {taken} that deletes have made of such rows.
constexpr const char* kTaken = R"((
    SELECT i.group_id, i.ordinal, s.relation, i.object_id AS id, {hash} AS hash
    FROM {schema}.item i JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) i.shape
    WHERE i.group_id OPERATOR(pg_catalog.=) ANY ({taken})))";

// Both, numbered among those that are alike, which rows without a key may be: k and t are one row.
constexpr const char* kPairs = R"(
  k AS (SELECT k.*, pg_catalog.row_number() OVER (
      PARTITION BY k.relation, k.id, k.hash ORDER BY k.ordinal) AS n
    FROM {kept} k),
  t AS (SELECT t.*, pg_catalog.row_number() OVER (
      PARTITION BY t.relation, t.id, t.hash ORDER BY t.group_id, t.ordinal) AS n
    FROM {taken_items} t))";
constexpr const char* kSame = R"(t.relation OPERATOR(pg_catalog.=) k.relation
    AND COALESCE(t.id, '') OPERATOR(pg_catalog.=) COALESCE(k.id, '')
    AND t.hash OPERATOR(pg_catalog.=) k.hash AND t.n OPERATOR(pg_catalog.=) k.n)";

constexpr const char* kTakeOver = R"(WITH {pairs}
  UPDATE {schema}.item i SET group_id = o.of_group, ordinal = k.ordinal
  FROM k JOIN t ON {same}
  JOIN ROWS FROM (pg_catalog.unnest({of_entries}), pg_catalog.unnest({groups})) o(entry, of_group)
    ON o.entry OPERATOR(pg_catalog.=) k.entry
  WHERE i.group_id OPERATOR(pg_catalog.=) ANY ({taken})
    AND i.group_id OPERATOR(pg_catalog.=) t.group_id
    AND i.ordinal OPERATOR(pg_catalog.=) t.ordinal)";

// Items that left the group before, or after, these did are noted as parts of it; these are not
// any more. {made}: how many items it was made with.
constexpr const char* kOthersLeft = R"(WITH back AS (
    SELECT pg_catalog.range_agg(
        pg_catalog.int4range(k.ordinal, k.ordinal OPERATOR(pg_catalog.+) 1)) AS ordinals
    FROM {kept} k),
  others AS (
    SELECT pg_catalog.int4multirange(
        pg_catalog.int4range(1, {made} OPERATOR(pg_catalog.+) 1)) OPERATOR(pg_catalog.-) b.ordinals
      OPERATOR(pg_catalog.-) COALESCE((
        SELECT pg_catalog.range_agg(r.r) FROM {schema}.part p
        CROSS JOIN LATERAL pg_catalog.unnest(p.ordinals) r(r)
        WHERE p.group_id OPERATOR(pg_catalog.=) {group}), pg_catalog.int4multirange()) AS ordinals
    FROM back b)
  INSERT INTO {schema}.part (group_id, number, outcome, at, by, ordinals)
  SELECT g.id, COALESCE((SELECT pg_catalog.max(p.number) FROM {schema}.part p
      WHERE p.group_id OPERATOR(pg_catalog.=) g.id), 0) OPERATOR(pg_catalog.+) 1,
    g.state, g.ended_at, g.ended_by, o.ordinals
  FROM {schema}.trash_group g CROSS JOIN others o
  WHERE g.id OPERATOR(pg_catalog.=) {group} AND g.state OPERATOR(pg_catalog.<>) 'trashed'
    AND NOT pg_catalog.isempty(o.ordinals))";
constexpr const char* kNotLeft = R"(UPDATE {schema}.part p
  SET ordinals = p.ordinals OPERATOR(pg_catalog.-) (
    SELECT pg_catalog.range_agg(
      pg_catalog.int4range(k.ordinal, k.ordinal OPERATOR(pg_catalog.+) 1)) FROM {kept} k)
  WHERE p.group_id OPERATOR(pg_catalog.=) {group})";
constexpr const char* kNoPart = R"(DELETE FROM {schema}.part p
  WHERE p.group_id OPERATOR(pg_catalog.=) {group} AND pg_catalog.isempty(p.ordinals))";

// How many items of each range of the group's ordinals lie in the trash now, and in which form.
constexpr const char* kCountRanges = R"(SELECT pg_catalog.count(i.ordinal),
    pg_catalog.min(i.shape), pg_catalog.max(i.shape)
  FROM (
    SELECT u.place, u.amount,
      pg_catalog.sum(u.amount) OVER (ORDER BY u.place) OPERATOR(pg_catalog.-) u.amount AS before
    FROM pg_catalog.unnest($1::pg_catalog.int8[]) WITH ORDINALITY u(amount, place)) r
  LEFT JOIN {schema}.item i ON i.group_id OPERATOR(pg_catalog.=) {group}
    AND i.ordinal OPERATOR(pg_catalog.>) r.before
    AND i.ordinal OPERATOR(pg_catalog.<=) (r.before OPERATOR(pg_catalog.+) r.amount)
  GROUP BY r.place ORDER BY r.place)";

// It lies in the trash like one that came there just now.
constexpr const char* kBackInTrash = R"(UPDATE {schema}.trash_group g
  SET state = 'trashed', ended_at = NULL, ended_by = NULL, uuid = $1::pg_catalog.uuid,
    taken = DEFAULT, shapes = $2::pg_catalog.int4[], counts = $3::pg_catalog.int8[],
    expires_at = CASE WHEN EXISTS (SELECT FROM {schema}.keep) THEN pg_catalog.now()
      OPERATOR(pg_catalog.+) {schema}.keep_of($2::pg_catalog.int4[], $3::pg_catalog.int8[], g.tenant)
      END, expiry_by = NULL,
    layout = $4::pg_catalog.int8[], roots = $5::pg_catalog.int4[], size = $6::pg_catalog.int8,
    links = (SELECT pg_catalog.count(*) FROM {schema}.link l
      WHERE l.group_id OPERATOR(pg_catalog.=) g.id),
    root_shape = i.shape, root_object = COALESCE(i.object_id, '')
  FROM {schema}.item i
  WHERE g.id OPERATOR(pg_catalog.=) {group} AND i.group_id OPERATOR(pg_catalog.=) g.id
    AND i.ordinal OPERATOR(pg_catalog.=) $7::pg_catalog.int4)";

// Rows of one restore are taken one after the other here, and each delete cuts the references to
// what it takes; so a row may be taken with less than it came back with. Such get their references
// again, as when a restore finds the row in the trash: the cut is forgotten.
constexpr const char* kUncut = R"(WITH cut AS (
    SELECT DISTINCT ON (s.relation, l.object_id, a.attnum)
      s.relation, l.object_id, a.attnum, a.was
    FROM {schema}.link l JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) l.shape
    CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(l.attnums),
      pg_catalog.unnest(l.was)) a(attnum, was)
    WHERE l.group_id OPERATOR(pg_catalog.=) ANY ({taken}) AND l.object_id IS NOT NULL
    ORDER BY s.relation, l.object_id, a.attnum, l.id),
  before AS (
    SELECT i.group_id, i.ordinal, s.relation, i.object_id,
      pg_catalog.array_agg(CASE WHEN c.attnum IS NULL THEN i.payload[a.n] ELSE c.was END
        ORDER BY a.n) AS payload
    FROM {schema}.item i JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) i.shape
    CROSS JOIN LATERAL pg_catalog.unnest(s.attnums) WITH ORDINALITY a(attnum, n)
    LEFT JOIN cut c ON c.relation OPERATOR(pg_catalog.=) s.relation
      AND c.object_id OPERATOR(pg_catalog.=) i.object_id
      AND c.attnum OPERATOR(pg_catalog.=) a.attnum
    WHERE i.group_id OPERATOR(pg_catalog.=) ANY ({taken})
      AND (s.relation, i.object_id) IN (SELECT c.relation, c.object_id FROM cut c)
    GROUP BY i.group_id, i.ordinal, s.relation),
  uncut AS (
    UPDATE {schema}.item i SET payload = b.payload FROM before b
    WHERE i.group_id OPERATOR(pg_catalog.=) ANY ({taken})
      AND i.group_id OPERATOR(pg_catalog.=) b.group_id
      AND i.ordinal OPERATOR(pg_catalog.=) b.ordinal
      AND (b.relation, b.object_id, {hash_before}) IN (
        SELECT k.relation, k.id, k.hash FROM {kept} k)
    RETURNING b.relation, b.object_id)
  DELETE FROM {schema}.link l USING {schema}.shape s, uncut u
  WHERE l.group_id OPERATOR(pg_catalog.=) ANY ({taken}) AND s.id OPERATOR(pg_catalog.=) l.shape
    AND s.relation OPERATOR(pg_catalog.=) u.relation
    AND l.object_id OPERATOR(pg_catalog.=) u.object_id)";

constexpr const char* kCountLinks = R"(UPDATE {schema}.trash_group g
  SET links = (SELECT pg_catalog.count(*) FROM {schema}.link l
    WHERE l.group_id OPERATOR(pg_catalog.=) g.id)
  WHERE g.id OPERATOR(pg_catalog.=) ANY ({taken}))";

// References that the deletes have cut and no restore had set back.
constexpr const char* kOtherLinks = R"(SELECT l.id
  FROM {schema}.link l JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) l.shape
  WHERE l.group_id OPERATOR(pg_catalog.=) ANY ({taken}) AND NOT EXISTS (
    SELECT FROM {schema}.undo_link u
    JOIN {schema}.shape us ON us.id OPERATOR(pg_catalog.=) u.shape
    CROSS JOIN LATERAL pg_catalog.unnest(u.keys) h(key)
    WHERE u.entry OPERATOR(pg_catalog.=) ANY ({entries})
      AND us.relation OPERATOR(pg_catalog.=) s.relation
      AND u.attnums OPERATOR(pg_catalog.=) l.attnums
      AND h.key OPERATOR(pg_catalog.=) {hash_of_key}))";

// Of those the ones that had not come back.
constexpr const char* kOthers = R"(SELECT v.group_id, v.ordinal FROM {taken_items} v
  WHERE NOT EXISTS (SELECT FROM {kept} k
    WHERE k.relation OPERATOR(pg_catalog.=) v.relation
      AND COALESCE(k.id, '') OPERATOR(pg_catalog.=) COALESCE(v.id, '')))";

std::string literal_of(const std::vector<long long>& numbers) {
    std::vector<Param> all;
    for (const auto number : numbers) all.emplace_back(to_string(number));
    return schema::array_literal(all);
}

std::string array_of(const std::vector<long long>& numbers) {
    return schema::literal(literal_of(numbers)) + "::pg_catalog.int8[]";
}

// SQL: the row t of the table has the key that the text is.
std::string has_id(const Table& table, const std::string& id) {
    const auto operators = cascade::identity_operators(table);
    std::vector<std::string> same;
    for (std::size_t k = 0; k < table.identity.size(); ++k) {
        const auto& column = *table.column(table.identity[k]);
        const auto text = table.identity.size() == 1
                              ? id
                              : schema::filled(
                                    R"(pg_catalog.replace(pg_catalog.replace(
        pg_catalog.split_part({id}, ',', {place}), '%2C', ','), '%25', '%'))",
                                    {{"id", id}, {"place", to_string(k + 1)}});
        same.push_back(cascade::value_of(table, column.attnum, "t") + " " + operators[k] + " " +
                       schema::in_base_type(column, schema::from_text(column, text)));
    }
    return schema::join(same, " AND ");
}

}  // namespace

UndoRestore::UndoRestore(schema::Transaction& transaction, const schema::Catalog& catalog,
                         const std::string& trash_schema, std::vector<Return> returns)
    : transaction_(transaction),
      catalog_(catalog),
      trash_schema_(trash_schema),
      returns_(std::move(returns)) {
    // copies first, which no other group may get; then in the order in which they were taken at
    // first, so that each takes what it took then
    std::ranges::stable_sort(
        returns_, {}, [](const Return& one) { return std::pair(!one.copied, one.group.taken); });
}

std::string UndoRestore::kept_entries() const {
    std::vector<long long> entries;
    for (const auto& one : returns_) entries.push_back(std::stoll(one.entry));
    return array_of(entries);
}

std::vector<long long> UndoRestore::taken_groups() const {
    std::vector<long long> groups;
    for (const auto& one : returns_)
        groups.insert(groups.end(), one.taken.begin(), one.taken.end());
    return groups;
}

// The lists are compared as a whole: how long they are is not in the statistics, and a comparison
// of each with each, or a merge by the table alone, is what PostgreSQL takes for short ones.
Result UndoRestore::ask(const std::string& text, schema::Values values) {
    const auto put = [&](const char* name, const std::string& value) {
        values.emplace(name, value);
    };
    put("schema", schema::quoted(trash_schema_));
    put("entries", kept_entries());
    put("taken", array_of(taken_groups()));
    put("hash", hash_of("i.payload"));
    put("hash_of_key", hash_of("l.key"));
    put("kept", schema::filled(kKept, values));
    put("taken_items", schema::filled(kTaken, values));
    put("pairs", schema::filled(kPairs, values));
    put("same", kSame);
    put("others", schema::filled(kOthers, values));
    put("other_links", schema::filled(kOtherLinks, values));
    return std::move(
        transaction_.connection().exec_pipeline({{"SET LOCAL enable_nestloop = off"},
                                                 {"SET LOCAL enable_mergejoin = off"},
                                                 {schema::filled(text, values), {}, false},
                                                 {"SET LOCAL enable_mergejoin TO DEFAULT"},
                                                 {"SET LOCAL enable_nestloop TO DEFAULT"}})[2]);
}

long long UndoRestore::size() {
    const auto found =
        ask("SELECT pg_catalog.count(*), pg_catalog.count(DISTINCT k.entry) FROM {kept} k");
    if (found.integer(0, 1) != static_cast<long long>(returns_.size()))
        throw Error(Code::kGone, "it was undone, or is too old to be undone");
    return found.integer(0, 0);
}

std::vector<schema::Oid> UndoRestore::relations() {
    const auto found = ask("SELECT DISTINCT k.relation FROM {kept} k ORDER BY k.relation");
    std::vector<schema::Oid> all;
    for (int row = 0; row < found.rows(); ++row)
        all.push_back(static_cast<schema::Oid>(found.integer(row, 0)));
    return all;
}

std::vector<std::string> UndoRestore::changed_in(const Table& table) {
    const auto found = ask(R"(SELECT k.id FROM {kept} k LEFT JOIN {its_row}
  WHERE k.relation OPERATOR(pg_catalog.=) {relation}
    AND (t.ctid IS NULL OR (k.hash OPERATOR(pg_catalog.=) {live_hash}) IS NOT TRUE)
  ORDER BY k.ordinal LIMIT {most})",
                           {{"its_row", looked_up(schema::relation(table), has_id(table, "k.id"))},
                            {"relation", to_string(table.oid)},
                            {"live_hash", hash_of(schema::payload(table, "t"))},
                            {"most", to_string(kMostConflicts)}});
    std::vector<std::string> ids;
    for (int row = 0; row < found.rows(); ++row) ids.emplace_back(found.text(row, 0));
    return ids;
}

void UndoRestore::refuse_changed() {
    std::vector<ChangedRow> rows;
    for (const auto oid : relations()) {
        const auto* table = catalog_.table(oid);
        if (table == nullptr)
            throw Error(Code::kChanged,
                        "a table of the rows that came back is gone; nothing was undone");
        if (table->identity.empty()) continue;
        for (auto& id : changed_in(*table)) rows.push_back({table->name, std::move(id), {}});
    }
    if (!rows.empty()) refuse(std::move(rows));
}

std::vector<UndoRestore::Row> UndoRestore::next() {
    const auto found = ask(R"(SELECT DISTINCT ON (k.entry) k.entry, k.relation, k.id FROM {kept} k
  WHERE k.id IS NOT NULL AND NOT EXISTS (SELECT FROM {taken_items} t
    WHERE t.relation OPERATOR(pg_catalog.=) k.relation AND t.id OPERATOR(pg_catalog.=) k.id)
  ORDER BY k.entry, k.ordinal)");
    std::map<std::string, Row> by_entry;
    for (int row = 0; row < found.rows(); ++row) {
        const auto* table = catalog_.table(static_cast<schema::Oid>(found.integer(row, 1)));
        if (table == nullptr) throw StaleCatalog();
        by_entry.emplace(found.text(row, 0),
                         Row{nullptr, table->oid, table->name, std::string(found.text(row, 2))});
    }
    std::vector<Row> rows;
    for (auto& one : returns_)
        if (const auto row = by_entry.find(one.entry); row != by_entry.end()) {
            rows.push_back(std::move(row->second));
            rows.back().of = &one;
        }
    return rows;
}

bool UndoRestore::is_taken(const Row& row) {
    const auto found = transaction_.exec(filled(R"(SELECT i.group_id FROM {schema}.shape s
  JOIN {schema}.item i ON i.shape OPERATOR(pg_catalog.=) s.id
    AND i.object_id OPERATOR(pg_catalog.=) $2::pg_catalog.text
  WHERE s.relation OPERATOR(pg_catalog.=) $1::pg_catalog.oid)",
                                                trash_schema_),
                                         {to_string(row.relation), row.id});
    for (int n = 0; n < found.rows(); ++n)
        if (made_.contains(found.integer(n, 0))) return true;
    return false;
}

void UndoRestore::took(Return& one, long long group) {
    one.taken.push_back(group);
    made_.insert(group);
}

void UndoRestore::lend_uuid(const Return& one) {
    transaction_.exec(filled(R"(UPDATE {schema}.trash_group SET uuid = pg_catalog.gen_random_uuid()
  WHERE uuid OPERATOR(pg_catalog.=) $1::pg_catalog.uuid)",
                             trash_schema_),
                      {one.group.uuid});
}

bool UndoRestore::other_links() {
    return ask(kOtherLinks + std::string(" LIMIT 1")).rows() > 0;
}

// Each row that came back was taken, as it was, and nothing else.
bool UndoRestore::all_taken() {
    const auto found = ask(R"(WITH {pairs}
  SELECT pg_catalog.count(*), (SELECT pg_catalog.count(*) FROM {kept} k),
    (SELECT pg_catalog.count(*) FROM {taken_items} t)
  FROM k JOIN t ON {same})");
    return found.integer(0, 0) == found.integer(0, 1) && found.integer(0, 0) == found.integer(0, 2);
}

bool UndoRestore::as_came_back() {
    return all_taken() && !other_links();
}

void UndoRestore::uncut() {
    if (ask(kUncut, {{"hash_before", hash_of("b.payload")}}).affected() > 0) ask(kCountLinks);
}

void UndoRestore::regroup() {
    if (!as_came_back()) uncut();
    if (!as_came_back()) refuse_others();
    std::vector<long long> entries, groups;
    for (const auto& one : returns_) {
        if (one.copied) continue;
        note_parts(one);
        entries.push_back(std::stoll(one.entry));
        groups.push_back(one.group.id);
    }
    ask(kTakeOver, {{"of_entries", array_of(entries)}, {"groups", array_of(groups)}});
    refuse_left_over();
    for (const auto& one : returns_)
        if (!one.copied) recount(one);
}

// Groups that end with this hold nothing any more.
void UndoRestore::refuse_left_over() {
    std::vector<long long> groups;
    for (const auto& one : returns_)
        if (!one.copied) groups.insert(groups.end(), one.taken.begin(), one.taken.end());
    if (ask(R"(SELECT FROM {schema}.item
  WHERE group_id OPERATOR(pg_catalog.=) ANY ({ending}) LIMIT 1)",
            {{"ending", array_of(groups)}})
            .rows() > 0)
        throw Error(Code::kInternal, "rows would be in no group; nothing was undone");
}

void UndoRestore::note_parts(const Return& one) {
    const auto made = std::accumulate(one.group.layout.begin(), one.group.layout.end(), 0LL);
    const auto kept = schema::filled(kKept, {{"schema", schema::quoted(trash_schema_)},
                                             {"entries", array_of({std::stoll(one.entry)})}});
    const schema::Values values = {
        {"kept", kept}, {"group", to_string(one.group.id)}, {"made", to_string(made)}};
    for (const char* text : {kOthersLeft, kNotLeft, kNoPart})
        transaction_.exec(filled(text, trash_schema_, values));
}

// Where the table has another form by now, all items of the range have to have it.
void UndoRestore::recount(const Return& one) {
    const auto& group = one.group;
    const auto found =
        transaction_.exec(filled(kCountRanges, trash_schema_, {{"group", to_string(group.id)}}),
                          {literal_of(group.layout)});
    auto now = group;
    now.size = 0;
    for (int row = 0; row < found.rows(); ++row) {
        const auto place = static_cast<std::size_t>(row);
        now.size += now.counts[place] = found.integer(row, 0);
        if (now.counts[place] == 0) continue;
        if (found.integer(row, 1) != found.integer(row, 2))
            throw Error(Code::kChanged,
                        "a table of the rows that came back has changed since, and others of the "
                        "group still lie in the trash; nothing was undone");
        now.shapes[place] = static_cast<int>(found.integer(row, 1));
    }
    const bool whole = now.counts == now.layout;
    now.partly = !whole;
    now.roots = {1};
    if (!whole) {
        const RestoreOptions options;
        const Actor nobody;
        RestoreContext rest{transaction_, catalog_, trash_schema_, options, nobody};
        add_group(rest, now);
        now.roots.clear();
        for (const auto root : topmost_items(rest, group.id))
            now.roots.push_back(static_cast<int>(root));
    }
    const std::vector<long long> shapes(now.shapes.begin(), now.shapes.end()),
        roots(now.roots.begin(), now.roots.end());
    for (const char* text : {R"(UPDATE {schema}.link SET group_id = {group}
  WHERE group_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]))",
                             R"(DELETE FROM {schema}.trash_group
  WHERE id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]))"})
        transaction_.exec(filled(text, trash_schema_, {{"group", to_string(group.id)}}),
                          {literal_of(one.taken)});
    const auto done =
        transaction_.exec(filled(kBackInTrash, trash_schema_, {{"group", to_string(group.id)}}),
                          {group.uuid, literal_of(shapes), literal_of(now.counts),
                           whole ? Param() : Param(literal_of(now.layout)),
                           whole ? Param() : Param(literal_of(roots)), to_string(now.size),
                           to_string(now.roots.front())});
    if (done.affected() != 1)
        throw Error(Code::kInternal, "the group is not there; nothing was undone");
}

}  // namespace trashd::trash
