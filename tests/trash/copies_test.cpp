// The trash in copies of its database, made in every way that PostgreSQL knows: what comes back is
// what went in, or it is said why not.
#include <doctest/doctest.h>

#include "tests/support/database.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

using trash::RestoreOptions;

// The trash of a database, as a service that was just started has it.
struct Bin {
    explicit Bin(const std::string& url) : pool(url, 3), bin(pool), own(url) {}
    std::string remove(const std::string& table, const std::string& id) {
        return bin.remove({"public", table}, {id}, {}, {}).item->id;
    }
    trash::Restored restore(const std::string& id, const RestoreOptions& options = {}) {
        return bin.restore(id, options, {});
    }
    std::string value(const std::string& sql) { return own.value(sql); }

    schema::Pool pool;
    trash::Trash bin;
    TestConnection own;
};

}  // namespace

TEST_CASE("a copy without its sequences gives out no number twice, and no row is lost") {
    // rows were taken under a form that did not exist, since its number was taken
    const TempDatabase database(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);"
        "CREATE TABLE p (id int PRIMARY KEY);"
        "CREATE TABLE k (p int REFERENCES p ON DELETE SET NULL, n text);"
        "INSERT INTO a SELECT generate_series(1, 4); INSERT INTO b SELECT generate_series(1, 4);"
        "INSERT INTO p VALUES (1), (2); INSERT INTO k VALUES (1, 'x'), (2, 'y')");
    Bin(database.url()).remove("a", "1");
    std::string linked = Bin(database.url()).remove("p", "1");
    TestConnection(database.url())
        ->exec(
            "SELECT setval(c.oid::regclass, 1, false) FROM pg_class c WHERE c.relkind = 'S' AND "
            "c.relnamespace = 'trashd'::regnamespace");
    Bin copy(database.url());
    std::vector<std::string> ids = {copy.remove("b", "1"), copy.remove("b", "2"),
                                    copy.remove("p", "2"), linked};
    CHECK(copy.value("SELECT count(DISTINCT taken) FROM trashd.trash_group") == "5");
    CHECK(copy.value("SELECT count(DISTINCT row_id) FROM trashd.link") == "2");
    for (const auto& id : ids) copy.restore(id);
    CHECK(copy.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM b") == "1 2 3 4");
    CHECK(copy.value("SELECT string_agg(p || n, ' ' ORDER BY n) FROM k") == "1x 2y");
}

TEST_CASE("a publication of all tables leaves every way out of the trash open") {
    // the table of references had no primary key, so PostgreSQL refused to delete from it
    const TempDatabase database(
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE k (p int REFERENCES p ON DELETE SET "
        "NULL); INSERT INTO p VALUES (1), (2); INSERT INTO k VALUES (1), (2); CREATE PUBLICATION "
        "everything FOR ALL TABLES; ALTER TABLE k REPLICA IDENTITY FULL");
    Bin bin(database.url());
    const auto first = bin.remove("p", "1"), second = bin.remove("p", "2");
    CHECK(bin.restore(first).relinked == 1);
    CHECK(bin.bin.purge(second, {}).rows == 1);
    CHECK(
        bin.value("SELECT string_agg(c.relname, ' ') FROM pg_class c WHERE c.relkind = 'r' AND "
                  "c.relnamespace = 'trashd'::regnamespace AND NOT EXISTS (SELECT FROM pg_index i "
                  "WHERE i.indrelid = c.oid AND i.indisprimary)") == "NULL");
}
