#include "trash/store/groups.hpp"

#include <numeric>

#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/result.hpp"
#include "schema/text.hpp"
#include "trash/model/errors.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/own_statements.hpp"
#include "trash/store/principal_names.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Connection;
using schema::Param;
using schema::quoted;
using schema::Result;

std::string columns_of_groups() {
    return "id, uuid, state, shapes, counts, size, links, root_shape, root_object, " +
           utc("ended_at") + ", ended_by, tenant, layout, roots, taken";
}

std::vector<int> ints(std::string_view array) {
    std::vector<int> out;
    for (const Param& element : schema::parse_array(array)) out.push_back(std::stoi(*element));
    return out;
}

std::vector<long long> integers(std::string_view array) {
    std::vector<long long> out;
    for (const Param& element : schema::parse_array(array)) out.push_back(std::stoll(*element));
    return out;
}

GroupRow group_from(const Result& found, int row = 0) {
    GroupRow group;
    group.id = found.integer(row, 0);
    group.uuid = found.text(row, 1);
    group.state = found.text(row, 2);
    group.shapes = ints(found.text(row, 3));
    group.counts = integers(found.text(row, 4));
    group.size = found.integer(row, 5);
    group.links = found.integer(row, 6);
    group.root_shape = static_cast<int>(found.integer(row, 7));
    group.root_object = found.text(row, 8);
    group.ended_at = found.text(row, 9);
    group.ended_by = found.text(row, 10);
    group.tenant = found.value(row, 11);
    group.partly = !found.null(row, 12);
    group.layout = group.partly ? integers(found.text(row, 12)) : group.counts;
    group.roots = found.null(row, 13) ? std::vector<int>{1} : ints(found.text(row, 13));
    group.taken = found.integer(row, 14);
    return group;
}

// An item that left the group before the others.
void refuse_gone(Connection& connection, const std::string& trash_schema, const GroupRow& group,
                 long long ordinal) {
    const auto sql = schema::filled(
        "SELECT outcome, {at}, by FROM {schema}.part WHERE group_id OPERATOR(pg_catalog.=) "
        "$1::pg_catalog.int8 AND ordinals OPERATOR(pg_catalog.@>) $2::pg_catalog.int4",
        {{"at", utc("at")}, {"schema", quoted(trash_schema)}});
    const Result found = connection.exec(sql, {std::to_string(group.id), std::to_string(ordinal)});
    if (found.rows() == 0) return;
    const Gone gone{
        std::string(found.text(0, 0)), std::string(found.text(0, 1)), std::string(found.text(0, 2)),
        principal_name(connection, trash_schema, std::string(found.text(0, 2)), group.tenant)};
    throw GoneError("the TrashItem was " + gone.outcome + " at " + gone.at, gone);
}

long long items_made(const GroupRow& group) {
    return std::accumulate(group.layout.begin(), group.layout.end(), 0LL);
}

}  // namespace

void need_in_trash(Connection& connection, const std::string& trash_schema, const GroupRow* group,
                   long long ordinal) {
    if (group == nullptr || ordinal < 1 || ordinal > items_made(*group))
        throw Error(Code::kNotFound, "there is no such TrashItem");
    if (group->partly) refuse_gone(connection, trash_schema, *group, ordinal);
    if (group->state != "trashed")
        throw GoneError("the TrashItem was " + group->state + " at " + group->ended_at,
                        {group->state, group->ended_at, group->ended_by,
                         principal_name(connection, trash_schema, group->ended_by, group->tenant)});
}

GroupRow group_of(Connection& connection, const std::string& trash_schema,
                  const std::string& item_id, bool lock) {
    const ItemAddress address = parse_item_id(item_id);
    const auto sql = schema::filled(
        "SELECT {columns} FROM {schema}.trash_group g WHERE uuid OPERATOR(pg_catalog.=) "
        "$1::pg_catalog.uuid AND {seen}{lock}",
        {{"columns", columns_of_groups()},
         {"schema", quoted(trash_schema)},
         {"seen", seen_by_tenant("g")},
         {"lock", lock ? " FOR UPDATE" : ""}});
    const Result found =
        connection.exec_pipeline({{kByIndex}, {sql, {address.group_id}}, {kAsPlanned}})[1];
    if (found.rows() == 0) need_in_trash(connection, trash_schema, nullptr, address.ordinal);
    GroupRow group = group_from(found);
    need_in_trash(connection, trash_schema, &group, address.ordinal);
    return group;
}

std::vector<GroupRow> groups_with(Connection& connection, const std::string& trash_schema,
                                  const std::vector<std::string>& uuids, bool lock) {
    const std::vector<Param> wanted(uuids.begin(), uuids.end());
    const auto sql = schema::filled(
        R"(SELECT {columns} FROM {schema}.trash_group g
  WHERE uuid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.uuid[]) AND {seen} ORDER BY id{lock})",
        {{"columns", columns_of_groups()},
         {"schema", quoted(trash_schema)},
         {"seen", seen_by_tenant("g")},
         {"lock", lock ? " FOR UPDATE" : ""}});
    const Result found = connection.exec_pipeline(
        {{kByIndex}, {sql, {schema::array_literal(wanted)}}, {kAsPlanned}})[1];
    std::vector<GroupRow> groups;
    for (int row = 0; row < found.rows(); ++row) groups.push_back(group_from(found, row));
    return groups;
}

GroupRow group_with_id(Connection& connection, const std::string& trash_schema, long long id) {
    const auto sql = schema::filled(
        "SELECT {columns} FROM {schema}.trash_group WHERE id OPERATOR(pg_catalog.=) "
        "$1::pg_catalog.int8",
        {{"columns", columns_of_groups()}, {"schema", quoted(trash_schema)}});
    const Result found = connection.exec(sql, {std::to_string(id)});
    if (found.rows() != 1) throw Error(Code::kNotFound, "there is no such group");
    return group_from(found);
}

GroupTables group_tables(Connection& connection, const std::string& trash_schema,
                         const std::string& item_id) {
    const ItemAddress address = parse_item_id(item_id);
    const auto sql = schema::filled(
        R"(SELECT coalesce(n.nspname::pg_catalog.text, s.now_schema, s.schema_name),
    coalesce(c.relname::pg_catalog.text, s.now_table, s.table_name),
    pg_catalog.sum(u.amount) OVER (ORDER BY u.place)
  FROM {schema}.trash_group g
    CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(g.shapes),
      pg_catalog.unnest(coalesce(g.layout, g.counts))) WITH ORDINALITY u(shape, amount, place)
    JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) u.shape
    LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.relation
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  WHERE g.uuid OPERATOR(pg_catalog.=) $1::pg_catalog.uuid AND {seen}
  ORDER BY u.place)",
        {{"schema", quoted(trash_schema)}, {"seen", seen_by_tenant("g")}});
    const Result found = connection.exec(sql, {address.group_id});
    GroupTables tables;
    bool there = false;
    for (int row = 0; row < found.rows(); ++row) {
        tables.all.push_back({std::string(found.text(row, 0)), std::string(found.text(row, 1))});
        if (there || address.ordinal < 1 || address.ordinal > found.integer(row, 2)) continue;
        tables.item = tables.all.back();
        there = true;
    }
    if (!there) throw Error(Code::kNotFound, "there is no such TrashItem");
    return tables;
}

std::string ids_of(const std::vector<GroupRow>& groups) {
    std::vector<Param> ids;
    for (const GroupRow& group : groups) ids.emplace_back(std::to_string(group.id));
    return schema::array_literal(ids);
}

Result end_groups(Connection& connection, const std::string& trash_schema, const GroupEnd& end,
                  const schema::Statement& entry) {
    const auto ids = ids_of(end.groups);
    const auto own = [&](const char* text) {
        return schema::filled(text,
                              {{"schema", quoted(trash_schema)}, {"state", "$2"}, {"by", "$3"}});
    };
    std::vector<schema::Statement> all = {{kByIndex}, entry};
    all.insert(all.end(), end.keep.begin(), end.keep.end());
    const auto items = all.size() + 1;
    all.insert(all.end(), {{own(kDeleteLinks), {ids}},
                           {own(kDeleteItems), {ids}},
                           {own(kEndGroups), {ids, end.state, end.by}},
                           {kAsPlanned}});
    const auto done = connection.exec_pipeline(all);
    long long size = 0;
    for (const GroupRow& group : end.groups) size += group.size;
    if (done[items].affected() != size)
        throw Error(Code::kInternal, "a group holds another number of items than it says");
    return done[1];
}

}  // namespace trashd::trash
