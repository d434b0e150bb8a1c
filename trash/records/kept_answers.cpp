// A claim is a row without an answer. Two requests that come at once meet in INSERT ... ON
// CONFLICT: the second waits for the first one's transaction and then finds its claim. A claim that
// outlived the longest possible request belongs to a process that has died, and is taken over.
#include "trash/records/kept_answers.hpp"

#include <fmt/format.h>

#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/transaction.hpp"
#include "trash/model/errors.hpp"

namespace trashd::trash {
namespace {

using schema::Param;

// Beyond the longest wait and statement of a request; what took longer fails to keep its answer.
std::string longest_request(const schema::Limits& limits) {
    const auto longest = limits.lock_timeout + limits.statement_timeout + std::chrono::seconds(5);
    return fmt::format("{} milliseconds", longest.count());
}

KeptAnswer answer_from(const schema::Result& row) {
    KeptAnswer answer{static_cast<int>(row.integer(0, 1)),
                      std::string(row.text(0, 2)),
                      std::string(row.text(0, 4)),
                      {}};
    const auto headers = schema::parse_array(row.text(0, 3));
    for (std::size_t i = 0; i + 1 < headers.size(); i += 2)
        answer.headers.emplace_back(*headers[i], *headers[i + 1]);
    return answer;
}

}  // namespace

KeyClaim::KeyClaim(schema::Pool& pool, const std::string& trash_schema, const RequestKey& key)
    : pool_(pool), table_(schema::quoted({trash_schema, "idempotency"})) {
    schema::run(pool, schema::Mode::kWrite, [&](schema::Transaction& transaction) {
        if (!claim(transaction.connection(), key)) look(transaction.connection(), key);
    });
    open_ = !kept_;
}

bool KeyClaim::claim(schema::Connection& connection, const RequestKey& key) {
    const auto claimed = connection.exec(
        fmt::format("INSERT INTO {} AS i (principal, key, fingerprint) VALUES ($1, $2, $3) "
                    "ON CONFLICT (principal, key) DO UPDATE SET claim = EXCLUDED.claim, "
                    "claimed_at = pg_catalog.now() WHERE i.status IS NULL AND i.fingerprint "
                    "OPERATOR(pg_catalog.=) "
                    "EXCLUDED.fingerprint AND i.claimed_at OPERATOR(pg_catalog.<) "
                    "(pg_catalog.now() OPERATOR(pg_catalog.-) $4::interval) "
                    "RETURNING claim",
                    table_),
        {key.principal, key.key, key.fingerprint, longest_request(pool_.limits())});
    if (claimed.rows() > 0) id_ = claimed.text(0, 0);
    return claimed.rows() > 0;
}

void KeyClaim::look(schema::Connection& connection, const RequestKey& key) {
    kept_.reset();
    const auto row = connection.exec(
        fmt::format("SELECT fingerprint, status, media_type, headers, body FROM {} "
                    "WHERE principal OPERATOR(pg_catalog.=) $1 AND key OPERATOR(pg_catalog.=) $2",
                    table_),
        {key.principal, key.key});
    if (row.rows() == 0) throw StillRunning();
    if (row.text(0, 0) != key.fingerprint)
        throw Error(Code::kInvalid,
                    "this Idempotency-Key was used for another request; choose a new one");
    if (row.null(0, 1)) throw StillRunning();
    kept_ = answer_from(row);
}

long long KeyClaim::store(schema::Connection& connection, const KeptAnswer& answer) {
    std::vector<Param> headers;
    for (const auto& [name, value] : answer.headers) {
        headers.emplace_back(name);
        headers.emplace_back(value);
    }
    return connection
        .exec(
            fmt::format(
                "UPDATE {} SET status = $2::int, media_type = $3, headers = $4::pg_catalog.text[], "
                "body = $5 WHERE claim OPERATOR(pg_catalog.=) $1::pg_catalog.uuid AND status IS "
                "NULL",
                table_),
            {id_, std::to_string(answer.status), answer.media_type, schema::array_literal(headers),
             answer.body})
        .affected();
}

void KeyClaim::keep(schema::Transaction& transaction, const KeptAnswer& answer) {
    if (store(transaction.connection(), answer) == 0) throw StillRunning();
}

void KeyClaim::keep(const KeptAnswer& answer) {
    schema::run(pool_, schema::Mode::kWrite,
                [&](schema::Transaction& transaction) { store(transaction.connection(), answer); });
    open_ = false;
}

KeyClaim::~KeyClaim() {
    if (!open_) return;
    try {
        schema::run(pool_, schema::Mode::kWrite, [&](schema::Transaction& transaction) {
            transaction.exec(fmt::format("DELETE FROM {} WHERE claim OPERATOR(pg_catalog.=) "
                                         "$1::pg_catalog.uuid AND status IS NULL",
                                         table_),
                             {id_});
        });
    } catch (const Error&) {
        // it is taken over when it is old enough
    }
}

long long forget_answers(schema::Pool& pool, const std::string& trash_schema, long long hours) {
    long long forgotten = 0;
    schema::run(pool, schema::Mode::kWrite, [&](schema::Transaction& transaction) {
        forgotten = transaction
                        .exec(fmt::format("DELETE FROM {} WHERE claimed_at OPERATOR(pg_catalog.<) "
                                          "(pg_catalog.now() OPERATOR(pg_catalog.-) "
                                          "pg_catalog.make_interval(hours => $1::int))",
                                          schema::quoted({trash_schema, "idempotency"})),
                              {std::to_string(hours)})
                        .affected();
    });
    return forgotten;
}

}  // namespace trashd::trash
