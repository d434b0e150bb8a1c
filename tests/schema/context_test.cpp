// Which function an error came out of, from contexts as PostgreSQL writes them.
#include "schema/context.hpp"

#include <doctest/doctest.h>

#include "schema/error.hpp"

using trashd::SqlError;
using trashd::schema::foreign_frames;
using trashd::schema::frames_of;
using trashd::schema::written_for_users;

namespace {

const char* kOwn =
    "SQL statement \"WITH d0 AS (DELETE FROM \"public\".\"bill\" t\nWHERE f(t))\nSELECT 1\"\n"
    "PL/pgSQL function trash.move_0123456789abcdef(text[],uuid,text) line 20 at SQL statement";

SqlError error(const std::string& context, const std::string& state = "42P01") {
    SqlError sql{state, "said", "", "", "", "", ""};
    sql.context = context;
    return sql;
}

std::string innermost(const std::string& context, const std::string& trash_schema = "trash") {
    const auto frames = foreign_frames(error(context), trash_schema);
    return frames.empty() ? "" : frames.front().function;
}

}  // namespace

TEST_CASE("nodb: an error that came out of a user's function names it") {
    CHECK(innermost("PL/pgSQL function note_bill() line 1 at SQL statement\n" +
                    std::string(kOwn)) == "note_bill");
    CHECK(
        innermost("SQL statement \"INSERT INTO a\"\nPL/pgSQL function shop.\"My f\"(integer,text) "
                  "line 3 at SQL statement\n" +
                  std::string(kOwn)) == "shop.\"My f\"");
    CHECK(innermost("SQL function \"f\" statement 1\n" + std::string(kOwn)) == "\"f\"");
    CHECK(innermost("PL/Perl function \"f\"\n" + std::string(kOwn)) == "\"f\"");
    CHECK(innermost("PL/pgSQL-Funktion note_bill() Zeile 1 bei RAISE\n" + std::string(kOwn)) ==
          "note_bill");
    CHECK(innermost("fonction PL/pgSQL note_bill(), ligne 1, à RAISE\n" + std::string(kOwn)) ==
          "note_bill");
}

TEST_CASE("nodb: an error of the trash's own functions came out of no user's") {
    CHECK(innermost(kOwn) == "");
    CHECK(innermost("PL/pgSQL function move_0123456789abcdef(text[]) line 20 at RAISE") == "");
    CHECK(innermost("PL/pgSQL function \"My trash\".seal() line 1 at RAISE", "My trash") == "");
    CHECK(innermost("") == "");
    CHECK(innermost("PL/pgSQL function move_on() line 20 at RAISE") == "move_on");
}

TEST_CASE("nodb: every function that ran is named, from the innermost outwards") {
    const auto frames = foreign_frames(
        error("PL/pgSQL function inner_one(integer) line 1 at RAISE\nSQL statement \"SELECT "
              "inner_one(1)\"\nPL/pgSQL function outer_one() line 2 at PERFORM\n" +
              std::string(kOwn)),
        "trash");
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].function == "inner_one");
    CHECK(frames[0].by_author);
    CHECK(frames[1].function == "outer_one");
}

TEST_CASE("nodb: only what the application wrote is for its users") {
    const std::string raised = "PL/pgSQL function f() line 1 at RAISE",
                      failed = "PL/pgSQL function f() line 1 at SQL statement";
    CHECK(written_for_users(error(raised, "P0001")));
    CHECK(written_for_users(error(raised, "42501")));
    CHECK(written_for_users(error("PL/pgSQL function f() line 1 at ASSERT", "P0004")));
    CHECK(written_for_users(error("", "AB123")));
    CHECK(written_for_users(error("", "45000")));
    for (const char* state : {"42P01", "22012", "XX000", "P0002", "38000", "58P01", "TD001"})
        CHECK_FALSE(written_for_users(error(failed, state)));
}
