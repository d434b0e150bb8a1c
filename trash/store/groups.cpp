#include "trash/store/groups.hpp"

#include "schema/value.hpp"
#include "trash/model/errors.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Connection;
using schema::Param;
using schema::quoted;
using schema::Result;

}  // namespace

GroupRow group_of(Connection& connection, const std::string& trash_schema,
                  const std::string& item_id, bool lock) {
    const ItemAddress address = parse_item_id(item_id);
    const Connection::Statement look{
        "SELECT id, uuid, state, shapes, counts, size, links, root_shape, root_object, " +
            utc("ended_at") + ", ended_by, tenant FROM " + quoted({trash_schema, "trash_group"}) +
            " g WHERE uuid OPERATOR(pg_catalog.=) $1::pg_catalog.uuid AND " + seen_by_tenant("g") +
            (lock ? " FOR UPDATE" : ""),
        {address.group_id}};
    const Result found = connection.exec_pipeline({{kByIndex}, look, {kAsPlanned}})[1];
    if (found.rows() == 0 || address.ordinal < 1 || address.ordinal > found.integer(0, 5)) {
        throw Error(Code::kNotFound, "there is no such TrashItem");
    }
    GroupRow group;
    group.id = found.integer(0, 0);
    group.uuid = found.text(0, 1);
    group.state = found.text(0, 2);
    for (const Param& shape : schema::parse_array(found.text(0, 3)))
        group.shapes.push_back(std::stoi(*shape));
    for (const Param& count : schema::parse_array(found.text(0, 4)))
        group.counts.push_back(std::stoll(*count));
    group.size = found.integer(0, 5);
    group.links = found.integer(0, 6);
    group.root_shape = static_cast<int>(found.integer(0, 7));
    group.root_object = found.text(0, 8);
    group.ended_at = found.text(0, 9);
    group.ended_by = found.text(0, 10);
    group.tenant = found.value(0, 11);
    if (group.state != "trashed") {
        throw GoneError("the TrashItem was " + group.state + " at " + group.ended_at,
                        {group.state, group.ended_at, group.ended_by});
    }
    return group;
}

GroupTables group_tables(Connection& connection, const std::string& trash_schema,
                         const std::string& item_id) {
    const ItemAddress address = parse_item_id(item_id);
    const Result found = connection.exec(
        "SELECT coalesce(n.nspname::pg_catalog.text, s.now_schema, s.schema_name), "
        "coalesce(c.relname::pg_catalog.text, "
        "s.now_table, s.table_name), pg_catalog.sum(u.amount) OVER (ORDER BY u.place) FROM " +
            quoted({trash_schema, "trash_group"}) +
            " g CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(g.shapes), "
            "pg_catalog.unnest(g.counts)) WITH ORDINALITY u(shape, amount, place) JOIN " +
            quoted({trash_schema, "shape"}) +
            " s ON s.id OPERATOR(pg_catalog.=) u.shape LEFT JOIN pg_catalog.pg_class c ON c.oid "
            "OPERATOR(pg_catalog.=) s.relation LEFT JOIN "
            "pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE g.uuid "
            "OPERATOR(pg_catalog.=) $1::pg_catalog.uuid "
            "AND " +
            seen_by_tenant("g") + " ORDER BY u.place",
        {address.group_id});
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

}  // namespace trashd::trash
