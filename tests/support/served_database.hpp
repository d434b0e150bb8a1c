// What most tests of the service begin with: a database, trashd beside it, and a client of both.
#pragma once

#include <string>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"

namespace trashd::test {

struct ServedDatabase {
    // script: SQL that makes the tables; toml: the configuration, beside where the database is.
    explicit ServedDatabase(const std::string& script, const std::string& toml = "");

    // A body goes out as JSON unless the headers say otherwise.
    Answer operator()(const std::string& verb, const std::string& address,
                      const std::string& body = "", httplib::Headers headers = {});
    // Deletes what is at the address below /v1/, "project/1", and answers the address of its
    // TrashItem.
    std::string trash(const std::string& address);
    // Beside the service, on a connection of its own: a script; the single value of a query.
    void sql(const std::string& script);
    std::string value(const std::string& query);

    TempDatabase database;
    ServiceProcess service;
};

}  // namespace trashd::test
