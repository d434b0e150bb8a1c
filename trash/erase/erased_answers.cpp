// What still runs has no answer yet. Texts are read page by page, in the order of their keys.
#include "trash/erase/erased_answers.hpp"

#include <vector>

#include "schema/session/connection.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using Without = std::function<std::optional<std::string>(const std::string&)>;

constexpr int kPage = 500;

// Names of principals have the tenant in front where there are tenants (service's idempotency).
Param prefix_of(const std::optional<std::string>& tenant) {
    if (!tenant) return std::nullopt;
    auto text = schema::array_literal({tenant});
    text.back() = ',';
    return text;
}

constexpr const char* kAnswers = R"(SELECT a.principal, a.key, a.body
  FROM {schema}.idempotency a
  WHERE a.status IS NOT NULL AND a.body OPERATOR(pg_catalog.<>) ''
    AND (a.principal, a.key) OPERATOR(pg_catalog.>) ($1::pg_catalog.text, $2::pg_catalog.text)
    AND ($3::pg_catalog.text IS NULL OR pg_catalog.starts_with(a.principal, $3))
  ORDER BY a.principal, a.key LIMIT {page})";
constexpr const char* kSetAnswer = R"(UPDATE {schema}.idempotency SET body = $3
  WHERE principal OPERATOR(pg_catalog.=) $1 AND key OPERATOR(pg_catalog.=) $2)";

void erase_kept(schema::Transaction& transaction, const std::string& trash_schema,
                const std::optional<std::string>& tenant, const Without& without) {
    std::vector<Param> at = {"", ""};
    for (int rows = kPage; rows == kPage;) {
        const auto found =
            transaction.exec(filled(kAnswers, trash_schema, {{"page", std::to_string(kPage)}}),
                             {at[0], at[1], prefix_of(tenant)});
        rows = found.rows();
        for (int row = 0; row < rows; ++row) {
            at = {found.value(row, 0), found.value(row, 1)};
            if (const auto text = without(std::string(found.text(row, 2))))
                transaction.exec(filled(kSetAnswer, trash_schema), {at[0], at[1], text});
        }
    }
}

constexpr const char* kOperations = R"(SELECT o.number, o.request, o.result, o.error
  FROM {schema}.operation o
  WHERE o.ended_at IS NOT NULL AND o.number OPERATOR(pg_catalog.>) $1::pg_catalog.int8
    AND ($2::pg_catalog.text IS NULL OR o.tenant OPERATOR(pg_catalog.=) $2)
  ORDER BY o.number LIMIT {page})";
constexpr const char* kSetOperation = R"(UPDATE {schema}.operation SET
    request = COALESCE($2::pg_catalog.json, request), result = COALESCE($3::pg_catalog.json, result),
    error = COALESCE($4::pg_catalog.json, error)
  WHERE number OPERATOR(pg_catalog.=) $1::pg_catalog.int8)";

void erase_operations(schema::Transaction& transaction, const std::string& trash_schema,
                      const std::optional<std::string>& tenant, const Without& without) {
    Param at = "0";
    for (int rows = kPage; rows == kPage;) {
        const auto found = transaction.exec(
            filled(kOperations, trash_schema, {{"page", std::to_string(kPage)}}), {at, tenant});
        rows = found.rows();
        for (int row = 0; row < rows; ++row) {
            at = found.value(row, 0);
            std::vector<Param> set = {at};
            bool any = false;
            for (int column = 1; column <= 3; ++column) {
                set.push_back(found.null(row, column)
                                  ? std::nullopt
                                  : without(std::string(found.text(row, column))));
                any = any || set.back();
            }
            if (any) transaction.exec(filled(kSetOperation, trash_schema), set);
        }
    }
}

}  // namespace

void erase_answers(schema::Transaction& transaction, const std::string& trash_schema,
                   const std::optional<std::string>& tenant, const Without& without) {
    erase_kept(transaction, trash_schema, tenant, without);
    erase_operations(transaction, trash_schema, tenant, without);
}

}  // namespace trashd::trash
