// Reads version() and server_version_num, and knows other products by what they say of themselves.
#include "schema/session/server.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cctype>

#include "schema/error.hpp"
#include "schema/session/connection.hpp"

namespace trashd::schema {
namespace {

struct Mark {
    std::string_view text, product;  // text in lower case
};

// What their version() contains. Some call themselves PostgreSQL of a number as well.
constexpr Mark kMarks[] = {
    {"cockroachdb", "CockroachDB"},
    {"-yb-", "YugabyteDB"},
    {"yugabyte", "YugabyteDB"},
    {"redshift", "Amazon Redshift"},
    {"aurora dsql", "Amazon Aurora DSQL"},
    {"cloudberry", "Apache Cloudberry"},
    {"greenplum", "Greenplum"},
    {"materialize", "Materialize"},
    {"risingwave", "RisingWave"},
    {"cratedb", "CrateDB"},
    {"questdb", "QuestDB"},
    {"opengauss", "openGauss"},
    {"gaussdb", "GaussDB"},
    {"spanner", "Google Cloud Spanner"},
    {"hologres", "Hologres"},
    {"duckdb", "DuckDB"},
    {" h2 ", "H2"},
    {"cedardb", "CedarDB"},
};

constexpr std::string_view kPostgres = "PostgreSQL ";

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

// One that is not known by a mark is called by its first word.
std::string product_of(const std::string& version) {
    const auto text = lower(version) + " ";
    for (const auto& mark : kMarks)
        if (text.find(mark.text) != text.npos) return std::string(mark.product);
    if (version.starts_with(kPostgres)) return "PostgreSQL";
    const auto word = version.substr(0, version.find_first_of(" \t\n"));
    return word.empty() ? "another product" : word;
}

// What does not know the function is no PostgreSQL.
std::string version_text(Connection& connection) {
    try {
        return std::string(connection.exec("SELECT pg_catalog.version()").text(0, 0));
    } catch (const Error& error) {
        if (connection.broken()) throw;
        return "";
    }
}

}  // namespace

Server server_of(Connection& connection) {
    Server server;
    server.product = product_of(version_text(connection));
    const char* version = PQparameterStatus(connection.native(), "server_version");
    server.version = version == nullptr ? "unknown" : version;
    server.version.erase(std::min(server.version.find(' '), server.version.size()));
    if (server.product != "PostgreSQL") return server;
    server.number = static_cast<int>(connection.exec("SHOW server_version_num").integer(0, 0));
    return server;
}

std::string objection(const Server& server) {
    constexpr int kMajor = kOldestServer / 10000;
    if (server.product != "PostgreSQL") {
        return fmt::format("trashd needs PostgreSQL {} or newer; this is {} (version {})", kMajor,
                           server.product, server.version);
    }
    if (server.number >= kOldestServer) return "";
    return fmt::format("trashd needs PostgreSQL {} or newer; this is {}", kMajor, server.version);
}

void require_supported(Connection& connection) {
    const auto reason = objection(server_of(connection));
    if (!reason.empty()) throw Error(Code::kUnavailable, reason);
}

}  // namespace trashd::schema
