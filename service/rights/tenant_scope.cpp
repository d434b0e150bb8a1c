// The tenant comes from the credentials alone; a host name that names another is refused instead of
// being obeyed. From here on context.trash is the tenant's, so that no handler can forget it.
#include "service/rights/tenant_scope.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"

namespace trashd::service {

namespace {

std::string lower_case(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

// The whole of a name without a dot.
std::string first_label(const Request& request) {
    const auto hosts = request.headers("Host");
    if (hosts.empty()) return "";
    const auto name = lower_case(hosts.front());
    return name.substr(0, name.find_first_of(".:"));
}

}  // namespace

void narrow_to_tenant(const Request& request, const Caller& caller, Context& context) {
    const auto& config = context.config->tenant;
    if (config.column.empty()) return;
    const auto& tenant = caller.principal.tenant;
    if (!tenant || tenant->empty() || tenant->find('\0') != tenant->npos)
        throw Error(Code::kForbidden, "the credentials name no tenant; ask for ones that do");
    if (config.host && !context.operation && first_label(request) != lower_case(*tenant))
        throw Error(Code::kForbidden,
                    "the first label of the host name is not the tenant of the credentials; use "
                    "the address that is yours");
    context.own_trash = std::make_shared<trash::Trash>(context.trash->of_tenant(*tenant));
    context.trash = context.own_trash.get();
}

}  // namespace trashd::service
