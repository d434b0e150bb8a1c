// A program that is older than the trash schema that it finds.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "trash/setup/migrate.hpp"

using namespace trashd;
using namespace trashd::test;

TEST_CASE("a program that is older than the trash schema starts nothing, and says what to do") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    ServiceProcess(database.url()).stop();
    const int known = trash::newest_version();
    TestConnection(database.url())
        ->exec("INSERT INTO trashd.migration (version) VALUES ($1::int)",
               {std::to_string(known + 1)});
    const auto words = fmt::format(
        "the trash schema \"trashd\" is of version {}, and this program knows no newer one than "
        "{}; there is no downgrade: install the trashd that made it, or a newer one\n",
        known + 1, known);
    const auto served =
        run_program({"serve", "--listen", "127.0.0.1:0", "--database", database.url()});
    CHECK(served.status == 5);
    CHECK(served.output.ends_with("[critical] " + words));
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"trash", "list"}, {"migrate"}}) {
        auto arguments = command;
        arguments.insert(arguments.end(), {"--database", database.url()});
        const auto refused = run_program(arguments);
        CHECK(refused.status == 5);
        CHECK(refused.output == "trashd: " + words);
    }
    CHECK(TestConnection(database.url()).value("SELECT max(version) FROM trashd.migration") ==
          std::to_string(known + 1));
}
