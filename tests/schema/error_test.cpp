#include "schema/error.hpp"

#include <doctest/doctest.h>

#include "schema/catalog/stale_catalog.hpp"
#include "schema/sqlstate.hpp"

using trashd::Code;
using trashd::Error;
using trashd::SqlError;

namespace {

Error error(const std::string& state, const std::string& message = "") {
    return Error(
        SqlError{state, message, "Key (id)=(7) exists", "public", "task", "", "task_pkey"});
}

}  // namespace

TEST_CASE("nodb: every code has the name that clients see") {
    CHECK(trashd::code_name(Code::kBadRequest) == "bad-request");
    CHECK(trashd::code_name(Code::kNotGroupRoot) == "not-group-root");
    CHECK(trashd::code_name(Code::kUnsupportedMediaType) == "unsupported-media-type");
    CHECK(trashd::code_name(Code::kUnavailable) == "unavailable");
}

TEST_CASE("nodb: a SQLSTATE becomes a code") {
    for (const char* state : {"23505", "23P01", "23503"}) {
        CHECK(error(state).code() == Code::kConflict);
    }
    for (const char* state : {"23502", "23514", "22001", "22P02"}) {
        CHECK(error(state).code() == Code::kInvalid);
    }
    for (const char* state : {"57014", "55P03", "53300", "08006", "57P01", "25006", "40P01"}) {
        CHECK(error(state).code() == Code::kUnavailable);
    }
    CHECK(error("42501").code() == Code::kMissingGrant);
    CHECK(error("42501", "new row violates row-level security policy for table \"x\"").code() ==
          Code::kConflict);
    CHECK(error("42601").code() == Code::kInternal);
}

TEST_CASE("nodb: an error is of the class that its SQLSTATE begins with") {
    CHECK(error("22P02").of_class(trashd::sqlstate::kDataExceptions));
    CHECK_FALSE(error("23505").of_class(trashd::sqlstate::kDataExceptions));
    CHECK_FALSE(Error(Code::kInvalid, "no server said so").of_class("22"));
}

TEST_CASE("nodb: what a statement finds changed is told from what is refused for other reasons") {
    for (const char* state :
         {"TD001", "42P01", "42703", "42883", "42704", "3F000", "42804", "428C9", "0A000"})
        CHECK_MESSAGE(trashd::schema::is_stale(error(state)), state);
    CHECK(trashd::schema::is_stale(error("XX000", "cache lookup failed for function 7")));
    for (const char* state : {"XX000", "TD002", "TD404", "42601", "40P01", "23503"})
        CHECK_FALSE_MESSAGE(trashd::schema::is_stale(error(state)), state);
    const SqlError undefined{"42P01", "relation does not exist", "", "", "", "", ""};
    CHECK_FALSE(trashd::schema::is_stale(Error(Code::kConflict, "a trigger fails", undefined)));
}

TEST_CASE("nodb: work is tried again until its catalog is new, and no more often than said") {
    int tries = 0;
    auto fails_before = [&](int good) {
        return [&tries, good] {
            if (++tries < good) throw error("TD001");
            return tries;
        };
    };
    auto recover = [](const Error& failed, const trashd::schema::Attempts& attempts) {
        if (attempts.last() || !trashd::schema::is_stale(failed)) throw;
    };
    CHECK(trashd::schema::retry(trashd::schema::Attempts(), fails_before(10), recover) == 10);
    tries = 0;
    CHECK_THROWS_AS(trashd::schema::retry(trashd::schema::Attempts(2), fails_before(3), recover),
                    Error);
    CHECK(tries == 2);
    tries = 0;
    auto refused = [&]() -> int {
        ++tries;
        throw error("23503");
    };
    CHECK_THROWS_AS(trashd::schema::retry(trashd::schema::Attempts(), refused, recover), Error);
    CHECK(tries == 1);
}

TEST_CASE("nodb: a prepared statement that is elsewhere names what to configure") {
    for (const char* state : {"26000", "42P05"}) {
        CHECK(error(state).code() == Code::kUnavailable);
        CHECK(std::string(error(state).what()) ==
              "the connection's prepared statements are not where they were made: is there a "
              "pooler between? set pooler = \"transaction\" in the configuration of the service");
    }
}

TEST_CASE("nodb: a unique violation names the constraint and the table, not the values") {
    const auto violation = error("23505", "duplicate key value");
    const std::string what = violation.what();
    CHECK(what ==
          "unique constraint \"task_pkey\" of table \"public.task\" already holds these values; "
          "change them, or the row that has them");
    CHECK(violation.is("23505"));
    CHECK(violation.sql()->detail == "Key (id)=(7) exists");
}

TEST_CASE("nodb: a missing privilege says which GRANT is needed") {
    CHECK(std::string(error("42501", "permission denied for table task").what()) ==
          "the service's role may not use table task; GRANT SELECT, INSERT, UPDATE, DELETE on it "
          "to the role");
    const std::string hidden =
        error("42501", "query would be affected by row-level security policy for table x").what();
    CHECK(hidden.find("BYPASSRLS") != hidden.npos);
}

TEST_CASE("nodb: a missing privilege on a schema or sequence says which") {
    // USAGE alone was named for a schema in which a trigger makes tables, nothing for a sequence
    CHECK(std::string(error("42501", "permission denied for schema public").what()) ==
          "the service's role may not use schema public; GRANT USAGE, or CREATE, on it to the "
          "role");
    CHECK(std::string(error("42501", "permission denied for sequence ticket_no_seq").what()) ==
          "the service's role may not use sequence ticket_no_seq; GRANT USAGE on it to the role");
}

TEST_CASE("nodb: a published table without a replica identity says how to give it one") {
    const auto refused = error("55000",
                               "cannot delete from table \"k\" because it does not have a replica "
                               "identity and publishes deletes");
    CHECK(refused.code() == Code::kConflict);
    CHECK(std::string(refused.what()) ==
          "the table \"k\" is in a publication and has no replica identity; ALTER TABLE \"k\" "
          "REPLICA IDENTITY FULL, or give it a primary key");
}

TEST_CASE("nodb: the log has all that the server said, in one line") {
    SqlError sql{"42P01", "relation \"bill_log\" does not exist", "", "", "", "", ""};
    sql.context = "PL/pgSQL function note_bill() line 1 at SQL statement\nSQL statement \"DELETE\"";
    sql.hint = "look";
    CHECK(trashd::in_log(Error(Code::kConflict, "it fails", sql)) ==
          "it fails [42P01: relation \"bill_log\" does not exist; hint: look; context: PL/pgSQL "
          "function note_bill() line 1 at SQL statement SQL statement \"DELETE\"]");
    CHECK(trashd::in_log(Error(Code::kConflict, "no")) == "no");
    CHECK(trashd::in_log(Error(SqlError{"08001", "connection to \"h\" failed: no\n\tIs it there?\n",
                                        "", "", "", "", ""})) ==
          "the database cannot be reached: connection to \"h\" failed: no; Is it there?");
}

TEST_CASE("nodb: an unexpected error shows its SQLSTATE and nothing else") {
    const std::string what = error("XX000", "value 'secret' is broken").what();
    CHECK(what.find("XX000") != what.npos);
    CHECK(what.find("secret") == what.npos);
}
