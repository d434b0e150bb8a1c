// What is not there and what may not be seen: one answer, byte for byte.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

// Of each table rows 11 and 12 are ann's, 21 to 24 bob's; none is 99.
const char* kSchema = R"(
DO $$ BEGIN CREATE ROLE unseen_app; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
CREATE TABLE book (id int PRIMARY KEY, name text, owner text, tenant_id text);
CREATE TABLE page (id int PRIMARY KEY, book int REFERENCES book ON DELETE CASCADE, owner text,
                   tenant_id text);
CREATE TABLE memo (id int PRIMARY KEY, name text, owner text, tenant_id text);
INSERT INTO book SELECT i, 'n', CASE WHEN i < 20 THEN 'key:ann' ELSE 'key:bob' END,
    CASE WHEN i < 20 THEN 'acme' ELSE 'bolt' END FROM unnest('{11,12,21,22,23,24}'::int[]) i;
INSERT INTO page SELECT id, id, owner, tenant_id FROM book;
INSERT INTO memo SELECT * FROM book;
GRANT SELECT, INSERT, UPDATE, DELETE ON book, page, memo TO unseen_app;
)";
const char* kPolicies = R"(
ALTER TABLE book ENABLE ROW LEVEL SECURITY;
ALTER TABLE page ENABLE ROW LEVEL SECURITY;
ALTER TABLE memo ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON book USING (owner = current_setting('request.jwt.claims')::json->>'sub');
CREATE POLICY own ON page USING (owner = current_setting('request.jwt.claims')::json->>'sub');
CREATE POLICY own ON memo USING (owner = current_setting('request.jwt.claims')::json->>'sub');
)";
const std::string kMemo =
    "[[resource]]\ntable = \"memo\"\nconfirm = true\nrequire_reason = true\n[credentials]\n"
    "api_keys = true\n[roles]\nadmin = \"*\"\n";

// How rows are kept apart.
struct Way {
    const char* name;
    std::string toml, sql;
    std::vector<std::string> roles;
    bool tenants = false;
    bool sees_trash = true;  // else what is about the trash is 403, whatever is there
};

const Way kOwners{
    "owners", kMemo + "people = { \"*\" = \"*\", owner = \"owner\" }\n", "", {"people"}};
const Way kTrashers{"owners of trash alone",
                    kMemo + "people = { read = \"*\", trash = \"*\", owner = \"owner\" }\n",
                    "",
                    {"people"},
                    false,
                    false};
const Way kTenants{"tenants", kMemo + "[tenant]\ncolumn = \"tenant_id\"\n", "", {"admin"}, true};
const Way kDatabase{"roles of the database",
                    kMemo + "[access]\ndatabase_roles = [\"unseen_app\"]\n",
                    kPolicies,
                    {"admin", "unseen_app"}};

struct Bench {
    TempDatabase database;
    ServiceProcess service;
    schema::Pool pool{database.url(), 1};
    trash::Keys keys{pool, "trashd"};
    std::map<std::string, std::string> known;
    bool sees_trash;

    explicit Bench(const Way& way)
        : database(kSchema + way.sql),
          service(database.url(), {}, way.toml),
          sees_trash(way.sees_trash) {
        for (const auto& [name, tenant] : {std::pair{"ann", "acme"}, {"bob", "bolt"}})
            known[name] =
                keys.create({name, way.roles, way.tenants ? tenant : std::optional<std::string>()})
                    .text;
    }

    Answer as(const std::string& who, const std::string& verb, const std::string& address) {
        return request(service.port(), verb, address, {{"X-API-Key", known.at(who)}});
    }

    // All that comes back, byte for byte. The id takes the place of ID, and ID that of the id.
    std::string raw(const std::string& asked, const std::string& id) {
        const auto end = asked.find('\n');
        const auto line = asked.substr(0, end);
        const auto rest = end == asked.npos ? "" : asked.substr(end + 1);
        const auto gap = rest.find("\n\n");
        const auto body = gap == rest.npos ? "" : rest.substr(gap + 2);
        std::string text = fmt::format(
            "{} HTTP/1.1\nHost: localhost\nX-API-Key: {}\nX-Request-Id: the-same\n"
            "Connection: close\nContent-Length: {}\n",
            line, known.at("ann"), body.size());
        text += rest.substr(0, gap);
        if (gap != rest.npos || !rest.empty()) text += "\n";
        std::string wire;
        for (const char c : text) wire += c == '\n' ? "\r\n" : std::string(1, c);
        const auto answer = raw_request(service.port(), replaced(wire + "\r\n" + body, "ID", id));
        return replaced(answer, "\"" + id + "\"", "\"ID\"");
    }

    static std::string replaced(std::string text, const std::string& what, const std::string& by) {
        for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
            text.replace(at, what.size(), by);
        return text;
    }

    void same(const std::string& asked, const std::string& unseen, const std::string& absent) {
        CAPTURE(asked);
        CAPTURE(unseen);
        const auto of_unseen = raw(asked, unseen), of_absent = raw(asked, absent);
        CHECK(of_unseen == of_absent);
        const auto has = [&](const char* part) { return asked.find(part) != asked.npos; };
        const bool list = has("ids") || has("where") || has("@history");
        const bool forbidden = !sees_trash && of_absent.find(" 403 ") != of_absent.npos;
        CHECK((list || forbidden || of_absent.find(" 404 ") != of_absent.npos));
    }
};

std::string with_body(const std::string& line, const std::string& body,
                      const std::string& headers = "") {
    return line + "\nContent-Type: application/json\n" + headers + "\n" + body;
}

std::vector<std::string> object_requests(const std::string& path) {
    std::vector<std::string> all;
    for (const char* query : {"", "?select=id", "?deleted=true", "?deleted=null", "?trash=true",
                              "/@deleted", "/@history", "/@history?limit=1"})
        for (const char* verb : {"GET", "HEAD"})
            all.push_back(fmt::format("{} {}/ID{}", verb, path, query));
    for (const char* query :
         {"", "?dryRun=true", "?hard=true", "?permanent=true&dryRun=true", "?cascade=true",
          "?cascade=true&dryRun=true", "?reason=x", "?confirm=true", "?reason=x&confirm=true",
          "?hard=true&reason=x&confirm=true&cascade=true"})
        for (const char* header : {"", "\nPrefer: respond-async", "\nPrefer: respond-async, wait=1",
                                   "\nPrefer: return=representation", "\nIf-Match: \"x\"",
                                   "\nIf-Match: *", "\nPrefer: respond-async\nIf-Match: \"x\""})
            all.push_back(fmt::format("DELETE {}/ID{}{}", path, query, header));
    all.push_back("POST " + path + "/ID?method=DELETE");
    for (const char* header : {"", "If-Match: \"x\"\n", "Prefer: return=minimal\n"}) {
        all.push_back(with_body("PATCH " + path + "/ID", R"({"name":"x"})", header));
        all.push_back(with_body("PATCH " + path + "/ID", "{}", header));
        all.push_back(with_body("PUT " + path + "/ID", R"({"name":"x"})", header));
    }
    for (const char* query : {"", "&dryRun=true", "&with=ancestors", "&lossy=true"})
        for (const char* header : {"", "Prefer: respond-async\n"})
            all.push_back(with_body(fmt::format("PATCH {}/ID?deleted=true{}", path, query),
                                    R"({"deletedAt":null})", header));
    return all;
}

std::vector<std::string> bulk_requests(const std::string& path) {
    std::vector<std::string> all;
    for (const char* query : {"", "&dryRun=true", "&hard=true", "&cascade=true",
                              "&reason=x&confirm=true", "&hard=true&reason=x&confirm=true"}) {
        all.push_back(fmt::format("DELETE {}?ids=ID{}", path, query));
        all.push_back(fmt::format("DELETE {}?ids=ID,98{}", path, query));
        all.push_back(fmt::format("DELETE {}?where[id][equals]=ID{}", path, query));
    }
    all.push_back(with_body("POST " + path + "/bulk-delete", R"({"ids":["ID"]})"));
    all.push_back(with_body("DELETE " + path, R"({"ids":[ID,98]})"));
    return all;
}

std::vector<std::string> item_requests() {
    std::vector<std::string> all;
    for (const char* verb : {"GET", "HEAD"})
        for (const char* query : {"", "?expand=object"})
            all.push_back(fmt::format("{} /v1/trash/ID{}", verb, query));
    for (const char* header : {"", "\nPrefer: respond-async"}) {
        all.push_back(fmt::format("DELETE /v1/trash/ID{}", header));
        for (const char* verb : {"GET", "POST"})
            for (const char* query : {"", "?dryRun=true", "?with=ancestors", "?lossy=true"})
                all.push_back(fmt::format("{} /v1/trash/ID/$restore{}{}", verb, query, header));
    }
    return all;
}

// What bob has that ann must not learn of: rows that live, lie in the trash, and are gone; items
// of groups in the trash, restored and purged.
void compare(const Way& way) {
    CAPTURE(way.name);
    Bench bench(way);
    std::vector<std::string> items;
    const bool trash_alone = way.roles[0] == "people" && way.toml.find("read =") != way.toml.npos;
    for (const std::string path : {"book", "memo"}) {
        const auto ending = "?reason=x&confirm=true";
        for (const char* id : {"/22", "/23", "/24"}) {
            const auto gone = bench.as("bob", "DELETE", "/v1/" + path + id + ending);
            REQUIRE(gone.status == 204);
            items.push_back(gone.header("Location").substr(10));
        }
        if (trash_alone) continue;  // who may neither restore nor purge
        REQUIRE(bench.as("bob", "POST", "/v1/trash/" + items.end()[-2] + "/$restore").status ==
                200);
        REQUIRE(bench.as("bob", "DELETE", "/v1/trash/" + items.end()[-1]).status == 204);
    }
    const auto before =
        TestConnection(bench.database.url())
            .value(
                "SELECT md5(string_agg(t::text, ',' ORDER BY t)) FROM (SELECT book::text FROM book "
                "UNION "
                "ALL SELECT memo::text FROM memo UNION ALL SELECT i::text FROM trashd.item i) t");
    for (const std::string path : {"/v1/book", "/v1/memo"})
        for (const char* id : {"21", "22", "23", "24"}) {
            for (const auto& asked : object_requests(path)) bench.same(asked, id, "99");
            for (const auto& asked : bulk_requests(path)) bench.same(asked, id, "99");
        }
    const auto no_item = items[0].substr(0, 14) + "7fff-bfff-ffff00000001";
    if (!trash_alone)
        for (const auto& asked : item_requests())
            for (const auto& item : items) bench.same(asked, item, no_item);
    CHECK(TestConnection(bench.database.url())
              .value("SELECT md5(string_agg(t::text, ',' ORDER BY t)) FROM (SELECT book::text FROM "
                     "book UNION ALL SELECT memo::text FROM memo UNION ALL SELECT i::text FROM "
                     "trashd.item i) t") == before);
}

}  // namespace

// The words differed for rows that live, that lie in the trash and that never were; asked for
// asynchronously, what never was got 202.
TEST_CASE("to who may not see a row it is as if it were not there: owners") {
    compare(kOwners);
}

TEST_CASE("to who may not see a row it is as if it were not there: owners that may trash alone") {
    compare(kTrashers);
}

TEST_CASE("to who may not see a row it is as if it were not there: tenants") {
    compare(kTenants);
}

TEST_CASE("to who may not see a row it is as if it were not there: roles of the database") {
    compare(kDatabase);
}

TEST_CASE("a kept answer and an operation of another tell nothing either") {
    Bench bench(kOwners);
    REQUIRE(bench.as("bob", "DELETE", "/v1/book/22").status == 204);
    int key = 0;
    for (const char* id : {"21", "22"})
        for (const std::string asked :
             {"DELETE /v1/book/ID", "DELETE /v1/book/ID?hard=true",
              "DELETE /v1/book/ID\nPrefer: respond-async", "POST /v1/book/ID?method=DELETE"}) {
            const auto name = std::to_string(++key);
            const auto headers = "\nIdempotency-Key: key-" + name + "-ID";
            bench.same(asked + headers, id, "99");
            bench.same(asked + headers, id, "99");  // the kept ones
        }
    const auto accepted = request(bench.service.port(), "DELETE", "/v1/book/21",
                                  {{"X-API-Key", bench.known["bob"]}, {"Prefer", "respond-async"}});
    REQUIRE(accepted.status == 202);
    const auto operation = accepted.header("Location").substr(15);
    for (const char* verb : {"GET", "HEAD"})
        bench.same(fmt::format("{} /v1/operations/ID", verb), operation,
                   operation.substr(0, 24) + "000000000001");
}
