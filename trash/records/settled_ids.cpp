// The highest id is read before the writers are: who drew a lower one and is not among these has
// ended by then. What was drawn is kept until all of these have ended, however often others come.
#include "trash/records/settled_ids.hpp"

#include <algorithm>
#include <utility>

#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/object_name.hpp"
#include "schema/session/connection.hpp"

namespace trashd::trash {
namespace {

using schema::Connection;
using schema::Param;
using schema::quoted;

// Who draws an id holds this lock before it does, and until its entry can be seen by all.
constexpr const char* kWriters = R"(SELECT pg_catalog.array_agg(virtualtransaction)
  FROM pg_catalog.pg_locks
  WHERE relation OPERATOR(pg_catalog.=) $1::pg_catalog.regclass
    AND mode OPERATOR(pg_catalog.=) 'RowExclusiveLock'
    AND database OPERATOR(pg_catalog.=) (
      SELECT oid FROM pg_catalog.pg_database
      WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
    AND COALESCE(pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid(), true))";
constexpr const char* kDrawn = R"(SELECT pg_catalog.pg_sequence_last_value(
    pg_catalog.pg_get_serial_sequence($1, 'id')::pg_catalog.regclass))";
constexpr const char* kAnyLeft = R"(SELECT EXISTS (SELECT FROM pg_catalog.pg_locks
    WHERE virtualtransaction OPERATOR(pg_catalog.=) ANY ($1)))";

bool any_left(Connection& connection, const std::vector<Param>& writers) {
    return !writers.empty() &&
           connection.exec(kAnyLeft, {schema::array_literal(writers)}).boolean(0, 0);
}

}  // namespace

SettledIds::Drawn SettledIds::draw(Connection& connection) const {
    const std::vector<Param> ledger = {quoted({trash_schema_, "ledger"})};
    const auto drawn = connection.exec(kDrawn, ledger);
    const auto found = connection.exec(kWriters, ledger);
    return {drawn.null(0, 0) ? 0 : drawn.integer(0, 0),
            found.null(0, 0) ? std::vector<Param>() : schema::parse_array(found.text(0, 0))};
}

void SettledIds::advance(Connection& connection) {
    if (any_left(connection, drawn_->writers)) return;
    settled_ = std::max(settled_, drawn_->upto);
    drawn_.reset();
}

bool SettledIds::waits() {
    const std::scoped_lock lock(mutex_);
    return drawn_.has_value();
}

long long SettledIds::look(Connection& connection) {
    const std::scoped_lock lock(mutex_);
    if (drawn_) advance(connection);
    if (drawn_) return settled_;
    drawn_ = draw(connection);
    advance(connection);
    return settled_;
}

}  // namespace trashd::trash
