// A group is read in the order of what is known of it: its own row first, which outlives its items,
// then its forms and counts, and only of a group that still lies there, and is not too large, the
// rows themselves, to say which reference took which.
#include "trash/read/group_details.hpp"

#include <algorithm>
#include <map>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/model/errors.hpp"
#include "trash/read/item_references.hpp"
#include "trash/read/item_sql.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/principal_names.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::QualifiedName;
using schema::Result;
using std::to_string;

// Of larger groups the rows are not followed one by one.
constexpr long long kLargest = 100000;

// A form of the group, what its table is called today, and how many rows it has.
struct Part {
    int form = 0;
    QualifiedName table;
    long long count = 0;
};

class GroupReader {
  public:
    GroupReader(const GroupSource& source, const GroupQuery& asked)
        : source_(source), asked_(asked) {}
    GroupDetails read(const std::string& group_id);

  private:
    Result exec(const std::string& sql, const std::string& param) {
        return source_.connection.exec(sql, {param});
    }
    void read_head(const std::string& group_id);
    void read_root();
    void read_parts();
    std::string seen_items() const;
    void count_rows();
    void count_stored();
    void count_followed(const ItemReferences& references);
    void count_gone(const Part& part);
    void count_links();
    bool is_root_seen() const;
    WholeGroup whole_within(const std::optional<RowScope>& reach);

    const GroupSource& source_;
    const GroupQuery& asked_;
    GroupDetails details_;
    long long id_ = 0;
    std::vector<int> roots_;  // ordinals
    std::vector<Part> parts_;
};

// What is left of the root when its item is gone is in the group's row.
void GroupReader::read_head(const std::string& group_id) {
    const auto sql = filled(
        R"(SELECT g.id, g.uuid, g.state, {created}, g.deleted_by, g.reason, {expires}, g.size,
    g.root_object, s.schema_name, s.table_name,
    s.class OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) g.root_object,
    {ended}, g.ended_by, g.layout IS NOT NULL, coalesce(g.roots, '{1}'::pg_catalog.int4[]),
    {deleter}, {ender}
  FROM {schema}.trash_group g
  LEFT JOIN {shapes} s ON s.id OPERATOR(pg_catalog.=) g.root_shape
  WHERE g.uuid OPERATOR(pg_catalog.=) $1::pg_catalog.uuid AND {seen_by_tenant})",
        source_.trash_schema,
        {{"created", utc("g.created_at")},
         {"expires", utc("g.expires_at")},
         {"ended", utc("g.ended_at")},
         {"deleter", name_of_principal(source_.trash_schema, "g.deleted_by", "g.tenant")},
         {"ender", name_of_principal(source_.trash_schema, "g.ended_by", "g.tenant")},
         {"shapes", described_shapes(source_.trash_schema, source_.naming)},
         {"seen_by_tenant", seen_by_tenant("g")}});
    const auto found = exec(sql, group_id);
    if (found.rows() == 0) throw Error(Code::kNotFound, "there is no such group");
    id_ = found.integer(0, 0);
    auto& root = details_.root;
    root.group_id = found.text(0, 1);
    for (const auto& ordinal : schema::parse_array(found.text(0, 15)))
        roots_.push_back(std::stoi(*ordinal));
    root.id = item_id(root.group_id, roots_.front());
    details_.state = found.text(0, 2);
    root.created_at = root.updated_at = found.text(0, 3);
    root.deleted_by = found.text(0, 4);
    root.deleted_by_name = found.value(0, 16);
    root.reason = found.value(0, 5);
    root.expires_at = found.value(0, 6);
    root.group_size = found.integer(0, 7);
    root.object_id = found.text(0, 8);
    root.table = {std::string(found.text(0, 9)), std::string(found.text(0, 10))};
    root.display_name = found.text(0, 11);
    root.root = true;
    root.partly = found.boolean(0, 14);
    details_.ended_at = found.value(0, 12);
    details_.ended_by = found.value(0, 13);
    details_.ended_by_name = found.value(0, 17);
}

bool GroupReader::is_root_seen() const {
    if (!asked_.seen) return true;
    if (details_.state != "trashed")
        return std::ranges::count(asked_.seen->whole, details_.root.table) > 0;
    return item_within(source_.connection, source_.catalog, source_.trash_schema, details_.root.id,
                       *asked_.seen);
}

void GroupReader::read_root() {
    const auto found = source_.connection.exec(
        "SELECT " + item_fields_at(source_.trash_schema, source_.naming, to_string(id_),
                                   to_string(roots_.front())));
    details_.root_seen = !found.null(0, 0);
    if (details_.root_seen) details_.root = item_from(found.text(0, 0));
}

void GroupReader::read_parts() {
    const auto sql = filled(
        R"(SELECT u.shape, s.schema_name, s.table_name, pg_catalog.sum(u.amount)::pg_catalog.int8
  FROM {schema}.trash_group g
  CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(g.shapes), pg_catalog.unnest(g.counts))
    WITH ORDINALITY u(shape, amount, place)
  JOIN {shapes} s ON s.id OPERATOR(pg_catalog.=) u.shape
  WHERE g.id OPERATOR(pg_catalog.=) $1::bigint AND u.amount OPERATOR(pg_catalog.>) 0
  GROUP BY 1, 2, 3
  ORDER BY pg_catalog.min(u.place))",
        source_.trash_schema, {{"shapes", described_shapes(source_.trash_schema, source_.naming)}});
    const auto found = exec(sql, to_string(id_));
    for (int row = 0; row < found.rows(); ++row) {
        parts_.push_back({static_cast<int>(found.integer(row, 0)),
                          {std::string(found.text(row, 1)), std::string(found.text(row, 2))},
                          found.integer(row, 3)});
        const auto& table = parts_.back().table;
        if (std::ranges::find(details_.tables, table) == details_.tables.end())
            details_.tables.push_back(table);
    }
}

// SQL over items i; empty: all are seen.
std::string GroupReader::seen_items() const {
    return asked_.seen ? within(*asked_.seen, source_.catalog, source_.trash_schema, false) : "";
}

bool same_table(const schema::Table* table, const QualifiedName& name) {
    return table && table->name == name;
}

void GroupReader::count_gone(const Part& part) {
    if (asked_.seen) return;
    details_.counts.push_back({part.table, {}, part.count});
}

// As many as there were: of a group that has ended nothing else is known, and a large one is not
// read through.
void GroupReader::count_stored() {
    for (const auto& part : parts_)
        if (!asked_.seen || std::ranges::count(asked_.seen->whole, part.table) > 0)
            details_.counts.push_back({part.table, {}, part.count});
}

// No statistics tell that a group has many rows, and row by row each is compared with all others.
void GroupReader::count_followed(const ItemReferences& references) {
    source_.connection.exec("SET LOCAL enable_nestloop = off");
    for (const auto* table : references.tables())
        for (auto& count : references.taken(*table, seen_items()))
            details_.counts.push_back(std::move(count));
    source_.connection.exec("SET LOCAL enable_nestloop TO DEFAULT");
    for (const auto& part : parts_)
        if (std::ranges::none_of(references.tables(),
                                 [&](const auto* table) { return same_table(table, part.table); }))
            count_gone(part);
}

void GroupReader::count_rows() {
    std::vector<int> forms;
    for (const auto& part : parts_) forms.push_back(part.form);
    const ItemReferences references(source_.connection, source_.catalog, source_.trash_schema,
                                    {id_, forms, roots_});
    const bool live = details_.state == "trashed";
    if (live && details_.root.group_size <= kLargest) return count_followed(references);
    if (live && source_.hidden) return;
    count_stored();
    for (auto& count : details_.counts)
        if (const auto* table = source_.catalog.table(count.table);
            table && count.table != details_.root.table)
            count.constraint = references.only_reference(*table);
}

// The reference is that of today whose columns were set.
std::optional<std::string> constraint_of(const schema::Catalog& catalog, const schema::Table* table,
                                         std::vector<int> attnums) {
    std::ranges::sort(attnums);
    for (const auto* key :
         table ? catalog.references(table->oid) : std::vector<const schema::ForeignKey*>()) {
        auto set = key->set_columns.empty() ? key->child_columns : key->set_columns;
        std::ranges::sort(set);
        if (set == attnums) return key->name;
    }
    return std::nullopt;
}

void GroupReader::count_links() {
    const auto sql = filled(
        R"(SELECT l.shape, s.schema_name, s.table_name, l.attnums, pg_catalog.count(*)
  FROM {schema}.link l
  JOIN {shapes} s ON s.id OPERATOR(pg_catalog.=) l.shape
  WHERE l.group_id OPERATOR(pg_catalog.=) $1::bigint
  GROUP BY 1, 2, 3, 4
  ORDER BY 2, 3, 4)",
        source_.trash_schema, {{"shapes", described_shapes(source_.trash_schema, source_.naming)}});
    const auto found = exec(sql, to_string(id_));
    for (int row = 0; row < found.rows(); ++row) {
        const QualifiedName name{std::string(found.text(row, 1)), std::string(found.text(row, 2))};
        std::vector<int> attnums;
        for (const auto& one : schema::parse_array(found.text(row, 3)))
            attnums.push_back(std::stoi(*one));
        details_.links.push_back(
            {name, constraint_of(source_.catalog, source_.catalog.table(name), attnums),
             found.integer(row, 4)});
    }
}

// A role of the database sees all that it may, and a group goes as a whole.
WholeGroup GroupReader::whole_within(const std::optional<RowScope>& reach) {
    if (details_.state != "trashed") return {};
    if (source_.hidden) {
        const auto seen = exec(filled(R"(SELECT pg_catalog.count(*) FROM {schema}.item
  WHERE group_id OPERATOR(pg_catalog.=) $1::bigint)",
                                      source_.trash_schema),
                               to_string(id_));
        if (seen.integer(0, 0) < details_.root.group_size) return {};
    }
    if (!reach) return {true};
    const auto beyond =
        first_beyond(source_.connection, source_.catalog, source_.trash_schema, id_, *reach);
    return {!beyond, beyond};
}

GroupDetails GroupReader::read(const std::string& group_id) {
    read_head(group_id);
    if (details_.state == "trashed") read_root();
    details_.root_seen = details_.root_seen && is_root_seen();
    read_parts();
    count_rows();
    if (!source_.hidden) count_links();
    details_.restored = whole_within(asked_.restored);
    details_.purged = whole_within(asked_.purged);
    return std::move(details_);
}

}  // namespace

GroupDetails read_group(const GroupSource& source, const std::string& group_id,
                        const GroupQuery& asked) {
    return GroupReader(source, asked).read(group_id);
}

}  // namespace trashd::trash
