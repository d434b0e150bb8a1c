// Every built-in type, with the values that other ways of storing a row lose.
#include <doctest/doctest.h>

#include "tests/support/database.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

TEST_CASE("a row of every type comes back byte for byte") {
    TempDatabase database(source_file("tests/support/fixtures/types.sql"));
    schema::Pool pool(database.url(), 2);
    trash::Trash bin(pool);
    TestConnection connection(database.url());
    const std::string before = copy_of_all_tables(connection.get());
    const auto ids = connection->exec("SELECT id FROM all_types ORDER BY id");
    REQUIRE(ids.rows() > 20);
    std::vector<std::string> items;
    for (int row = 0; row < ids.rows(); ++row) {
        items.push_back(
            bin.remove({"public", "all_types"}, {std::string(ids.text(row, 0))}, {}, {}).item->id);
    }
    CHECK(connection.value("SELECT count(*) FROM all_types") == "0");
    for (const std::string& item : items) {
        CHECK(bin.item(item, true).object.has_value());
        bin.restore(item, {}, {});
    }
    CHECK((copy_of_all_tables(connection.get()) == before));
}
