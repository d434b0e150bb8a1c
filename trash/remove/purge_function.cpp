#include "trash/remove/purge_function.hpp"

#include "schema/session/transaction.hpp"
#include "trash/records/purge.hpp"
#include "trash/store/lock_keys.hpp"
#include "trash/store/plan_functions.hpp"

namespace trashd::trash {

PurgeFunction::Names PurgeFunction::names(schema::Pool& pool) {
    const std::lock_guard lock(mutex_);
    if (!names_.one.empty()) return names_;
    Names made;
    schema::run(pool, schema::Mode::kMove, [&](schema::Transaction& transaction) {
        transaction.exec("SELECT " + lock_call(LockKey::kFunctions));
        PlanFunctions functions(transaction, trash_schema_);
        const auto make = [&](const char* prefix, auto text_of) {
            return functions.make(prefix, {}, [&](const std::string& function) {
                return text_of(trash_schema_, function);
            });
        };
        made = {make("purge_", purge_function_sql), make("purges_", purges_function_sql)};
    });
    return names_ = made;
}

void PurgeFunction::forget() {
    const std::lock_guard lock(mutex_);
    names_ = {};
}

}  // namespace trashd::trash
