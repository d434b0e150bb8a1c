// The OpenAPI document of a database: what it has of tables, and what it keeps to itself.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "service/openapi/database_document.hpp"
#include "service/openapi/general_document.hpp"
#include "service/server/router.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/tokens.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::service::openapi;
using namespace trashd::test;

namespace {

constexpr const char *kYaml = "/openapi.yaml?for=database", *kJson = "/openapi.json?for=database";

struct Bench {
    explicit Bench(const std::string& schema, const std::string& toml = "")
        : database(schema), service(database.url(), {}, toml) {}

    TempDatabase database;
    ServiceProcess service;

    Answer get(const std::string& address, const httplib::Headers& headers = {}) {
        return request(service.port(), "GET", address, headers);
    }
    std::string schema(const std::string& name) {
        const auto document = get(kJson).json();
        return json_text(document["components"]["schemas"][name.c_str()]);
    }
    std::string property(const std::string& name, const std::string& column) {
        const auto document = get(kJson).json();
        return json_text(
            document["components"]["schemas"][name.c_str()]["properties"][column.c_str()]);
    }
};

std::vector<std::string> names(const rapidjson::Value& object) {
    std::vector<std::string> all;
    for (const auto& member : object.GetObject()) all.emplace_back(member.name.GetString());
    return all;
}

std::vector<std::string> paths_of(const Answer& answer, const std::string& start) {
    auto all = names(answer.json()["paths"]);
    std::erase_if(all, [&](const std::string& path) { return !path.starts_with(start); });
    return all;
}

const char* kShop =
    "CREATE TYPE mood AS ENUM ('glad', 'it''s so-so');"
    "CREATE TABLE client (id int PRIMARY KEY, name varchar(30) NOT NULL);"
    "CREATE TABLE bill (region text, number int, client_id int REFERENCES client,"
    "  state text NOT NULL CHECK (state IN ('open', 'paid')), mood mood, total numeric(10,2),"
    "  paid_at timestamptz, tags text[], more jsonb, made timestamp NOT NULL DEFAULT now(),"
    "  doubled numeric GENERATED ALWAYS AS (total * 2) STORED, PRIMARY KEY (region, number));";

}  // namespace

TEST_CASE("nodb: the general document says the same in YAML and in JSON") {
    const auto general = json_text(contract());
    CHECK(json_text(from_yaml(yaml_text(contract()))) == general);
    CHECK(general.starts_with(R"({"openapi":"3.1.0","info":{"title":"trashd","version":"0.1.0")"));
}

TEST_CASE("nodb: texts that YAML reads as something else are quoted") {
    rapidjson::Document document;
    document.SetObject();
    const Nodes nodes(document);
    const std::vector<std::string> texts = {
        "true", "No",   "null", "~",    "",     "1",   "1e3",   "a: b",        "# c",
        "- d",  " x",   "y ",   "a\nb", "a\n",  "\n",  "'q'",   "\"",          "\\u0041",
        "%",    "@me",  "*a",   "{a}",  "a{b}", "/v1", "\x7F",  "\xC2\x85",    "\xE2\x80\xA8",
        "ä, ö", "🙂", "\t",   "|",    "on",   "-",   "a #b",  "$ref",        "[1]",
        "?",    "!",    "&a",   "x:",   ".5",   "+1",  "a\n\n", "line\nline\n"};
    for (const auto& text : texts) nodes.put(document, "k" + text, text);
    for (const auto& text : texts) nodes.put(document, text, "v" + text);
    CHECK(json_text(from_yaml(yaml_text(document))) == json_text(document));
}

TEST_CASE("nodb: operations of the document ask for the rights of their routes") {
    std::size_t guarded = 0;
    for (const auto& route : service::routes()) {
        if (!route.path.starts_with("/v1/{resource}")) continue;
        std::string verb(route.verb);
        std::ranges::transform(verb, verb.begin(), [](char c) { return std::tolower(c); });
        const auto& operation = contract()["paths"][std::string(route.path).c_str()][verb.c_str()];
        const std::string_view id = operation["operationId"].GetString();
        const auto found = std::ranges::find(kGuarded, id, &Guarded::operation);
        CAPTURE(id);
        if (found == kGuarded.end())
            CHECK(route.need.right == service::Right::kRead);
        else
            CHECK(route.need.right == found->right);
        guarded += found != kGuarded.end();
    }
    CHECK(guarded == kGuarded.size());
}

TEST_CASE("/openapi.json is the general document, and with for=database that of the database") {
    Bench bench(kShop);
    CHECK(bench.get("/openapi.json").header("Content-Type") == "application/json");
    CHECK(bench.get("/openapi.json").body == json_text(contract()));
    CHECK(bench.get("/openapi.json").header("Cache-Control") == "public, max-age=300");
    CHECK(json_text(from_yaml(bench.get(kYaml).body)) == bench.get(kJson).body);
    CHECK(bench.get(kYaml).header("Content-Type") == "application/yaml");
    for (const char* wrong :
         {"?for=databse", "?for=", "?of=database", "?for=database&for=database"})
        for (const char* path : {"/openapi.json", "/openapi.yaml"})
            CHECK(bench.get(path + std::string(wrong)).code() == "bad-request");
    CHECK(bench.get("/openapi.json?for=client").json()["detail"] ==
          "'for' must be database; leave it out for the general document");
}

TEST_CASE("a resource has its own paths, with a parameter for each column of its key") {
    Bench bench(kShop, "[[resource]]\ntable = \"bill\"\npath = \"money/bills\"\n");
    const auto answer = bench.get(kJson);
    CHECK(paths_of(answer, "/v1/money") ==
          std::vector<std::string>{
              "/v1/money/bills", "/v1/money/bills/{region},{number}", "/v1/money/bills/bulk-delete",
              "/v1/money/bills/@deleted", "/v1/money/bills/{region},{number}/@deleted",
              "/v1/money/bills/$metadata", "/v1/money/bills/{region},{number}/@history"});
    CHECK(paths_of(answer, "/v1/client/{").front() == "/v1/client/{id}");
    CHECK(paths_of(answer, "/v1/{").empty());
    CHECK(paths_of(answer, "/v1/trash/{trashItemId}/$restore").size() == 1);
    const auto document = answer.json();
    const auto& one = document["paths"]["/v1/money/bills/{region},{number}"];
    CHECK(json_text(one["parameters"]) ==
          R"([{"name":"region","in":"path","required":true,"description":"region: text",)"
          R"("schema":{"type":"string"}},{"name":"number","in":"path","required":true,)"
          R"("description":"number: integer","schema":{"type":"integer","format":"int32"}}])");
    CHECK(one["get"]["operationId"] == "getObjectInMoneyBills");
    CHECK(one["get"]["tags"][0] == "money/bills");
    CHECK(one["get"]["externalDocs"]["url"] == "/docs#getObject");
    CHECK(json_text(one["put"]["requestBody"]).find("schemas/MoneyBillsReplacement\"") !=
          std::string::npos);
    CHECK_FALSE(document["components"]["parameters"].HasMember("resource"));
    CHECK(document["servers"][0]["url"] == "/");
}

TEST_CASE("rows have types, formats, lengths, values, required columns and references") {
    Bench bench(kShop);
    const auto property = [&](const char* column) { return bench.property("BillRow", column); };
    CHECK(property("state") == R"({"type":"string","enum":["open","paid"],"description":"text"})");
    CHECK(property("mood") == R"({"type":["string","null"],"enum":["glad","it's so-so",null],)"
                              R"("description":"public.mood"})");
    CHECK(property("total") == R"x({"type":["number","null"],"description":"numeric(10,2)"})x");
    CHECK(property("paid_at") == R"({"type":["string","null"],"format":"date-time",)"
                                 R"("description":"timestamp with time zone"})");
    CHECK(property("made") == R"({"type":"string","format":"date-time-local",)"
                              R"("description":"timestamp without time zone"})");
    CHECK(property("tags") == R"({"type":["array","null"],"items":{"type":["string","null"]},)"
                              R"("description":"text[]"})");
    CHECK(property("more") == R"({"description":"jsonb"})");
    CHECK(property("doubled") ==
          R"({"type":["number","null"],"description":"numeric","readOnly":true})");
    CHECK(property("client_id") == R"({"type":["integer","null"],"format":"int32",)"
                                   R"("description":"integer; refers to `client`"})");
    CHECK(bench.property("ClientRow", "name") ==
          R"x({"type":"string","maxLength":30,"description":"character varying(30)"})x");
    const auto document = bench.get(kJson).json();
    const auto& schemas = document["components"]["schemas"];
    CHECK(json_text(schemas["BillRow"]["x-references"]) ==
          R"([{"constraint":"bill_client_id_fkey","columns":["client_id"],"resource":"client",)"
          R"("referencedColumns":["id"]}])");
    CHECK(json_text(schemas["BillRow"]["x-key"]) == R"(["region","number"])");
    CHECK(schemas["BillRow"]["required"].Size() == 11);
    CHECK(json_text(schemas["BillNew"]["required"]) == R"(["region","number","state"])");
    CHECK(json_text(schemas["BillReplacement"]["required"]) == R"(["state"])");
    CHECK_FALSE(schemas["BillChange"].HasMember("required"));
    CHECK_FALSE(schemas["BillNew"]["properties"].HasMember("doubled"));
    CHECK(schemas["BillTrashed"]["required"].Size() == 13);
    CHECK(json_text(schemas["BillTrashed"]["properties"]["state"]) ==
          R"({"type":["string","null"],"enum":["open","paid",null],"description":"text"})");
}

TEST_CASE("values come of a CHECK that lists them and says nothing else") {
    Bench bench(
        "CREATE TABLE a (id int PRIMARY KEY, plain varchar CHECK (plain IN ('x', 'y,''z')),"
        "\"Odd Name\" varchar(5) CHECK (\"Odd Name\" = ANY (ARRAY['p', 'q'])),"
        "one text CHECK (one = 'x'), either text CHECK (either IN ('x', 'y') OR id > 5),"
        "other text CHECK (lower(other) IN ('x', 'y')), never text CHECK (never NOT IN ('x', "
        "'y')),"
        "lower text CHECK (plain IN ('x', 'y,''z') AND lower IN ('x', 'y')),"
        "slash text CHECK (slash IN ('a\\b', 'c')), number int CHECK (number IN (1, 2)))");
    const auto values = [&](const char* column) {
        const auto document = bench.get(kJson).json();
        const auto& schema = document["components"]["schemas"]["ARow"]["properties"][column];
        return schema.HasMember("enum") ? json_text(schema["enum"]) : "";
    };
    CHECK(values("plain") == R"(["x","y,'z",null])");
    CHECK(values("Odd Name") == R"(["p","q",null])");
    for (const char* column : {"one", "either", "other", "never", "lower", "slash", "number"})
        CHECK(values(column).empty());
}

TEST_CASE("the document tells of what may be read and done, and of nothing else") {
    Bench bench(kShop,
                "[credentials]\napi_keys = true\n[roles]\nall = \"*\"\n"
                "some = { read = \"bill\" }\nhalf = { read = \"bill\", trash = \"*\" }\n");
    schema::Pool pool(bench.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto as = [&](const std::string& role) {
        return httplib::Headers{{"X-API-Key", keys.create({role, {role}, {}, {}}).text}};
    };
    for (const char* address : {kJson, kYaml}) {
        CHECK(bench.get(address).status == 401);
        CHECK(bench.get(address, {{"X-API-Key", "x"}}).status == 401);
    }
    CHECK(bench.get("/openapi.yaml").status == 200);
    CHECK(bench.get("/openapi.json").status == 200);
    const auto all = as("all"), some = as("some");
    CHECK(bench.get(kJson, all).body.find("client") != std::string::npos);
    const auto little = bench.get(kJson, some);
    CHECK(little.body.find("/v1/client") == std::string::npos);
    CHECK(little.body.find("\"resource\":\"client\"") == std::string::npos);
    CHECK(little.body.find("refers to") == std::string::npos);
    const auto document = little.json();
    CHECK(names(document["paths"]["/v1/bill"]) == std::vector<std::string>{"get"});
    CHECK_FALSE(document["paths"].HasMember("/v1/bill/@deleted"));
    const auto half = bench.get(kJson, as("half")).json();
    CHECK(names(half["paths"]["/v1/bill"]) == std::vector<std::string>{"get", "delete"});
}

TEST_CASE("an unchanged document is not sent again, and no cache keeps it for others") {
    Bench bench(kShop);
    TestConnection other(bench.database.url());
    for (const char* address : {kJson, kYaml}) {
        CAPTURE(address);
        const auto first = bench.get(address);
        CHECK(first.header("Cache-Control") == "private, no-cache");
        CHECK(first.header("Vary").find("Authorization, X-API-Key") != std::string::npos);
        const httplib::Headers known = {{"If-None-Match", first.header("ETag")}};
        CHECK(bench.get(address, known).status == 304);
        const std::string late = address == kJson ? "late" : "later";
        other->exec("CREATE TABLE " + late + " (id int PRIMARY KEY)");
        int status = 304;  // until the catalog is read again
        for (int tries = 0; tries < 150 && status == 304; ++tries) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            status = bench.get(address, known).status;
        }
        CHECK(status == 200);
        CHECK(bench.get(address).body.find("/v1/" + late) != std::string::npos);
    }
}

TEST_CASE("each gets the document of their own rights, whoever asked before") {
    std::string schema, toml = "[credentials]\napi_keys = true\n[roles]\n";
    for (int i = 0; i < 9; ++i) {  // more than are kept
        const auto table = "t" + std::to_string(i);
        schema += "CREATE TABLE " + table + " (id int PRIMARY KEY);";
        toml += table + " = { read = \"" + table + "\" }\n";
    }
    Bench bench(schema, toml + "writer = { read = \"t0\", write = \"t0\" }\n");
    schema::Pool pool(bench.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const auto as = [&](const std::string& role) {
        return httplib::Headers{{"X-API-Key", keys.create({role, {role}, {}, {}}).text}};
    };
    std::vector<httplib::Headers> readers;
    for (int i = 0; i < 9; ++i) readers.push_back(as("t" + std::to_string(i)));
    std::set<std::string> etags;
    for (int round = 0; round < 2; ++round)
        for (int i = 0; i < 9; ++i) {
            const auto answer = bench.get(kJson, readers[i]);
            etags.insert(answer.header("ETag"));
            auto paths = paths_of(answer, "/v1/t");
            std::erase_if(paths, [](const auto& path) { return path.starts_with("/v1/trash"); });
            const auto own = "/v1/t" + std::to_string(i);
            CHECK(paths.size() > 2);
            for (const auto& path : paths) CHECK(path.starts_with(own));
        }
    CHECK(etags.size() == 9);
    auto headers = as("writer");
    headers.emplace("If-None-Match", bench.get(kJson, readers[0]).header("ETag"));
    const auto written = bench.get(kJson, headers);
    CHECK(written.status == 200);
    CHECK(written.json()["paths"]["/v1/t0"].HasMember("post"));
    CHECK_FALSE(bench.get(kJson, readers[0]).json()["paths"]["/v1/t0"].HasMember("post"));
}

TEST_CASE("names that programs cannot have, or that meet, still make a document without doubles") {
    Bench bench(
        "CREATE TABLE time_projects (id int PRIMARY KEY); CREATE SCHEMA time;"
        "CREATE TABLE time.projects (\"a}b\" int, \"a{b\" int, PRIMARY KEY (\"a}b\", \"a{b\"));"
        "CREATE TABLE groups (id int PRIMARY KEY, \"deletedAt\" date);"
        "CREATE TABLE \"9 {lives}\" (id int PRIMARY KEY); CREATE TABLE \"\u00fc\" (id int "
        "PRIMARY "
        "KEY); CREATE TABLE p (id text PRIMARY KEY); CREATE TABLE q (id int PRIMARY KEY)",
        "schemas = [\"public\", \"time\"]\n[[resource]]\ntable = \"q\"\npath = "
        "\"p/bulk-delete\"\n");
    const auto answer = bench.get(kJson);
    const auto document = answer.json();
    std::vector<std::string> ids;
    for (const auto& path : document["paths"].GetObject())
        for (const auto& verb : path.value.GetObject())
            if (verb.value.IsObject()) ids.emplace_back(verb.value["operationId"].GetString());
    std::ranges::sort(ids);
    CHECK(std::ranges::adjacent_find(ids) == ids.end());
    CHECK(std::ranges::count(ids, "getObjectInTimeProjects") == 1);
    CHECK(std::ranges::count(ids, "getObjectInTimeProjects2") == 1);
    CHECK(std::ranges::count(ids, "listObjectsInResource9Lives") == 1);
    CHECK(std::ranges::count(ids, "listObjectsInResource") == 1);
    CHECK(document["paths"].HasMember("/v1/time/projects/{a_b},{a_b2}"));
    CHECK(document["paths"].HasMember("/v1/9%20%7Blives%7D/{id}"));
    CHECK(paths_of(answer, "/v1/groups/{") == std::vector<std::string>{"/v1/groups/{id}",
                                                                       "/v1/groups/{id}/@deleted",
                                                                       "/v1/groups/{id}/@history"});
    CHECK(paths_of(answer, "/v1/@groups/{groupId}").size() == 1);
    CHECK(
        json_text(document["paths"]["/v1/groups/{id}"]["get"]).find("where[$deletedAt][exists]") !=
        std::string::npos);
    const auto& rows = document["components"]["schemas"]["GroupsTrashed"]["properties"];
    CHECK(names(rows) == std::vector<std::string>{"id", "deletedAt", "$deletedAt", "trashItem"});
    CHECK(document["paths"]["/v1/p/bulk-delete"].HasMember("get"));
    CHECK(json_text(from_yaml(bench.get(kYaml).body)) == answer.body);
}

TEST_CASE("the column that the credentials fill is asked of nobody") {
    const SigningKey key("ES256");
    const TempFile file(jwks({key}));
    Bench bench(
        "CREATE TABLE task (id int PRIMARY KEY, tenant_id text NOT NULL, name text NOT NULL)",
        "[tenant]\ncolumn = \"tenant_id\"\n[credentials]\njwt_keys = \"" + file.path() +
            "\"\n[roles]\npeople = \"*\"\n");
    const auto as = [&](const std::string& more) {
        return httplib::Headers{
            {"Authorization", "Bearer " + key.sign(claims("ann", "people", more))}};
    };
    const auto document = bench.get(kJson, as(R"(,"tenant":"acme")")).json();
    CHECK(json_text(document["components"]["schemas"]["TaskNew"]["required"]) ==
          R"(["id","name"])");
    CHECK(bench.get(kJson, as("")).code() == "forbidden");  // it names no tenant
    CHECK(bench.get("/openapi.json").status == 200);
}
