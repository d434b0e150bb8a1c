// Everything is counted in one statement over what the filter means ("meant"): all of it where that
// is small or quick, else of a sample of the groups' blocks, which grows until it is large enough
// or the time is over. Facets are further SELECTs over the same rows, so that their sums fit.
#include "trash/read/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "schema/catalog/tenant.hpp"
#include "schema/error.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/read/group_counts.hpp"
#include "trash/read/item_sql.hpp"
#include "trash/store/principal_names.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::quoted;
using schema::Result;
using std::to_string;

constexpr int kExact = 10000;      // so many are counted one by one
constexpr int kMostValues = 1000;  // of one facet
constexpr int kSizedRows = 50;     // of each form, for the bytes of one
constexpr int kMembers = 1000;     // of a group in a sample, twice as many at most

// From so many blocks of groups, or of items where they are read, on counting takes so long at
// most, and so does each sample but the first, which is small.
constexpr long long kLarge = 1000;
constexpr std::chrono::milliseconds kLongestCount{100}, kLongestSample{50};
constexpr std::chrono::milliseconds kLongestFirst{10}, kLongestAtAll{2000};
// Blocks of groups in the first sample: fewer where items are read. A sample grows until it has
// enough groups.
constexpr long long kBlocks = 64, kBlocksOfItems = 8, kGrowth = 4, kEnough = 5000;

constexpr const char* kSums = R"(pg_catalog.count(DISTINCT m.group_id),
    coalesce(pg_catalog.sum(m.n), 0)::bigint,
    coalesce(pg_catalog.sum(m.n OPERATOR(pg_catalog.*) z.bytes), 0)::bigint)";
constexpr const char* kFromMeant =
    "FROM meant m LEFT JOIN sizes z ON z.shape OPERATOR(pg_catalog.=) m.shape";

// A SELECT of group_id, created_at, expires_at, deleted_by, shape and n, so many items.
struct Meant {
    std::string select;
    std::vector<Param> params;
};

// Of the table of groups: also those that have ended, 0 where nobody ever looked.
struct Size {
    long long blocks = 0, rows = 0;
};

class Counter {
  public:
    // sized: with bytes.
    Counter(const CountSource& source, bool sized)
        : source_(source),
          sized_(sized),
          by_items_(asks_values(source.filter) || source.filter.hidden || source.forms.few),
          groups_(quoted({source.items.trash_schema, "trash_group"})) {}

    // Rows of: what is told apart, value, schema, table, groups, items, bytes; of all the time of
    // the oldest group and of the next to expire.
    Result count(const std::string& facets);
    double scale() const { return scale_; }
    bool approximate() const { return approximate_; }
    // Of all that is meant, where it is found in time.
    std::optional<std::string> first(const std::string& column);
    std::string shapes() const {
        return described_shapes(source_.items.trash_schema, source_.items.naming);
    }
    std::string items() const { return quoted({source_.items.trash_schema, "item"}); }

  private:
    ItemQuery asked(long long limit) const {
        ItemQuery asked;
        asked.filter = source_.filter;
        asked.limit = static_cast<int>(limit);  // one more shows that there are more
        return asked;
    }
    ItemConditions conditions() const {
        return item_conditions(asked(kExact), source_.items, source_.forms);
    }
    Size size();
    Meant by_groups(const std::string& sample) const;
    Meant by_items(long long limit) const;
    Meant by_sampled_items(const std::string& sample) const;
    std::string sizes() const;
    Result run(const Meant& meant, const std::string& facets);
    bool is_large();
    bool are_many();
    bool count_all(const std::string& facets);
    Meant sampled(const std::string& sample) const;
    double scale_of(const std::string& sample, double percent, long long rows);
    Result estimate(const std::string& facets);
    Result estimate_newest(const std::string& facets);

    const CountSource& source_;
    bool sized_, by_items_, approximate_ = false;
    std::string groups_;
    double scale_ = 1;
    std::optional<Result> counted_;
};

Size Counter::size() {
    const auto found = source_.connection.exec(
        R"(SELECT s.blocks, CASE WHEN c.relpages OPERATOR(pg_catalog.>) 0
      THEN (s.blocks OPERATOR(pg_catalog.*) c.reltuples OPERATOR(pg_catalog./) c.relpages)::bigint
      ELSE 0 END
  FROM pg_catalog.pg_class c
  CROSS JOIN LATERAL (
    SELECT greatest(1, pg_catalog.pg_relation_size(c.oid) OPERATOR(pg_catalog./) 8192) AS blocks) s
  WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass)",
        {groups_});
    return {found.integer(0, 0), found.integer(0, 1)};
}

constexpr const char* kByGroups = R"(SELECT g.id AS group_id, g.created_at, g.expires_at,
    g.deleted_by, u.shape, u.n
  FROM {schema}.trash_group g{sample}
  CROSS JOIN LATERAL {counted} u
  WHERE {groups} AND u.n OPERATOR(pg_catalog.>) 0{and_of_form})";

// How many items of which forms a group has stands in its own row. sample: TABLESAMPLE, or empty.
Meant Counter::by_groups(const std::string& sample) const {
    const auto all = conditions();
    return {filled(kByGroups, source_.items.trash_schema,
                   {{"sample", sample},
                    {"counted", forms_of_group(source_.filter.root)},
                    {"groups", all.groups},
                    {"and_of_form", all.of_form("u.shape")}}),
            all.params};
}

Meant Counter::by_items(long long limit) const {
    const auto list = item_list_sql(asked(limit), source_.items, source_.forms);
    return {filled(R"(SELECT m.group_id, g.created_at, g.expires_at, g.deleted_by, m.shape,
    pg_catalog.count(*) AS n
  FROM ({list}) m
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) m.group_id
  GROUP BY 1, 2, 3, 4, 5)",
                   source_.items.trash_schema, {{"list", list.select}}),
            list.params};
}

constexpr const char* kBySampledItems = R"(SELECT g.id AS group_id, g.created_at, g.expires_at,
    g.deleted_by, i.shape, pg_catalog.count(*) OPERATOR(pg_catalog.*) {distance} AS n
  FROM {schema}.trash_group g{sample}
  CROSS JOIN LATERAL (
    SELECT i.shape
    FROM {schema}.item i{join_names}
    WHERE i.group_id OPERATOR(pg_catalog.=) g.id{and_at_distances}{and_items}) i
  WHERE {groups}
  GROUP BY 1, 2, 3, 4, 5, g.size)";
constexpr const char* kAtDistances = R"( AND i.ordinal OPERATOR(pg_catalog.=) ANY (ARRAY(
      SELECT n::int FROM pg_catalog.generate_series(1::bigint,
        (SELECT pg_catalog.max(l.ordinal) FROM {schema}.item l
         WHERE l.group_id OPERATOR(pg_catalog.=) g.id)::bigint, {distance}) n)))";

// Of a large group members at even distances are looked at.
Meant Counter::by_sampled_items(const std::string& sample) const {
    const auto all = conditions();
    const bool roots = source_.filter.root == true;
    const auto& trash_schema = source_.items.trash_schema;
    const auto distance = "greatest(1, g.size OPERATOR(pg_catalog./) " + to_string(kMembers) + ")";
    return {filled(kBySampledItems, trash_schema,
                   {{"distance", roots ? "1" : distance},
                    {"sample", sample},
                    {"join_names", all.names},
                    {"and_at_distances",
                     roots ? "" : filled(kAtDistances, trash_schema, {{"distance", distance}})},
                    {"and_items", all.items_of_form(kShapeInGroup)},
                    {"groups", all.groups}}),
            all.params};
}

// What a row of each form takes, on average of some, in the order of an index: else all items might
// be looked through for a form that has few.
std::string Counter::sizes() const {
    if (!sized_) return "SELECT NULL::int AS shape, NULL::pg_catalog.numeric AS bytes WHERE false";
    return filled(R"(SELECT f.shape, (
      SELECT pg_catalog.avg(pg_catalog.pg_column_size(p.payload))
      FROM (SELECT i.payload FROM {schema}.item i WHERE i.shape OPERATOR(pg_catalog.=) f.shape
        ORDER BY i.object_id LIMIT {rows}) p) AS bytes
    FROM (SELECT DISTINCT shape FROM meant) f)",
                  source_.items.trash_schema, {{"rows", to_string(kSizedRows)}});
}

constexpr const char* kCounts = R"(WITH meant AS MATERIALIZED ({meant}),
    sizes AS MATERIALIZED ({sizes})
  SELECT 'all', NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text, {sums},
    {oldest}, {next_to_expire}
  {from_meant}{facets})";

Result Counter::run(const Meant& meant, const std::string& facets) {
    const auto sql =
        schema::filled(kCounts, {{"meant", meant.select},
                                 {"sizes", sizes()},
                                 {"sums", kSums},
                                 {"oldest", utc("pg_catalog.min(m.created_at)")},
                                 {"next_to_expire", utc("pg_catalog.min(m.expires_at)")},
                                 {"from_meant", kFromMeant},
                                 {"facets", facets}});
    return source_.connection.exec(sql, meant.params);
}

// Of a view the size is not known, and few items are found by an index.
bool Counter::is_large() {
    if (source_.filter.hidden || source_.forms.few) return false;
    constexpr const char* kSql = R"(SELECT greatest(
    pg_catalog.pg_relation_size($1::pg_catalog.regclass),
    pg_catalog.pg_relation_size($2::pg_catalog.regclass)) OPERATOR(pg_catalog./) 8192)";
    return source_.connection.exec(kSql, {groups_, by_items_ ? items() : groups_}).integer(0, 0) >=
           kLarge;
}

// More groups than are counted: found soon where the filter means most of them.
bool Counter::are_many() {
    const auto all = conditions();
    const auto sql = filled(
        R"(SELECT pg_catalog.count(*)
  FROM (SELECT FROM {schema}.trash_group g WHERE {groups} LIMIT {enough}) g)",
        source_.items.trash_schema, {{"groups", all.groups}, {"enough", to_string(kExact + 1)}});
    return source_.connection.exec(sql, all.params).integer(0, 0) > kExact;
}

// False: there are more, or they are not found soon.
bool Counter::count_all(const std::string& facets) {
    in_time(source_.connection, is_large() ? kLongestCount : kLongestAtAll, [&] {
        if (by_items_ || !are_many())
            counted_.emplace(run(by_items_ ? by_items(kExact) : by_groups(""), facets));
    });
    return counted_ && counted_->integer(0, by_items_ ? 5 : 4) <= kExact;
}

Meant Counter::sampled(const std::string& sample) const {
    return by_items_ ? by_sampled_items(sample) : by_groups(sample);
}

// By the rows that it has: how many blocks a sample really takes is left to chance.
double Counter::scale_of(const std::string& sample, double percent, long long rows) {
    const auto has =
        source_.connection.exec("SELECT pg_catalog.count(*) FROM " + groups_ + " g" + sample)
            .integer(0, 0);
    return rows > 0 && has > 0 ? static_cast<double>(rows) / static_cast<double>(has)
                               : 100 / percent;
}

[[noreturn]] void give_up() {
    throw Error(Code::kUnavailable,
                "that cannot be counted in time; ask for less, as with 'from' or 'resource'");
}

Result Counter::estimate(const std::string& facets) {
    const auto whole = size();
    std::optional<Result> best;
    for (auto some = by_items_ ? kBlocksOfItems : kBlocks;; some *= kGrowth) {
        const double percent = 100.0 * static_cast<double>(std::min(some, whole.blocks)) /
                               static_cast<double>(whole.blocks);
        // the same blocks each time, so that the numbers change only with the trash
        const auto sample = fmt::format(" TABLESAMPLE SYSTEM ({}) REPEATABLE (1)", percent);
        const auto start = std::chrono::steady_clock::now();
        const auto look = [&] {
            const double scale = scale_of(sample, percent, some < whole.blocks ? whole.rows : 0);
            best.emplace(run(sampled(sample), facets));
            scale_ = scale;
        };
        if (!in_time(source_.connection, best ? kLongestSample : kLongestAtAll, look)) break;
        const auto took = std::chrono::steady_clock::now() - start;
        if (some >= whole.blocks || best->integer(0, 4) >= kEnough ||
            took * kGrowth > kLongestSample)
            break;
    }
    if (!best) give_up();
    return std::move(*best);
}

// A view has no blocks: only the newest are counted.
Result Counter::estimate_newest(const std::string& facets) {
    for (auto most = kExact / 10; !counted_ && most > 0; most /= 100)
        in_time(source_.connection, most == kExact / 10 ? kLongestSample : kLongestAtAll,
                [&] { counted_.emplace(run(by_items(most), facets)); });
    if (!counted_) give_up();
    return std::move(*counted_);
}

Result Counter::count(const std::string& facets) {
    approximate_ = !count_all(facets);
    if (!approximate_) return std::move(*counted_);
    return source_.filter.hidden ? estimate_newest(facets) : estimate(facets);
}

std::optional<std::string> Counter::first(const std::string& column) {
    const auto all = conditions();
    const auto sql = filled(
        R"(SELECT {time} FROM {schema}.trash_group g
  WHERE {groups} AND g.{column} IS NOT NULL
  ORDER BY g.{column} LIMIT 1)",
        source_.items.trash_schema,
        {{"time", utc("g." + column)}, {"groups", all.groups}, {"column", column}});
    std::optional<std::string> time;
    in_time(source_.connection, kLongestFirst, [&] {
        const auto found = source_.connection.exec(sql, all.params);
        if (found.rows() > 0) time = found.value(0, 0);
    });
    return time;
}

// One more SELECT behind the sums of all. joined: what the value comes from; last: the order.
std::string facet(const std::string& name, const std::string& columns, const std::string& joined,
                  const std::string& last) {
    return schema::filled(R"(
  UNION ALL (
    SELECT '{name}', {columns}, {sums}, NULL, NULL
    {from_meant}{joined}
    GROUP BY 1, 2, 3, 4 ORDER BY {last} LIMIT {most}))",
                          {{"name", name},
                           {"columns", columns},
                           {"sums", kSums},
                           {"from_meant", kFromMeant},
                           {"joined", joined},
                           {"last", last},
                           {"most", to_string(kMostValues)}});
}

std::string by_table(const Counter& counter) {
    return facet("table", "NULL::pg_catalog.text, s.schema_name, s.table_name",
                 schema::filled(" JOIN {shapes} s ON s.id OPERATOR(pg_catalog.=) m.shape",
                                {{"shapes", counter.shapes()}}),
                 "6 DESC, 3, 4");
}

// The name stands in the place of the table's schema.
std::string by_person(const std::string& trash_schema) {
    return facet("person", "m.deleted_by, p.name, NULL::pg_catalog.text",
                 join_principal(trash_schema, "m.deleted_by", schema::kTenant), "6 DESC, 2");
}

std::string by_day() {
    return facet("day",
                 R"(pg_catalog.to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
      NULL::pg_catalog.text, NULL::pg_catalog.text)",
                 "", "2 DESC");
}

// The youngest first, as the numbers in front say.
std::string by_age() {
    std::string age = "CASE";
    for (const char* days : {"1", "7", "30", "365"})
        age += schema::filled(
            R"( WHEN m.created_at OPERATOR(pg_catalog.>)
      (pg_catalog.now() OPERATOR(pg_catalog.-) '{days} days'::interval) THEN '{days}d')",
            {{"days", days}});
    return facet("age", age + " ELSE 'older' END, NULL::pg_catalog.text, NULL::pg_catalog.text", "",
                 "pg_catalog.max(m.created_at) DESC");
}

std::vector<FacetCount> values_of(const Result& found, const std::string& name, double scale) {
    std::vector<FacetCount> values;
    const auto scaled = [&](int row, int column) {
        return std::llround(static_cast<double>(found.integer(row, column)) * scale);
    };
    for (int row = 0; row < found.rows(); ++row)
        if (found.text(row, 0) == name)
            values.push_back({std::string(found.text(row, 1)),
                              {std::string(found.text(row, 2)), std::string(found.text(row, 3))},
                              scaled(row, 4),
                              scaled(row, 5),
                              scaled(row, 6)});
    return values;
}

std::vector<FacetCount> people_of(const Result& found, double scale) {
    auto people = values_of(found, "person", scale);
    for (auto& one : people)
        if (!one.table.schema.empty()) one.name = std::exchange(one.table.schema, "");
    return people;
}

}  // namespace

// What is read inside is taken back together with the limit, which changes nothing.
bool in_time(schema::Connection& connection, std::chrono::milliseconds longest,
             const std::function<void()>& work) {
    connection.exec("SAVEPOINT trashd_search");
    connection.exec("SET LOCAL statement_timeout = " + to_string(longest.count()));
    connection.exec("SET LOCAL jit = off");  // compiling takes longer, and no limit ends it
    bool done = true;
    try {
        work();
    } catch (const Error& error) {
        if (!error.is(sqlstate::kQueryCanceled)) throw;
        done = false;
    }
    connection.exec("ROLLBACK TO SAVEPOINT trashd_search");
    connection.exec("RELEASE SAVEPOINT trashd_search");
    return done;
}

Facets read_facets(const CountSource& source) {
    Counter counter(source, false);
    const auto found =
        counter.count(by_table(counter) + by_person(source.items.trash_schema) + by_day());
    Facets facets;
    facets.tables = values_of(found, "table", counter.scale());
    facets.people = people_of(found, counter.scale());
    facets.days = values_of(found, "day", counter.scale());
    facets.approximate = counter.approximate();
    return facets;
}

Statistics read_statistics(const CountSource& source) {
    Counter counter(source, true);
    const auto found =
        counter.count(by_table(counter) + by_person(source.items.trash_schema) + by_age());
    Statistics all;
    all.at = std::string(source.connection.exec("SELECT " + utc("pg_catalog.now()")).text(0, 0));
    const auto sums = values_of(found, "all", counter.scale());
    all.groups = sums.at(0).groups;
    all.items = sums.at(0).items;
    all.bytes = sums.at(0).bytes;
    all.tables = values_of(found, "table", counter.scale());
    all.people = people_of(found, counter.scale());
    all.ages = values_of(found, "age", counter.scale());
    all.approximate = counter.approximate();
    all.oldest = found.value(0, 7);
    all.next_to_expire = found.value(0, 8);
    if (!all.approximate) return all;
    if (auto time = counter.first("created_at")) all.oldest = time;
    if (auto time = counter.first("expires_at")) all.next_to_expire = time;
    return all;
}

}  // namespace trashd::trash
