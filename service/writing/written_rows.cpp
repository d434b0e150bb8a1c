#include "service/writing/written_rows.hpp"

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/api/response.hpp"
#include "service/api/row_stream.hpp"
#include "service/parsing/preconditions.hpp"
#include "service/rights/act_as_role.hpp"
#include "trash/rows/live_row.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kMostAsked = 1 << 24;  // of a row that the access function is asked about
constexpr std::size_t kMostKept = 1 << 20;

bool wants_none(const Request& request, const Caller& caller) {
    const bool seen = caller.access.as_far(Right::kRead, Right::kWrite, *request.resource);
    return !seen || prefers(request, "return=minimal");
}

// The id is as it stands in the trash, where a key of one column is its text.
std::vector<std::string> key_of(const schema::Table& table, const std::string& id) {
    const auto columns = table.identity.size();
    return columns == 1 ? std::vector{id} : split_id(id, columns);
}

void append(Spool& into, const Request& request, schema::Transaction& transaction,
            const trash::WrittenRow& row) {
    if (row.json) return into.append(*row.json);
    const auto& table = *request.resource->table;
    const auto key = key_of(table, row.id);
    trash::write_row(transaction, table, {key, {}, "true"},
                     [&](std::string_view piece) { into.append(piece); });
}

}  // namespace

std::size_t shown_bytes(const Request& request, const Caller& caller, const Context& context) {
    if (consent_of(caller, context)) return kMostAsked;
    return wants_none(request, caller) ? 0 : trash::kShortRow;
}

void add_representation(Response& reply, const Request& request, const Caller& caller,
                        const Context& context, const WrittenRows& written) {
    bool minimal = wants_none(request, caller);
    auto body = std::make_shared<Spool>();
    for (const auto& row : written.rows) {
        if (minimal) break;
        if (written.array) body->append(body->size() == 0 ? "[" : ",");
        append(*body, request, written.transaction, row);
    }
    if (written.array) body->append("]");
    minimal = minimal || (context.key_claim && body->size() > kMostKept);
    if (minimal || prefers(request, "return=representation"))
        reply.headers.emplace_back("Preference-Applied",
                                   minimal ? "return=minimal" : "return=representation");
    if (minimal)
        reply.type.clear();
    else
        give_body(reply, std::move(body));
}

}  // namespace trashd::service
