// What a delete would do, told before any row is touched: for `trashd plan`.
#include "cascade/outline.hpp"
#include "trash/delete_outline.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/store/plan_functions.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {

DeleteOutline Trash::outline_of(const schema::QualifiedName& table, bool cascade) {
    const auto plan = impl_->planned(table, cascade);
    return {cascade::outline(*plan->catalog, plan->plan), plan->plan.refusals};
}

std::vector<std::string> Trash::functions_of(const schema::QualifiedName& table, bool cascade) {
    const auto plan = impl_->compiled(table, cascade);
    std::vector<std::string> all;
    auto lease = impl_->pool.lease();
    for (const auto& name : {plan->move, plan->look, plan->impact, plan->owners})
        if (!name.empty()) all.push_back(definition_of(lease.connection(), name));
    return all;
}

}  // namespace trashd::trash
