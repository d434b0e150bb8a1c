#include "tests/support/served_database.hpp"

#include <doctest/doctest.h>

namespace trashd::test {

ServedDatabase::ServedDatabase(const std::string& script, const std::string& toml)
    : database(script), service(database.url(), {}, toml) {}

Answer ServedDatabase::operator()(const std::string& verb, const std::string& address,
                                  const std::string& body, httplib::Headers headers) {
    if (!body.empty() && headers.count("Content-Type") == 0)
        headers.emplace("Content-Type", "application/json");
    return ask(service.port(), verb, address, headers, body);
}

std::string ServedDatabase::trash(const std::string& address) {
    const auto gone = (*this)("DELETE", "/v1/" + address);
    REQUIRE(gone.status == 204);
    return gone.header("Location");
}

void ServedDatabase::sql(const std::string& script) {
    TestConnection(database.url())->script(script);
}

std::string ServedDatabase::value(const std::string& query) {
    return TestConnection(database.url()).value(query);
}

}  // namespace trashd::test
