// Every built-in type, with the values that other ways of storing a row lose.
#include <doctest/doctest.h>

#include "schema/catalog/reader.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/item.hpp"
#include "trash/model/options.hpp"
#include "trash/model/restored.hpp"
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

TEST_CASE("a cast to text that is made later changes no value") {
    // Rows were kept as the cast wrote them: nothing at a table tells that its types got one.
    TempDatabase database(
        "CREATE TYPE mood AS ENUM ('Sad', 'Happy'); CREATE TYPE pair AS (a int, b text);"
        "CREATE TABLE t (id int PRIMARY KEY, m mood, p pair, ms mood[]);"
        "INSERT INTO t VALUES (1, 'Happy', '(1,x)', '{Happy,NULL}'), (2, NULL, '(,)', NULL)");
    schema::Pool pool(database.url(), 2);
    trash::Trash bin(pool);
    TestConnection connection(database.url());
    const std::string before = copy_of_all_tables(connection.get());
    bin.catalog().get();
    for (const char* type : {"mood", "pair", "mood[]"}) {
        const std::string of(type);
        connection->script("CREATE FUNCTION wrong(" + of +
                           ") RETURNS text LANGUAGE sql AS $$SELECT 'Sad'$$; CREATE CAST (" + of +
                           " AS text) WITH FUNCTION wrong(" + of + ") AS ASSIGNMENT");
    }
    for (const char* id : {"1", "2"})
        bin.restore(bin.remove({"public", "t"}, {id}, {}, {}).item->id, {}, {});
    CHECK((copy_of_all_tables(connection.get()) == before));
}
