// script/distribute.sql, with functions that check what Citus demands in the place of its own.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "schema/session/cluster.hpp"
#include "schema/subprocess.hpp"
#include "tests/support/database.hpp"
#include "tests/support/pooler.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/programs.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, tenant_id text NOT NULL);
CREATE TABLE task (id int PRIMARY KEY, tenant_id text NOT NULL,
    project_id int REFERENCES project ON DELETE CASCADE);
CREATE TABLE note (id int PRIMARY KEY, tenant_id text NOT NULL,
    project_id int REFERENCES project ON DELETE SET NULL);
INSERT INTO project VALUES (1, 'acme'), (2, 'bolt'), (3, 'acme');
INSERT INTO task VALUES (1, 'acme', 1), (2, 'bolt', 2), (3, 'acme', 3);
INSERT INTO note VALUES (1, 'acme', 1), (2, 'bolt', 2), (3, 'acme', 3);

CREATE TABLE distributed (name regclass);
CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION create_distributed_table(name regclass, key text, colocate_with text DEFAULT '')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place int2 := (SELECT attnum FROM pg_attribute WHERE attrelid = name AND attname = key);
BEGIN
    IF place IS NULL OR EXISTS (SELECT FROM pg_index WHERE indrelid = name AND indisunique
                                AND NOT place = ANY (indkey)) THEN
        RAISE EXCEPTION 'a unique index of % lacks %', name, key;
    END IF;
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = name) THEN
        RAISE EXCEPTION '% has triggers or foreign keys', name;
    END IF;
    IF colocate_with <> '' AND colocate_with::regclass NOT IN (SELECT d.name FROM distributed d) THEN
        RAISE EXCEPTION '% is not distributed', colocate_with;
    END IF;
    INSERT INTO distributed VALUES (name);
END
$$;
)";

const std::string kConfig =
    "[credentials]\napi_keys = true\n[roles]\nowner = \"*\"\n[tenant]\ncolumn = \"tenant_id\"\n";

schema::Outcome distribute(const TempDatabase& database) {
    const auto folder = temporary_directory();
    const auto file = folder + "/distribute.sql";
    std::ofstream(file) << source_file("script/distribute.sql");
    const auto outcome =
        schema::run_program({schema::server_programs() + "/psql", "-X", "-q", "-v",
                             "ON_ERROR_STOP=1", "-1", "-f", file, "-d", direct(database.url())});
    std::filesystem::remove_all(folder);
    return outcome;
}

struct Client {
    explicit Client(const TempDatabase& database) : service(database.url(), {}, kConfig) {
        schema::Pool pool(database.url(), 1);
        for (const char* tenant : {"acme", "bolt"})
            known[tenant] = trash::Keys(pool, "trashd").create({"ci", {"owner"}, tenant}).text;
    }
    Answer operator()(const std::string& tenant, const std::string& verb,
                      const std::string& address) {
        return ask(service.port(), verb, address, {{"X-API-Key", known.at(tenant)}});
    }
    ServiceProcess service;
    std::map<std::string, std::string> known;
};

}  // namespace

TEST_CASE("the trash goes on after it was distributed by tenant" * kNeedsPrograms) {
    const TempDatabase database(kSchema);
    TestConnection sql(database.url());
    const auto before = copy_of_all_tables(sql.get());
    std::string item;
    {
        Client as(database);
        item = as("acme", "DELETE", "/v1/project/1").header("Location");
    }
    const auto done = distribute(database);
    CAPTURE(done.output);
    REQUIRE(done.status == 0);
    CHECK(sql.value("SELECT string_agg(name::text, ' ') FROM distributed") ==
          "trashd.trash_group trashd.item trashd.link");
    sql->exec("DELETE FROM distributed");
    Client as(database);
    const auto other = as("bolt", "DELETE", "/v1/project/2").header("Location");
    CHECK(sql.value("SELECT string_agg(tenant || count, ' ' ORDER BY tenant) FROM (SELECT tenant, "
                    "count(*) FROM (SELECT tenant FROM trashd.item UNION ALL SELECT tenant FROM "
                    "trashd.link) t GROUP BY 1) c") == "acme3 bolt3");
    CHECK(as("bolt", "GET", item).status == 404);
    CHECK(as("acme", "POST", item + "/$restore").json()["restored"].GetInt() == 2);
    CHECK(as("bolt", "POST", other + "/$restore").json()["restored"].GetInt() == 2);
    CHECK(copy_of_all_tables(sql.get()) == before);
    CHECK(as("acme", "DELETE", as("acme", "DELETE", "/v1/project/3").header("Location")).status ==
          204);
    CHECK(sql.value("SELECT count(*) FROM trashd.item") == "0");
}

TEST_CASE("groups of no tenant stand in the way of distributing the trash" * kNeedsPrograms) {
    const TempDatabase database(kSchema);
    {
        ServiceProcess service(database.url());
        REQUIRE(request(service.port(), "DELETE", "/v1/project/1").status == 204);
    }
    const auto refused = distribute(database);
    CHECK(refused.status == 3);
    CHECK(
        refused.output.find("groups in the trash are of no tenant; restore or purge them first") !=
        std::string::npos);
    TestConnection sql(database.url());
    CHECK(sql.value("SELECT count(*) FROM pg_attribute WHERE attrelid = 'trashd.item'::regclass "
                    "AND attname = 'tenant'") == "0");
}
