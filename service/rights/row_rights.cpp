// A right for all rows is settled by names alone. One for own rows becomes SQL: over live rows as a
// condition of the statement, over rows that move as a check in their transaction, when the group
// holds them and nobody can change whose they are.
#include "service/rights/row_rights.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/parsing/object_id.hpp"
#include "service/rights/act_as_role.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/rows/live_row.hpp"

namespace trashd::service {

namespace {

bool may(const Caller& caller, const Context& context, Right right,
         const schema::QualifiedName& table) {
    return caller.access.allows(right, *context.resources, table);
}

std::vector<schema::QualifiedName> tables_of(const trash::Rows& reach, bool members) {
    auto tables = reach.whole;
    for (const auto& own : reach.own)
        if (members || !own.columns.empty()) tables.push_back(own.table);
    return tables;
}

// of_others: the right itself is there, but not for what others have deleted.
[[noreturn]] void refuse(const Context& context, Right right, const schema::QualifiedName& table,
                         bool of_others = false) {
    const auto* resource = context.resources->of(table);
    const Missing missing{right, resource ? encode_path(resource->path) : "*"};
    if (!of_others) throw Forbidden({missing});
    throw Forbidden({missing},
                    fmt::format("the right '{}' for {} is for what one has deleted oneself; ask "
                                "for a role that has it for more",
                                right_name(right), missing.resource));
}

// Throws where a row of the group is beyond reach.
struct ReachCheck {
    const Context& context;
    schema::Connection& connection;
    const schema::Catalog& catalog;
    const long long group;

    std::optional<schema::QualifiedName> beyond(const trash::RowScope& reach) const {
        return trash::first_beyond(connection, catalog, context.trash->schema_name(), group, reach);
    }
    void operator()(Right right, const trash::RowScope& reach) const {
        const auto table = beyond(reach);
        if (!table) return;
        const bool of_others =
            reach.own_deletes && !beyond({*reach.own_deletes, reach.id, std::nullopt});
        refuse(context, right, *table, of_others);
    }
};

trash::RowCheck row_check(const Caller& caller, const Context& context,
                          const std::vector<Right>& rights) {
    std::vector<std::pair<Right, trash::RowScope>> own;
    for (const auto right : rights)
        if (auto reach = reach_of(caller, context, right);
            reach && (!reach->own.empty() || reach->own_deletes))
            own.emplace_back(right, std::move(*reach));
    const auto consent = consent_of(caller, context);
    if (own.empty() && !consent) return {};
    return [&context, own, consent, rights](schema::Transaction& transaction,
                                            const schema::Catalog& catalog, long long group) {
        const ReachCheck check{context, transaction.connection(), catalog, group};
        for (const auto& [right, reach] : own) check(right, reach);
        for (const auto right : rights)
            if (consent)
                trash::need_consent(transaction.connection(), *consent,
                                    std::string(right_name(right)), catalog,
                                    context.trash->schema_name(), group);
    };
}

// Whether the right is for the item: for all of its table, or for it as an own row.
bool may_item(const Caller& caller, const Context& context, Right right,
              const schema::QualifiedName& table, const std::string& item_id) {
    if (may(caller, context, right, table)) return true;
    return caller.access.reaches(right, *context.resources, table) &&
           context.trash->within(item_id, *reach_of(caller, context, right));
}

}  // namespace

namespace {

trash::Rows rows_of(const Caller& caller, const Context& context, Right right, GroupsOf of) {
    trash::Rows rows;
    rows.all = caller.access.everywhere(right, of);
    for (const auto& resource : context.resources->all()) {
        const auto& table = resource.table->name;
        if (caller.access.allows(right, resource, of))
            rows.whole.push_back(table);
        else if (caller.access.takes(right, *context.resources, table, of))
            rows.own.push_back({table, caller.access.owners(right, resource, of)});
    }
    return rows;
}

}  // namespace

std::optional<trash::RowScope> reach_of(const Caller& caller, const Context& context, Right right) {
    if (caller.access.everywhere(right)) return std::nullopt;
    trash::RowScope reach{
        rows_of(caller, context, right, GroupsOf::kAnyone), caller.access.id(), {}};
    if (caller.access.own_deletes(right))
        reach.own_deletes = rows_of(caller, context, right, GroupsOf::kAsker);
    return reach;
}

void see_only(const Caller& caller, const Context& context, trash::ItemFilter& filter) {
    auto reach = reach_of(caller, context, Right::kViewTrash);
    if (!reach) return;
    filter.among = tables_of(*reach, false);
    if (!reach->own.empty()) filter.within = std::move(reach);
}

void whole_groups_only(const Caller& caller, const Context& context, Right right,
                       trash::ItemFilter& filter) {
    auto reach = reach_of(caller, context, right);
    if (!reach) return;
    const trash::Rows& widest = reach->own_deletes ? *reach->own_deletes : *reach;
    if (!widest.all) filter.whole = tables_of(widest, true);
    if (!reach->own.empty() || reach->own_deletes)
        filter.within = filter.whole_within = std::move(reach);
}

std::vector<const schema::Column*> owner_columns(const Request& request, const Caller& caller,
                                                 Right right) {
    std::vector<const schema::Column*> columns;
    for (const auto& name : caller.access.owners(right, *request.resource, GroupsOf::kAsker))
        columns.push_back(request.resource->table->column(name));
    return columns;
}

std::string own_rows(const Request& request, const Caller& caller, Right right,
                     const std::string& alias) {
    if (caller.access.allows(right, *request.resource, GroupsOf::kAsker)) return "true";
    return trash::own_rows(*request.resource->table,
                           caller.access.owners(right, *request.resource, GroupsOf::kAsker), alias,
                           caller.access.id());
}

std::string live_rows(const Request& request, const Caller& caller, const Context& context,
                      Right right, const std::string& alias) {
    const auto of_tenant = context.trash->tenant_condition(*request.resource->table, alias);
    const auto own = own_rows(request, caller, right, alias);
    if (of_tenant == "true") return own;
    return own == "true" ? of_tenant : of_tenant + " AND " + own;
}

trash::Checks check_of(const Caller& caller, const Context& context,
                       const std::vector<Right>& rights) {
    trash::Checks checks;
    auto everywhere = [&](Right right) { return caller.access.everywhere(right); };
    checks.rows = row_check(caller, context, rights);
    if (std::ranges::all_of(rights, everywhere)) return checks;
    checks.tables = [&caller, &context, rights](const std::vector<schema::QualifiedName>& tables) {
        caller.access.need_all(rights, *context.resources, tables);
    };
    return checks;
}

namespace {

// Of the live row, if there is one, whether each right is for it.
std::vector<bool> rights_on_row(const Request& request, const Caller& caller,
                                const Context& context, const std::vector<Right>& rights,
                                const std::vector<std::string>& id) {
    const auto& table = *request.resource->table;
    std::string list;
    for (const auto right : rights)
        list += (list.empty() ? "" : ", ") + own_rows(request, caller, right, "t");
    const auto sql =
        fmt::format("SELECT {} FROM {} t WHERE {} AND {}", list, schema::relation(table),
                    trash::equals_key(table, "t"), context.trash->tenant_condition(table, "t"));
    std::vector<bool> granted;
    if (!trash::can_be_key(table, id)) return granted;
    context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        const auto found = transaction.exec(sql, {id.begin(), id.end()});
        granted.clear();
        for (std::size_t i = 0; found.rows() > 0 && i < rights.size(); ++i)
            granted.push_back(found.boolean(0, static_cast<int>(i)));
    });
    return granted;
}

}  // namespace

bool has_row(const Request& request, const Caller& caller, const Context& context, Right right,
             const std::vector<std::string>& id) {
    const auto granted = rights_on_row(request, caller, context, {right}, id);
    return !granted.empty() && granted[0];
}

bool need_on_row(const Request& request, const Caller& caller, const Context& context, Right right,
                 const std::vector<std::string>& id) {
    if (caller.access.allows(right, *request.resource, GroupsOf::kAsker)) return true;
    const auto granted = rights_on_row(request, caller, context, {right, Right::kRead}, id);
    if (granted.empty()) return false;
    if (granted[0]) return true;
    if (!granted[1]) throw not_found(request);
    refuse(context, right, request.resource->table->name);
}

void need_on_table(const Caller& caller, const Context& context, Right right,
                   const schema::QualifiedName& table) {
    if (!may(caller, context, right, table)) refuse(context, right, table);
}

bool has_item(const Caller& caller, const Context& context, Right right,
              const std::string& item_id) {
    return caller.access.everywhere(right) ||
           may_item(caller, context, right, context.trash->tables_of(item_id).item, item_id);
}

void need_on_item(const Caller& caller, const Context& context, Right right,
                  const std::string& item_id) {
    if (!has_item(caller, context, right, item_id))
        throw Error(Code::kNotFound, "there is no such TrashItem");
}

void need_on_group(const Caller& caller, const Context& context, Right right,
                   const std::string& item_id) {
    if (!context.config->access.roles.empty())
        context.trash->item(item_id, false);  // as the role sees it
    if (caller.access.everywhere(right)) return;
    const auto tables = context.trash->tables_of(item_id);
    const bool own = may_item(caller, context, right, tables.item, item_id);
    if (!own && !may_item(caller, context, Right::kViewTrash, tables.item, item_id))
        throw Error(Code::kNotFound, "there is no such TrashItem");
    caller.access.need_all({right}, *context.resources, tables.all);
    if (own) return;
    const auto item = context.trash->item(item_id, false);  // of what is gone that it is gone
    refuse(context, right, tables.item,
           caller.access.own_deletes(right) && item.deleted_by != caller.access.id());
}

}  // namespace trashd::service
