#include "service/doctor/doctor.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "schema/catalog/reader.hpp"
#include "service/config/config.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd;
using namespace trashd::test;
using service::Finding;
using service::Severity;

namespace {

std::vector<Finding> findings_of(const std::string& url, const service::Config& config = {}) {
    TestConnection connection(url);
    return service::examine(connection.get(), config);
}

// The findings of a kind.
std::vector<Finding> only(const std::vector<Finding>& all, const std::string& kind) {
    std::vector<Finding> found;
    for (const auto& one : all)
        if (one.kind == kind) found.push_back(one);
    return found;
}

Finding single(const std::vector<Finding>& all, const std::string& kind) {
    auto found = only(all, kind);
    CAPTURE(kind);
    REQUIRE(found.size() == 1);
    return found.front();
}

}  // namespace

TEST_CASE("a database in order has no findings but the trash schema that is yet to be made") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    const auto found = findings_of(database.url());
    CHECK(found.size() == 2);
    CHECK(single(found, "trash-schema").severity == Severity::kInfo);
    const auto open = single(found, "no-password");  // the tests' own server
    CHECK(open.severity == Severity::kInfo);
    CHECK(open.detail.find("users all reach database all through the socket without a password") !=
          std::string::npos);
    TestConnection connection(database.url());
    CHECK(connection.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'trashd'") == "0");
}

TEST_CASE("a foreign key without an index is named with the index to make") {
    TempDatabase database(R"(
CREATE TABLE a (x int, "Y" int, PRIMARY KEY (x, "Y"));
CREATE TABLE b (id int PRIMARY KEY, x int, "y y" int, FOREIGN KEY (x, "y y") REFERENCES a);
CREATE TABLE c (id int PRIMARY KEY, a_x int, a_y int, FOREIGN KEY (a_x, a_y) REFERENCES a);
CREATE INDEX ON c (a_x, a_y);
)");
    const auto found = single(findings_of(database.url()), "missing-index");
    CHECK(found.severity == Severity::kWarning);
    CHECK(found.subject == "public.b");
    CHECK(found.fix == "CREATE INDEX CONCURRENTLY ON \"public\".\"b\" (\"x\", \"y y\");");
    TestConnection(database.url())->exec(found.fix);
    CHECK(only(findings_of(database.url()), "missing-index").empty());
}

TEST_CASE("a foreign key that is NOT ENFORCED is named, and no plan knows it") {
    if (older_than(180000)) return;
    TempDatabase database(R"(
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE "b b" (id int PRIMARY KEY, a int,
                    CONSTRAINT word FOREIGN KEY (a) REFERENCES a NOT ENFORCED);
)");
    const auto found = single(findings_of(database.url()), "not-enforced");
    CHECK(found.severity == Severity::kWarning);
    CHECK(found.subject == "public.b b");
    CHECK(found.detail ==
          "foreign key word is NOT ENFORCED: a delete from public.a leaves what refers to the row, "
          "and a restore does not look for it");
    CHECK(found.fix == R"(ALTER TABLE "public"."b b" ALTER CONSTRAINT "word" ENFORCED;)");
}

TEST_CASE("a table that a crash of the server empties is named with how to change that") {
    TempDatabase database(
        "CREATE UNLOGGED TABLE \"a b\" (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY)");
    const auto found = single(findings_of(database.url()), "unlogged");
    CHECK(found.severity == Severity::kWarning);
    CHECK(found.subject == "public.a b");
    CHECK(found.fix == "ALTER TABLE \"public\".\"a b\" SET LOGGED;");
    TestConnection(database.url())->exec(found.fix);
    CHECK(only(findings_of(database.url()), "unlogged").empty());
    { ServiceProcess service(database.url()); }
    TestConnection(database.url())->exec("ALTER TABLE trashd.key SET UNLOGGED");
    const auto own = single(findings_of(database.url()), "unlogged");
    CHECK(own.severity == Severity::kError);
    CHECK(own.subject == "trashd.key");
    CHECK(own.fix == "ALTER TABLE \"trashd\".\"key\" SET LOGGED;");
}

TEST_CASE("roles of requests that can have their code run as the service are named") {
    // A trigger of a role switched back to the role of the service.
    TempDatabase database(R"(
DO $$ BEGIN CREATE ROLE doctor_asks; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY);
CREATE TABLE d (id int PRIMARY KEY);
CREATE FUNCTION of_role() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
CREATE TRIGGER t AFTER DELETE ON c FOR EACH ROW EXECUTE FUNCTION of_role();
ALTER FUNCTION of_role() OWNER TO doctor_asks;
ALTER TABLE a OWNER TO doctor_asks;
GRANT SELECT, INSERT, UPDATE, DELETE ON b, c, d TO doctor_asks;
GRANT TRIGGER ON b TO doctor_asks;
)");
    CHECK(only(findings_of(database.url()), "code-of-role").empty());
    service::Config config;
    config.access.roles = {"doctor_asks"};
    const auto found = only(findings_of(database.url(), config), "code-of-role");
    REQUIRE(found.size() == 3);
    for (const auto& [at, subject, fix] :
         {std::tuple{0, "public.a", "let another role own the table"},
          {1, "public.b", "REVOKE TRIGGER ON \"public\".\"b\" FROM \"doctor_asks\";"},
          {2, "public.c", "let another role own the functions of its triggers"}}) {
        CHECK(found[at].severity == Severity::kWarning);
        CHECK(found[at].subject == subject);
        CHECK(found[at].fix == fix);
    }
    TestConnection other(database.url());
    other->exec("ALTER TABLE a OWNER TO postgres");
    other->exec(found[1].fix);
    other->exec("ALTER FUNCTION of_role() OWNER TO postgres");
    CHECK(only(findings_of(database.url(), config), "code-of-role").empty());
}

TEST_CASE("rights that deletes need are errors with the grant to run, others warnings") {
    TempDatabase database(R"(
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE SET NULL);
DROP ROLE IF EXISTS "Doctor's"; CREATE ROLE "Doctor's" LOGIN;
)");
    TestConnection owner(database.url());
    owner->exec("GRANT CREATE ON DATABASE " + database.name() + " TO \"Doctor's\"");
    owner->exec("GRANT SELECT ON a TO \"Doctor's\"");
    const auto found = only(findings_of(database.url("Doctor's")), "missing-grant");
    REQUIRE(found.size() == 2);
    CHECK(found[0].severity == Severity::kError);
    CHECK(found[0].subject == "public.a");
    CHECK(found[0].detail == "the role lacks INSERT, UPDATE, DELETE");
    for (const auto& one : found) owner->script(one.fix);
    CHECK(only(findings_of(database.url("Doctor's")), "missing-grant").empty());
}

TEST_CASE("a role that may not make the trash schema learns the grant that it lacks") {
    TempDatabase database("DROP ROLE IF EXISTS doctor_none; CREATE ROLE doctor_none LOGIN");
    const auto found = single(findings_of(database.url("doctor_none")), "missing-grant");
    CHECK(found.severity == Severity::kError);
    CHECK(found.fix == "GRANT CREATE ON DATABASE \"" + database.name() + "\" TO \"doctor_none\";");
}

TEST_CASE("tables that are not served are named with the reason") {
    TempDatabase database(R"(
CREATE TABLE keyless (id int);
CREATE TABLE history (id int PRIMARY KEY);
CREATE SCHEMA other; CREATE TABLE other.a (id int PRIMARY KEY); CREATE TABLE other.b (id int);
)");
    const auto found = findings_of(database.url());
    CHECK(single(found, "no-key").subject == "public.keyless");
    const auto others = only(found, "not-served");
    REQUIRE(others.size() == 2);
    CHECK(others[0].detail.find("public.history is not served") != std::string::npos);
    CHECK(others[1].subject == "other");
    CHECK(others[1].severity == Severity::kInfo);
    CHECK(others[1].detail.starts_with("2 tables"));
}

TEST_CASE("triggers, rules and row-level security that interfere are named") {
    TempDatabase database(R"(
CREATE TABLE a (id int PRIMARY KEY, t text);
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE DELETE OR INSERT ON a FOR EACH ROW EXECUTE FUNCTION veto();
CREATE TRIGGER harmless AFTER DELETE ON a FOR EACH ROW EXECUTE FUNCTION veto();
CREATE TABLE ruled (id int PRIMARY KEY);
CREATE RULE away AS ON DELETE TO ruled DO INSTEAD NOTHING;
CREATE TABLE hidden (id int PRIMARY KEY);
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
DROP ROLE IF EXISTS doctor_rls; CREATE ROLE doctor_rls LOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO doctor_rls;
)");
    const auto found = findings_of(database.url("doctor_rls"));
    const auto trigger = single(found, "trigger");
    CHECK(trigger.detail.find("the BEFORE trigger keep may veto deletes") == 0);
    CHECK(trigger.detail.find("rows that are restored") != std::string::npos);
    CHECK(single(found, "rewrite-rule").subject == "public.ruled");
    CHECK(single(found, "rewrite-rule").severity == Severity::kError);
    CHECK(single(found, "row-security").subject == "public.hidden");
}

TEST_CASE("what refuses deletes is counted by resource, what refuses every delete is an error") {
    TempDatabase database(R"(
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, one int REFERENCES a, two int REFERENCES a);
CREATE TABLE tree (id int UNIQUE, up int REFERENCES tree (id) ON DELETE CASCADE, a int
  REFERENCES a ON DELETE CASCADE);
)");
    const auto found = findings_of(database.url());
    const auto keys = single(found, "refusing-keys");
    CHECK(keys.subject == "a");
    CHECK(keys.detail == "2 foreign keys may refuse deletes: b_one_fkey, b_two_fkey");
    const auto refused = single(found, "refused");
    CHECK(refused.subject == "a");
    CHECK(refused.detail.find("public.tree refers to itself") != std::string::npos);
    CHECK(found.front().severity == Severity::kError);
}

TEST_CASE("faults of the configuration are errors") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    service::Config config;
    config.resources.resize(2);
    config.resources[0].table = {"public", "nope"};
    config.resources[1].table = {"public", "a"};
    config.resources[1].on_delete = {{"no_fkey", "cascade"}};
    const auto found = only(findings_of(database.url(), config), "configuration");
    REQUIRE(found.size() == 2);
    CHECK(found[0].detail == "resource: there is no table public.nope");
    CHECK(found[1].detail.find("no_fkey") != std::string::npos);
}

TEST_CASE("a trash schema of another version is told, older and newer") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    { ServiceProcess service(database.url()); }
    CHECK(only(findings_of(database.url()), "trash-schema").empty());
    TestConnection connection(database.url());
    connection->exec("DELETE FROM trashd.migration WHERE version > 1");
    const auto old = single(findings_of(database.url()), "trash-schema");
    CHECK(old.severity == Severity::kWarning);
    CHECK(old.detail.find("is of version 1, this program knows") != std::string::npos);
    connection->exec("INSERT INTO trashd.migration VALUES (1000)");
    const auto newer = single(findings_of(database.url()), "trash-schema");
    CHECK(newer.severity == Severity::kError);
    CHECK(newer.fix == "install a newer trashd");
}

TEST_CASE("counts that are switched off are an error") {
    TempDatabase database;
    TestConnection(database.url())
        ->exec("ALTER DATABASE " + database.name() + " SET track_counts = off");
    CHECK(single(findings_of(database.url()), "track-counts").severity == Severity::kError);
}

TEST_CASE("trashd doctor exits with 1 for errors only, and writes nothing") {
    TempDatabase database(R"(CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);)");
    const auto fair = run_program({"doctor", "--database", database.url()});
    CHECK(fair.status == 0);
    CHECK(fair.output.find("warning\tmissing-index\tpublic.b\t") == 0);
    TestConnection connection(database.url());
    connection->exec("CREATE RULE away AS ON DELETE TO b DO INSTEAD NOTHING");
    const auto bad = run_program({"doctor", "--database", database.url(), "--json"});
    CHECK(bad.status == 1);
    rapidjson::Document json;
    json.Parse(bad.output.c_str());
    REQUIRE(json.IsArray());
    CHECK(json[0]["severity"] == "error");
    CHECK(json[0]["kind"] == "rewrite-rule");
    CHECK(connection.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'trashd'") == "0");
    CHECK(run_program({"doctor", "--database", "host=/nowhere"}).status == 5);
}

TEST_CASE("a table of the trash that a publication would make undeletable is named") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    { ServiceProcess service(database.url()); }
    CHECK(only(findings_of(database.url()), "replica-identity").empty());
    TestConnection(database.url())->exec("ALTER TABLE trashd.item REPLICA IDENTITY NOTHING");
    const auto found = single(findings_of(database.url()), "replica-identity");
    CHECK(found.severity == Severity::kError);
    CHECK(found.subject == "trashd.item");
    ServiceProcess service(database.url());
    service.log_with("listening");
    CHECK(service.log().find("\"trashd\".\"item\" has no replica identity") != std::string::npos);
    TestConnection(database.url())->exec(found.fix);
    CHECK(only(findings_of(database.url()), "replica-identity").empty());
}

TEST_CASE("what keeps pg_dump of the database's owner from working is named with the grants") {
    TempDatabase database(R"(
CREATE TABLE a (id int PRIMARY KEY);
DROP ROLE IF EXISTS "Dump's", "Trash's"; CREATE ROLE "Dump's" LOGIN; CREATE ROLE "Trash's" LOGIN;
GRANT ALL ON a TO "Trash's";
)");
    TestConnection owner(database.url());
    owner->exec("ALTER DATABASE " + database.name() + " OWNER TO \"Dump's\"");
    owner->exec("GRANT CREATE ON DATABASE " + database.name() + " TO \"Trash's\"");
    { ServiceProcess service(database.url("Trash's")); }
    const auto found = single(findings_of(database.url("Trash's")), "pg-dump");
    CHECK(found.severity == Severity::kWarning);
    CHECK(found.subject == "trashd");
    CHECK(found.detail ==
          "pg_dump of the database's owner Dump's fails: it may not read the trash");
    TestConnection(database.url("Trash's"))->script(found.fix);
    CHECK(only(findings_of(database.url("Trash's")), "pg-dump").empty());
    TestConnection as_owner(database.url("Dump's"));
    CHECK(as_owner.value("SELECT count(*) FROM trashd.item") == "0");
    CHECK(as_owner.value("SELECT last_value FROM trashd.link_row_id_seq") == "1");
}

TEST_CASE("trashed rows whose table is gone are counted") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1), (2)");
    ServiceProcess service(database.url());
    CHECK(request(service.port(), "DELETE", "/v1/a/1").status == 204);
    CHECK(request(service.port(), "DELETE", "/v1/a/2").status == 204);
    CHECK(only(findings_of(database.url()), "stranded").empty());
    TestConnection(database.url())->exec("DROP TABLE a");
    const auto found = single(findings_of(database.url()), "stranded");
    CHECK(found.severity == Severity::kWarning);
    CHECK(found.subject == "public.a");
    CHECK(found.detail == "2 TrashItems in 2 groups are of this table, which is gone");
}

TEST_CASE("a schema that is not there is an error, for the doctor and for the start") {
    // the service listened with 0 resources, and the doctor had nothing to say
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    service::Config config;
    config.schemas = {"publik"};
    const auto found = single(findings_of(database.url(), config), "configuration");
    CHECK(found.severity == Severity::kError);
    CHECK(found.detail ==
          "schemas: there is no schema 'publik' in the database; did you mean public?");
    const auto served = run_program(
        {"serve", "--listen", "127.0.0.1:0", "--schema", "publik", "--database", database.url()});
    CHECK(served.status == 1);
    CHECK(served.output.find(found.detail) != std::string::npos);
}

TEST_CASE("the doctor sums up, shows no less than asked for, and prints SQL that can be run") {
    // 25 lines of missing indexes, and nothing that counts them
    TempDatabase database(R"(
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a, aa int REFERENCES a);
CREATE TABLE keyless (id int);
)");
    const auto run = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "doctor");
        arguments.insert(arguments.end(), {"--database", database.url()});
        return run_program(arguments);
    };
    const auto all = run({});
    CHECK(all.status == 0);
    CHECK(all.output.ends_with(
        "0 errors, 3 warnings (2 missing-index, 1 no-key), 3 notes (1 "
        "no-password, 1 refusing-keys, 1 trash-schema); --sql prints what can be run\n"));
    CHECK(all.output.find("note\ttrash-schema\t") != std::string::npos);
    const auto errors = run({"--severity", "error"});
    CHECK(errors.output.starts_with("0 errors, 3 warnings"));
    CHECK(run({"--severity", "warning"}).output.find("note\t") == std::string::npos);
    CHECK(run({"--severity", "bad"}).status == 2);
    const auto sql = run({"--sql"});
    CHECK(sql.output ==
          "CREATE INDEX CONCURRENTLY ON \"public\".\"b\" (\"a\");\n"
          "CREATE INDEX CONCURRENTLY ON \"public\".\"b\" (\"aa\");\n");
    TestConnection connection(database.url());
    std::istringstream lines(sql.output);
    for (std::string line; std::getline(lines, line);) connection->exec(line);
    CHECK(run({"--sql"}).output.empty());
}

// It exited with 0, and the delete was taken whose restore the role had no privileges for.
TEST_CASE("what triggers need beyond the grants on tables is named with its statement") {
    TempDatabase database(R"(
CREATE SCHEMA shop; CREATE SCHEMA r;
CREATE TABLE shop.job (id int PRIMARY KEY);
CREATE TABLE shop.ticket (no serial PRIMARY KEY, job int);
CREATE FUNCTION r.lend(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON FUNCTION r.lend FROM PUBLIC;
CREATE FUNCTION r.give() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO ticket(job) VALUES (r.lend(NEW.id)); RETURN NULL; END $$;
CREATE TRIGGER give AFTER INSERT ON shop.job FOR EACH ROW EXECUTE FUNCTION r.give();
DROP ROLE IF EXISTS doctor_least; CREATE ROLE doctor_least LOGIN;
GRANT USAGE ON SCHEMA shop TO doctor_least;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO doctor_least;
)");
    service::Config config;
    config.schemas = {"shop"};
    const auto needs = [&] {
        return only(findings_of(database.url("doctor_least"), config), "missing-grant");
    };
    TestConnection(database.url())
        ->script("GRANT CREATE ON DATABASE " + database.name() + " TO doctor_least");
    const auto found = needs();
    REQUIRE(found.size() == 3);
    CHECK(found[0].fix == "GRANT USAGE ON SCHEMA \"r\" TO \"doctor_least\";");
    CHECK(found[1].fix == "GRANT EXECUTE ON FUNCTION r.lend(integer) TO \"doctor_least\";");
    CHECK(found[2].fix == "GRANT USAGE ON ALL SEQUENCES IN SCHEMA \"shop\" TO \"doctor_least\";");
    CHECK(found[2].detail.find("ticket_no_seq") != std::string::npos);
    const auto path = single(findings_of(database.url("doctor_least"), config), "search-path");
    CHECK(path.detail ==
          "the trigger give of shop.job names ticket without a schema, and the role's search_path, "
          "\"$user\", public, does not lead there");
    CHECK(path.fix == "ALTER ROLE \"doctor_least\" SET search_path = \"$user\", public, \"shop\";");
    for (const auto& one : found) TestConnection(database.url())->exec(one.fix);
    TestConnection(database.url())->exec(path.fix);
    CHECK(needs().empty());
    CHECK(only(findings_of(database.url("doctor_least"), config), "search-path").empty());
    TestConnection(database.url())->exec("DROP OWNED BY doctor_least; ");
}

TEST_CASE(
    "triggers that write elsewhere, destroy, or fire on restores are named, and publications") {
    TempDatabase database(R"(
CREATE TABLE doc (id int PRIMARY KEY);
CREATE FUNCTION bury() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO gone VALUES (OLD.id); RETURN NULL; END';
CREATE FUNCTION wipe() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN TRUNCATE cache; RETURN NULL; END';
CREATE TRIGGER bury AFTER DELETE ON doc FOR EACH ROW EXECUTE FUNCTION bury();
CREATE TRIGGER wipe AFTER DELETE ON doc FOR EACH ROW EXECUTE FUNCTION wipe();
CREATE TABLE mail (id int PRIMARY KEY);
CREATE TRIGGER welcome AFTER INSERT ON mail FOR EACH ROW EXECUTE FUNCTION bury();
CREATE TABLE k (doc int REFERENCES doc ON DELETE CASCADE); CREATE INDEX ON k (doc);
CREATE PUBLICATION some_tables FOR TABLE k;
)");
    const auto found = findings_of(database.url());
    const auto triggers = only(found, "trigger");
    REQUIRE(triggers.size() == 3);
    CHECK(triggers[0].detail.starts_with("the DELETE trigger bury may write into other tables"));
    CHECK(triggers[0].severity == Severity::kWarning);
    CHECK(triggers[1].detail.starts_with("the DELETE trigger wipe drops or empties tables"));
    CHECK(triggers[2].detail == "the INSERT trigger welcome fires when rows are restored, too");
    CHECK(triggers[2].severity == Severity::kInfo);
    const auto published = single(found, "replica-identity");
    CHECK(published.severity == Severity::kError);
    CHECK(published.subject == "public.k");
    CHECK(published.fix == "ALTER TABLE \"public\".\"k\" REPLICA IDENTITY FULL;");
}

TEST_CASE("a reference that the configuration sets to null although it cannot be is named") {
    TempDatabase database(R"(
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a, c int REFERENCES a);
CREATE INDEX ON b (a);
CREATE INDEX ON b (c);
)");
    service::Config config;
    service::ResourceConfig resource;
    resource.table = {"public", "b"};
    resource.on_delete = {{"b_a_fkey", "set-null"}, {"b_c_fkey", "set-null"}};
    config.resources = {resource};
    const auto found = single(findings_of(database.url(), config), "configuration");
    CHECK(found.subject == "public.b");
    CHECK(found.detail ==
          "the foreign key b_a_fkey refuses deletes: configured: set-null, but the column a is NOT "
          "NULL");
    CHECK(found.fix == "let the columns be NULL, or say another on_delete");
}

TEST_CASE("a table without a key is named with the index that would do") {
    TempDatabase database(R"(
CREATE TABLE served (id text NOT NULL UNIQUE);
CREATE TABLE nullable (a int, b int NOT NULL, "C" int);
CREATE UNIQUE INDEX partial ON nullable (b) WHERE a > 0;
CREATE UNIQUE INDEX would_do ON nullable ("C", b);
)");
    const auto found = single(findings_of(database.url()), "no-key");
    CHECK(found.subject == "public.nullable");
    CHECK(found.fix ==
          "let the unique index would_do be its key: ALTER TABLE \"public\".\"nullable\" ALTER "
          "\"C\" SET NOT NULL;");
    TestConnection(database.url())->exec(found.fix.substr(found.fix.find("ALTER TABLE")));
    CHECK(only(findings_of(database.url()), "no-key").empty());
}

TEST_CASE("tables with columns that the trash calls so are named") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY, \"deletedAt\" date)");
    const auto found = single(findings_of(database.url()), "own-column");
    CHECK(found.severity == Severity::kInfo);
    CHECK(found.detail ==
          "table public.a has a column deletedAt of its own: what trashd says under that name is "
          "called $deletedAt there");
}

TEST_CASE("tables whose rows are not kept are named, and what would hang on them is an error") {
    TempDatabase database(
        "CREATE TABLE a (id int PRIMARY KEY);"
        "CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE)");
    service::Config config;
    config.resources.resize(1);
    config.resources[0].table = {"public", "b"};
    config.resources[0].trash = false;
    const auto note = single(findings_of(database.url(), config), "not-kept");
    CHECK(note.severity == Severity::kInfo);
    CHECK(note.subject == "public.b");
    CHECK(note.detail ==
          "its rows are deleted for good, by themselves and with what they hang on: the "
          "configuration says trash = false");
    config.resources[0].table = {"public", "a"};
    const auto fault = single(findings_of(database.url(), config), "configuration");
    CHECK(fault.severity == Severity::kError);
    CHECK(fault.detail.find("rows of public.b are kept in the trash, and by b_a_fkey they go with "
                            "rows of public.a") != std::string::npos);
}
