// Every connection string becomes a URI with defaults before it, under which a server that has gone
// silent is given up; what the owner wrote stands behind them and wins.
#include "schema/session/pool.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <soci/connection-pool.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include <cctype>

#include "schema/encoding.hpp"
#include "schema/error.hpp"
#include "schema/sqlstate.hpp"

namespace trashd::schema {
namespace {

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const unsigned char c : text) {
        out +=
            std::isalnum(c) != 0 ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
    }
    return out;
}

// A server that went silent is given up within a minute; what the URL says comes later and wins.
constexpr std::string_view kDefaults =
    "client_encoding=UTF8&fallback_application_name=trashd&connect_timeout=10&keepalives_idle=20"
    "&keepalives_interval=10&keepalives_count=3&tcp_user_timeout=50000";

// libpq's message about such a URL would show what follows the first @ of a password.
bool has_bare_password(const std::string& url) {
    const auto begin = url.find("://");
    if (begin == url.npos || !url.starts_with("postgres")) return false;
    const auto rest = std::string_view(url).substr(begin + 3);
    const auto last = rest.substr(0, rest.find('?')).rfind('@');
    return last != rest.npos && rest.find_first_of("@/") < last;
}

// SOCI cuts connection strings at spaces, also at quoted ones: a URI has none.
std::string as_uri(const std::string& url) {
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
        PQconninfoParse(url.c_str(), nullptr), PQconninfoFree);
    if (options == nullptr || has_bare_password(url)) {
        throw Error(Code::kUnavailable,
                    "the database URL is not valid; give a libpq connection string, or a URI with "
                    "the password percent-encoded: @ as %40, / as %2F, ? as %3F, # as %23");
    }
    auto out = fmt::format("postgresql://?{}", kDefaults);
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr || std::string_view(option->keyword) == "client_encoding")
            continue;
        out += fmt::format("&{}={}", option->keyword, percent_encoded(option->val));
    }
    return out;
}

}  // namespace

struct Pool::Impl {
    Impl(std::string url, int size, std::chrono::milliseconds wait, Limits limits)
        : url(std::move(url)),
          uri(as_uri(this->url)),
          wait(wait),
          limits(std::move(limits)),
          sessions(static_cast<std::size_t>(size)) {}

    const std::string url, uri;
    const std::chrono::milliseconds wait;
    Limits limits;
    soci::connection_pool sessions;
};

namespace {

PGconn* native(soci::session& session) {
    const auto* backend = session.get_backend();
    if (backend == nullptr) return nullptr;
    return static_cast<const soci::postgresql_session_backend*>(backend)->conn_;
}

// An idle connection has nothing to say: what can be read is its goodbye.
bool usable(PGconn* connection) {
    if (connection == nullptr || PQstatus(connection) != CONNECTION_OK) return false;
    pollfd socket{PQsocket(connection), POLLIN, 0};
    return poll(&socket, 1, 0) == 0;
}

// The process id that a pooler gives its clients is none of a backend's. What cannot tell is no
// PostgreSQL, and is refused by name as soon as it is asked what it is.
bool elsewhere(PGconn* connection) {
    Connection asked(connection);
    try {
        const auto backend = asked.exec("SELECT pg_catalog.pg_backend_pid()");
        return backend.integer(0, 0) != PQbackendPID(connection);
    } catch (const Error&) {
        if (asked.broken()) throw;
        return true;
    }
}

// Without what SOCI says in front of it.
std::string cause_of(const std::exception& error) {
    const std::string_view message = error.what();
    const auto at = message.find('\n');
    return std::string(at == message.npos ? message : message.substr(at + 1));
}

PGconn* open(soci::session& session, const std::string& uri, Pooler pooler) {
    try {
        session.close();
        session.open(soci::postgresql, uri);
    } catch (const std::exception& error) {
        throw Error(
            SqlError{std::string(sqlstate::kConnectFailure), cause_of(error), "", "", "", "", ""});
    }
    auto* connection = native(session);
    PQsetNoticeProcessor(
        connection, [](void*, const char*) {}, nullptr);
    if (bytes_alone(connection)) PQsetClientEncoding(connection, "SQL_ASCII");
    if (pooler == Pooler::kTransaction || (pooler == Pooler::kAuto && elsewhere(connection)))
        Connection(connection).do_not_prepare();
    return connection;
}

PGconn* connected(soci::session& session, const std::string& uri, Pooler pooler) {
    auto* connection = native(session);
    return usable(connection) ? connection : open(session, uri, pooler);
}

// What a caller left open must not reach the next one; neither must a connection that cannot leave
// its pipeline, for it is at its end though it may not know yet.
void tidy(soci::session& session) {
    auto* connection = native(session);
    if (connection == nullptr) return;
    const auto status = PQtransactionStatus(connection);
    if (status == PQTRANS_ACTIVE || PQpipelineStatus(connection) != PQ_PIPELINE_OFF)
        return session.close();
    if (status == PQTRANS_IDLE) return;
    PQclear(PQexec(connection, "ROLLBACK"));
}

}  // namespace

Pool::Pool(std::string url, int size, std::chrono::milliseconds wait, Limits limits)
    : impl_(std::make_unique<Impl>(std::move(url), size, wait, std::move(limits))) {}

Pool::~Pool() = default;
const std::string& Pool::url() const {
    return impl_->url;
}
const Limits& Pool::limits() const {
    return impl_->limits;
}
void Pool::hide_user_schema() {
    impl_->limits.no_user_schema = true;
}
void Pool::be_known_by(const std::string& own_secret) {
    impl_->limits.own_secret = own_secret;
}

Lease Pool::lease() {
    std::size_t position = 0;
    if (!impl_->sessions.try_lease(position, static_cast<int>(impl_->wait.count()))) {
        throw Error(Code::kUnavailable, "all database connections are in use; try again later");
    }
    return Lease(*this, position);
}

Lease::Lease(Pool& pool, std::size_t position) : pool_(&pool), position_(position) {
    auto& sessions = pool.impl_->sessions;
    try {
        connection_.emplace(
            connected(sessions.at(position), pool.impl_->uri, pool.impl_->limits.pooler));
    } catch (...) {
        sessions.give_back(position);
        throw;
    }
}

Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      position_(other.position_),
      connection_(std::move(other.connection_)) {}

Lease::~Lease() {
    if (pool_ == nullptr) return;
    auto& sessions = pool_->impl_->sessions;
    tidy(sessions.at(position_));
    sessions.give_back(position_);
}

Connection& Lease::connection() {
    return *connection_;
}

}  // namespace trashd::schema
