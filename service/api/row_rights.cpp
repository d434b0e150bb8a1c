#include "service/api/row_rights.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/value.hpp"
#include "service/api/act_as_role.hpp"
#include "service/api/object_id.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/read/live_row.hpp"

namespace trashd::service {

namespace {

bool may(const Call& call, Right right, const schema::QualifiedName& table) {
    return call.access.allows(right, *call.resources, table);
}

std::vector<schema::QualifiedName> tables_of(const trash::RowScope& reach, bool members) {
    auto tables = reach.whole;
    for (const auto& own : reach.own)
        if (members || !own.columns.empty()) tables.push_back(own.table);
    return tables;
}

[[noreturn]] void refuse(const Call& call, Right right, const schema::QualifiedName& table) {
    const auto* resource = call.resources->of(table);
    throw Forbidden({{right, resource ? encode_path(resource->path) : "*"}});
}

trash::RowCheck row_check(const Call& call, const std::vector<Right>& rights) {
    std::vector<std::pair<Right, trash::RowScope>> own;
    for (const auto right : rights)
        if (auto reach = reach_of(call, right); reach && !reach->own.empty())
            own.emplace_back(right, std::move(*reach));
    const auto consent = consent_of(call);
    if (own.empty() && !consent) return {};
    return [&call, own, consent, rights](schema::Transaction& transaction,
                                         const schema::Catalog& catalog, long long group) {
        for (const auto& [right, reach] : own) {
            const auto beyond = trash::first_beyond(transaction.connection(), catalog,
                                                    call.trash->schema_name(), group, reach);
            if (beyond) refuse(call, right, *beyond);
        }
        for (const auto right : rights)
            if (consent)
                trash::need_consent(transaction.connection(), *consent,
                                    std::string(right_name(right)), catalog,
                                    call.trash->schema_name(), group);
    };
}

// Whether the right is for the item: for all of its table, or for it as an own row.
bool may_item(const Call& call, Right right, const schema::QualifiedName& table,
              const std::string& item_id) {
    if (may(call, right, table)) return true;
    return call.access.reaches(right, *call.resources, table) &&
           call.trash->within(item_id, *reach_of(call, right));
}

}  // namespace

std::optional<trash::RowScope> reach_of(const Call& call, Right right) {
    if (call.access.everywhere(right)) return std::nullopt;
    trash::RowScope reach;
    reach.id = call.access.id();
    for (const auto& resource : call.resources->all()) {
        const auto& table = resource.table->name;
        if (call.access.allows(right, resource))
            reach.whole.push_back(table);
        else if (call.access.takes(right, *call.resources, table))
            reach.own.push_back({table, call.access.owners(right, resource)});
    }
    return reach;
}

void see_only(const Call& call, trash::ItemFilter& filter) {
    auto reach = reach_of(call, Right::kViewTrash);
    if (!reach) return;
    filter.among = tables_of(*reach, false);
    if (!reach->own.empty()) filter.within = std::move(reach);
}

void purge_only(const Call& call, trash::ItemFilter& filter) {
    auto reach = reach_of(call, Right::kPurge);
    if (!reach) return;
    filter.whole = tables_of(*reach, true);
    if (!reach->own.empty()) filter.within = filter.whole_within = std::move(reach);
}

std::vector<const schema::Column*> owner_columns(const Call& call, Right right) {
    std::vector<const schema::Column*> columns;
    for (const auto& name : call.access.owners(right, *call.resource))
        columns.push_back(call.resource->table->column(name));
    return columns;
}

std::string own_rows(const Call& call, Right right, const std::string& alias) {
    if (call.access.allows(right, *call.resource)) return "true";
    return trash::own_rows(*call.resource->table, call.access.owners(right, *call.resource), alias,
                           call.access.id());
}

std::string live_rows(const Call& call, Right right, const std::string& alias) {
    return call.trash->tenant_condition(*call.resource->table, alias) + " AND " +
           own_rows(call, right, alias);
}

trash::Checks check_of(const Call& call, const std::vector<Right>& rights) {
    trash::Checks checks;
    auto everywhere = [&](Right right) { return call.access.everywhere(right); };
    checks.rows = row_check(call, rights);
    if (std::ranges::all_of(rights, everywhere)) return checks;
    checks.tables = [&call, rights](const std::vector<schema::QualifiedName>& tables) {
        call.access.need_all(rights, *call.resources, tables);
    };
    return checks;
}

namespace {

// Of the live row, if there is one, whether each right is for it.
std::vector<bool> rights_on_row(const Call& call, const std::vector<Right>& rights,
                                const std::vector<std::string>& id) {
    const auto& table = *call.resource->table;
    std::string list;
    for (const auto right : rights) list += (list.empty() ? "" : ", ") + own_rows(call, right, "t");
    const auto sql =
        fmt::format("SELECT {} FROM {} t WHERE {} AND {}", list, schema::relation(table),
                    trash::equals_key(table, "t"), call.trash->tenant_condition(table, "t"));
    std::vector<bool> granted;
    if (!trash::can_be_key(table, id)) return granted;
    call.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        const auto found = transaction.exec(sql, {id.begin(), id.end()});
        granted.clear();
        for (std::size_t i = 0; found.rows() > 0 && i < rights.size(); ++i)
            granted.push_back(found.boolean(0, static_cast<int>(i)));
    });
    return granted;
}

}  // namespace

bool has_row(const Call& call, Right right, const std::vector<std::string>& id) {
    const auto granted = rights_on_row(call, {right}, id);
    return !granted.empty() && granted[0];
}

bool need_on_row(const Call& call, Right right, const std::vector<std::string>& id) {
    if (call.access.allows(right, *call.resource)) return true;
    const auto granted = rights_on_row(call, {right, Right::kRead}, id);
    if (granted.empty()) return false;
    if (granted[0]) return true;
    if (!granted[1]) throw not_found(call);
    refuse(call, right, call.resource->table->name);
}

void need_on_table(const Call& call, Right right, const schema::QualifiedName& table) {
    if (!may(call, right, table)) refuse(call, right, table);
}

void need_on_item(const Call& call, Right right, const std::string& item_id) {
    if (call.access.everywhere(right)) return;
    if (!may_item(call, right, call.trash->tables_of(item_id).item, item_id))
        throw Error(Code::kNotFound, "there is no such TrashItem");
}

void need_on_group(const Call& call, Right right, const std::string& item_id) {
    if (!call.config->access.roles.empty())
        call.trash->item(item_id, false);  // as the role sees it
    if (call.access.everywhere(right)) return;
    const auto tables = call.trash->tables_of(item_id);
    const bool own = may_item(call, right, tables.item, item_id);
    if (!own && !may_item(call, Right::kViewTrash, tables.item, item_id))
        throw Error(Code::kNotFound, "there is no such TrashItem");
    call.access.need_all({right}, *call.resources, tables.all);
    if (!own) refuse(call, right, tables.item);
}

}  // namespace trashd::service
