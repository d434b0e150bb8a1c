// Whatever a cluster, a database or a role may set, values come back as they were.
#include <doctest/doctest.h>

#include <set>

#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/options.hpp"
#include "trash/model/restored.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kTables =
    "CREATE TYPE mood AS ENUM ('sad', 'NULL'); CREATE TYPE pair AS (a text, b text[]);"
    "CREATE TABLE p (id text PRIMARY KEY, texts text[], note text, pairs pair[], moods mood[], "
    "  at timestamptz, day date, span interval, bytes bytea, ratio float8, price money, doc xml, "
    "  words text[]);"
    "CREATE INDEX ON p USING gin (words);"
    "CREATE TABLE c (id int PRIMARY KEY, p text REFERENCES p ON DELETE CASCADE, n numeric[]);"
    "CREATE TABLE l (id int PRIMARY KEY, p text REFERENCES p ON DELETE SET NULL, was int[]);"
    "INSERT INTO p VALUES (E'a\\\\\\'b', ARRAY[NULL, 'NULL', '', 'null', E'\\\\'], E'\\\\ '' \\n', "
    "  ARRAY[ROW(NULL, ARRAY[NULL, 'NULL'])::pair, NULL], ARRAY[NULL, 'NULL']::mood[], "
    "  '2020-02-03 04:05:06.789+01', '0044-03-15 BC', '-1 year 2 days -03:04:05.6', "
    "  '\\x00ff5c', 0.1 + 0.2, 12.34, '<a>&lt;</a>', '{a,b}');"
    "INSERT INTO c VALUES (1, E'a\\\\\\'b', ARRAY[NULL, 1.50, 'NaN']);"
    "INSERT INTO l VALUES (1, E'a\\\\\\'b', ARRAY[1, NULL])";
constexpr const char* kId = "a\\'b";

struct Setting {
    std::string name, value;
};

// Every value of the enumerations and switches that anybody may set, the ends of the ranges, and
// those words that change how a text is read.
std::vector<Setting> all_settings(TestConnection& connection) {
    const auto found = connection->exec(
        "SELECT s.name, v FROM pg_settings s CROSS JOIN LATERAL unnest(CASE s.vartype "
        "WHEN 'bool' THEN '{on,off}' WHEN 'enum' THEN s.enumvals "
        "WHEN 'string' THEN '{}' ELSE ARRAY[s.min_val, s.max_val] END) v "
        "WHERE s.context IN ('user', 'superuser') AND v IS DISTINCT FROM s.setting "
        "AND s.name NOT LIKE 'log%' AND s.name NOT LIKE 'debug%' AND s.name NOT LIKE 'trace%' "
        "AND s.name NOT LIKE 'transaction\\_%' AND s.name <> 'client_min_messages' "
        "ORDER BY 1, 2");
    std::vector<Setting> all = {{"DateStyle", "SQL, DMY"},
                                {"DateStyle", "German"},
                                {"TimeZone", "Asia/Kathmandu"},
                                {"lc_numeric", "C"},
                                {"search_path", "p, public, pg_catalog"},
                                {"search_path", "public, \"pg_catalog\""},
                                {"default_text_search_config", "pg_catalog.german"},
                                {"plpgsql.extra_errors", "all"},
                                {"plpgsql.extra_warnings", "all"},
                                {"plpgsql.variable_conflict", "use_column"},
                                {"plpgsql.check_asserts", "off"}};
    for (int row = 0; row < found.rows(); ++row)
        all.push_back({std::string(found.text(row, 0)), std::string(found.text(row, 1))});
    return all;
}

// With these a server hardly answers, whoever asks; or the start says that they must change.
bool hopeless(const Setting& setting) {
    static const std::set<std::string> kNames = {"statement_timeout",
                                                 "lock_timeout",
                                                 "idle_in_transaction_session_timeout",
                                                 "transaction_timeout",
                                                 "idle_session_timeout",
                                                 "session_replication_role",
                                                 "track_counts",
                                                 "ignore_system_indexes",
                                                 "zero_damaged_pages",
                                                 "temp_file_limit",
                                                 "allow_system_table_mods",
                                                 "max_stack_depth",
                                                 "deadlock_timeout",
                                                 "wal_consistency_checking"};
    return kNames.contains(setting.name);
}

void set(TestConnection& connection, const Setting& setting) {
    const bool list = setting.name == "search_path" || setting.name == "DateStyle";
    connection->exec(
        "ALTER DATABASE " + schema::quoted(connection.value("SELECT current_database()")) +
        " SET " + setting.name + " = " + (list ? setting.value : schema::literal(setting.value)));
}

void reset(TestConnection& connection, const Setting& setting) {
    connection->exec("ALTER DATABASE " +
                     schema::quoted(connection.value("SELECT current_database()")) + " RESET " +
                     setting.name);
}

}  // namespace

TEST_CASE("values come back as they were under every setting of the database") {
    // With array_nulls off in the database a NULL in an array came back as the word.
    TempDatabase database(kTables);
    TestConnection connection(database.url());
    const std::string before = copy_of_all_tables(connection.get());
    int tried = 0;
    for (const auto& setting : all_settings(connection)) {
        if (hopeless(setting)) continue;
        CAPTURE(setting.name);
        CAPTURE(setting.value);
        set(connection, setting);
        {
            schema::Pool pool(database.url(), 2);
            trash::Trash bin(pool);
            const auto item = bin.remove({"public", "p"}, {kId}, {}, {}).item;
            REQUIRE(item.has_value());
            CHECK(item->group_size == 2);
            const auto restored = bin.restore(item->id, {}, {});
            CHECK(restored.relinked == 1);
        }
        reset(connection, setting);
        CHECK((copy_of_all_tables(connection.get()) == before));
        ++tried;
    }
    CHECK(tried > 150);
}

TEST_CASE("a start where foreign keys are not checked says what to change") {
    TempDatabase database(kTables);
    TestConnection connection(database.url());
    set(connection, {"session_replication_role", "replica"});
    schema::Pool pool(database.url(), 1);
    try {
        trash::Trash bin(pool);
        FAIL("started");
    } catch (const Error& error) {
        CHECK(error.code() == Code::kUnavailable);
        CHECK(std::string(error.what()) ==
              "session_replication_role is replica here, so foreign keys and triggers do not "
              "hold; ALTER DATABASE or ALTER ROLE … RESET session_replication_role");
    }
}
