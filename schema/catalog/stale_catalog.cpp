#include "schema/catalog/stale_catalog.hpp"

#include <algorithm>
#include <array>

#include "schema/sqlstate.hpp"

namespace trashd::schema {
namespace {

using namespace sqlstate;

template <typename States>
bool is_any(const Error& error, const States& states) {
    return std::ranges::any_of(states, [&](auto state) { return error.is(state); });
}

// The function was dropped after the statement that calls it was planned.
bool lost_its_function(const Error& error) {
    return error.is(kInternalError) &&
           error.sql()->message.starts_with("cache lookup failed for function");
}

}  // namespace

bool names_nothing(const Error& error) {
    constexpr std::array kStates = {kUndefinedTable, kUndefinedColumn, kUndefinedFunction,
                                    kUndefinedObject, kInvalidSchemaName};
    return is_any(error, kStates);
}

// A rule that came refuses a statement as a feature that is not supported, before the function's
// own check; a standby says the same of itself, but is unavailable by then.
bool is_stale(const Error& error) {
    constexpr std::array kStates = {kCatalogChanged, kDatatypeMismatch, kGeneratedAlways,
                                    kFeatureNotSupported};
    if (error.code() != Code::kInternal) return false;
    return names_nothing(error) || is_any(error, kStates) || lost_its_function(error);
}

}  // namespace trashd::schema
