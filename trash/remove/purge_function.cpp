#include "trash/remove/purge_function.hpp"

#include "schema/session/transaction.hpp"
#include "trash/records/purge.hpp"
#include "trash/store/lock_keys.hpp"
#include "trash/store/plan_functions.hpp"

namespace trashd::trash {

std::string PurgeFunction::name(schema::Pool& pool) {
    const std::lock_guard lock(mutex_);
    if (!name_.empty()) return name_;
    schema::run(pool, schema::Mode::kMove, [&](schema::Transaction& transaction) {
        transaction.exec("SELECT " + lock_call(LockKey::kFunctions));
        name_ = PlanFunctions(transaction, trash_schema_)
                    .make("purge_", {}, [&](const std::string& function) {
                        return purge_function_sql(trash_schema_, function);
                    });
    });
    return name_;
}

void PurgeFunction::forget() {
    const std::lock_guard lock(mutex_);
    name_.clear();
}

}  // namespace trashd::trash
