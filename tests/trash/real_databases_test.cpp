// Databases that others wrote, loaded unchanged: every delete comes back byte for byte.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/catalog/value.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;
using schema::Table;

namespace {

std::string demo() {
    return source_file("demo/schema.sql") + source_file("demo/data.sql");
}

void load_with_psql(const std::string& url, const std::string& file) {
    const std::string command = "psql -qX -v ON_ERROR_STOP=1 -d \"" + url + "\" -f \"" +
                                TRASHD_SOURCE_DIR + "/" + file + "\" >/dev/null 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
}

struct Loaded {
    explicit Loaded(const std::string& name) : pool(database.url(), 4) {
        if (name == "demo") {
            TestConnection(database.url())->script(demo());
        } else {
            load_with_psql(database.url(), "tests/data/" + name + ".sql");
        }
        // Without them PostgreSQL reads all payments for each rental that goes.
        if (name == "sakila")
            TestConnection(database.url())
                ->script(
                    "CREATE INDEX ON payment (rental_id); CREATE INDEX ON rental (customer_id)");
        bin = std::make_unique<trash::Trash>(pool);
        connection = std::make_unique<TestConnection>(database.url());
    }

    std::vector<const Table*> resources() {
        catalog = bin->catalog().get();
        std::vector<const Table*> all;
        for (const Table& table : catalog->tables()) {
            if (!table.identity.empty() && table.name.schema == "public") all.push_back(&table);
        }
        return all;
    }

    // Keys of up to `most` rows spread over the table.
    std::vector<std::vector<std::string>> keys(const Table& table, int most) {
        std::string columns;
        for (int attnum : table.identity) {
            columns += (columns.empty() ? "" : ", ") + schema::to_text(*table.column(attnum), "t");
        }
        const auto found =
            connection->get().exec("SELECT " + columns + " FROM " + schema::relation(table) +
                                   " t ORDER BY md5(t::text) LIMIT " + std::to_string(most));
        std::vector<std::vector<std::string>> all;
        for (int row = 0; row < found.rows(); ++row) {
            all.emplace_back();
            for (int column = 0; column < found.columns(); ++column)
                all.back().emplace_back(found.text(row, column));
        }
        return all;
    }

    std::string copy() { return copy_of_all_tables(connection->get()); }

    TempDatabase database;
    schema::Pool pool;
    std::unique_ptr<trash::Trash> bin;
    std::unique_ptr<TestConnection> connection;
    std::shared_ptr<const schema::Catalog> catalog;
};

void every_table_comes_back(const std::string& name, int rows) {
    Loaded loaded(name);
    const std::string before = loaded.copy();
    int deletes = 0;
    for (const Table* table : loaded.resources()) {
        for (const auto& key : loaded.keys(*table, rows)) {
            CAPTURE(table->name.name);
            CAPTURE(key[0]);
            const auto result = loaded.bin->remove(table->name, key, {.cascade = true}, {});
            loaded.bin->restore(result.item->id, {}, {});
            ++deletes;
        }
        REQUIRE((loaded.copy() == before));
    }
    CHECK(deletes > 0);
}

// 200 random deletes on top of each other; an item of each group that went.
std::vector<std::string> stack(Loaded& loaded, std::mt19937_64& random) {
    const auto tables = loaded.resources();
    std::vector<std::string> groups;
    for (int i = 0; i < 200; ++i) {
        const Table& table = *tables[random() % tables.size()];
        const auto keys = loaded.keys(table, 40);
        if (keys.empty()) continue;
        try {
            groups.push_back(
                loaded.bin
                    ->remove(table.name, keys[random() % keys.size()], {.cascade = i % 4 == 0}, {})
                    .item->id);
        } catch (const trash::Blocked&) {
            continue;
        }
    }
    return groups;
}

void stacked_in_reverse(const std::string& name) {
    Loaded loaded(name);
    std::mt19937_64 random(7);
    const std::string before = loaded.copy();
    auto groups = stack(loaded, random);
    CHECK(groups.size() > 10);
    CHECK((loaded.copy() != before));
    std::reverse(groups.begin(), groups.end());
    for (const std::string& item : groups) loaded.bin->restore(item, {}, {});
    CHECK((loaded.copy() == before));
}

void stacked_in_any_order(const std::string& name) {
    Loaded loaded(name);
    std::mt19937_64 random(11);
    const std::string before = loaded.copy();
    auto groups = stack(loaded, random);
    std::shuffle(groups.begin(), groups.end(), random);
    for (const std::string& item : groups) {
        try {
            loaded.bin->restore(item, {.with_ancestors = true}, {});
        } catch (const trash::GoneError&) {
            continue;  // came back as an ancestor of another
        }
    }
    CHECK((loaded.copy() == before));
}

}  // namespace

TEST_CASE("every table of the music shop comes back") {
    every_table_comes_back("chinook", 12);
}
TEST_CASE("every table of the film rental shop comes back") {
    every_table_comes_back("sakila", 6);
}
TEST_CASE("every table of the demo comes back") {
    every_table_comes_back("demo", 12);
}
TEST_CASE("deletes stacked on the music shop come back in reverse") {
    stacked_in_reverse("chinook");
}
TEST_CASE("deletes stacked on the film rental shop come back in reverse") {
    stacked_in_reverse("sakila");
}
TEST_CASE("deletes stacked on the demo come back in reverse") {
    stacked_in_reverse("demo");
}
TEST_CASE("deletes stacked on the music shop come back in any order") {
    stacked_in_any_order("chinook");
}
TEST_CASE("deletes stacked on the film rental shop come back in any order") {
    stacked_in_any_order("sakila");
}
TEST_CASE("deletes stacked on the demo come back in any order") {
    stacked_in_any_order("demo");
}

TEST_CASE("a delete and a purge leave what a closure written by hand predicts") {
    Loaded loaded("chinook");
    auto number = [&](const std::string& sql) {
        return loaded.connection->get().exec(sql).integer(0, 0);
    };
    const long long lines = number("SELECT count(*) FROM invoice_line");
    const long long gone = number(
        "SELECT count(*) FROM invoice_line l JOIN track t USING (track_id) JOIN album a "
        "USING (album_id) WHERE a.artist_id = 1");
    const long long tracks =
        number("SELECT count(*) FROM track t JOIN album a USING (album_id) WHERE artist_id = 1");
    const long long listed = number(
        "SELECT count(*) FROM playlist_track p JOIN track t USING (track_id) JOIN album a "
        "USING (album_id) WHERE artist_id = 1");
    const long long albums = number("SELECT count(*) FROM album WHERE artist_id = 1");
    const auto result = loaded.bin->remove({"public", "artist"}, {"1"}, {.cascade = true}, {});
    CHECK(result.item->group_size == 1 + albums + tracks + listed + gone);
    CHECK(number("SELECT count(*) FROM invoice_line") == lines - gone);
    loaded.bin->purge(result.item->id, {});
    CHECK(number("SELECT count(*) FROM trashd.item") == 0);
    CHECK(number("SELECT count(*) FROM invoice_line") == lines - gone);
}
