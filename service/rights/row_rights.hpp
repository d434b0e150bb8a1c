// Which rows a right is for: of roles with an owner those in which a column holds the id of who
// asks. Conditions for what is read, checks for what is moved.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/config/roles.hpp"
#include "trash/model/options.hpp"
#include "trash/model/row_scope.hpp"

namespace trashd::schema {
struct Column;
}

namespace trashd::schema {
struct QualifiedName;
}

namespace trashd::service {

struct Caller;
struct Context;
struct Request;

// Nothing: all rows.
std::optional<trash::RowScope> reach_of(const Caller& caller, const Context& context, Right right);
// Narrows the filter to the items that may be seen; to the groups that the right is for as wholes.
void see_only(const Caller& caller, const Context& context, trash::ItemFilter& filter);
void whole_groups_only(const Caller& caller, const Context& context, Right right,
                       trash::ItemFilter& filter);
// SQL over rows of the resource under the alias: the right is for them; of live rows also that who
// asks has them, in a transaction of Trash::run.
std::string own_rows(const Request& request, const Caller& caller, Right right,
                     const std::string& alias);
std::string live_rows(const Request& request, const Caller& caller, const Context& context,
                      Right right, const std::string& alias);
// The columns that own_rows() names.
std::vector<const schema::Column*> owner_columns(const Request& request, const Caller& caller,
                                                 Right right);

// Throws where one of the rights is missing on a table or a row; empty: there is nothing to check.
trash::Checks check_of(const Caller& caller, const Context& context,
                       const std::vector<Right>& rights);
// The right on the live row of the resource, if there is one. Throws Forbidden, or kNotFound like
// for no row at all where it may not be read either.
bool need_on_row(const Request& request, const Caller& caller, const Context& context, Right right,
                 const std::vector<std::string>& id);
// There is such a live row that the right is for.
bool has_row(const Request& request, const Caller& caller, const Context& context, Right right,
             const std::vector<std::string>& id);
// The right on the table and on every row of it.
void need_on_table(const Caller& caller, const Context& context, Right right,
                   const schema::QualifiedName& table);
// The right on every resource of the item's group. Throws Error kNotFound like for no item at all
// where not even the item itself may be seen.
void need_on_group(const Caller& caller, const Context& context, Right right,
                   const std::string& item_id);
// The right is for the item itself.
bool has_item(const Caller& caller, const Context& context, Right right,
              const std::string& item_id);
// The right on the item itself, in the same way.
void need_on_item(const Caller& caller, const Context& context, Right right,
                  const std::string& item_id);

}  // namespace trashd::service
