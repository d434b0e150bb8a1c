// The ledger as a feed: nothing is passed over, whoever commits when.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <thread>

#include "service/config/config.hpp"
#include "service/http/webhook_signature.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/problem.hpp"
#include "trash/records/api_keys.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE);
INSERT INTO project SELECT n, 'project ' || n FROM generate_series(1, 40) n;
INSERT INTO task SELECT n, n FROM generate_series(1, 40) n;
)";

const char* kKeys = R"([credentials]
api_keys = true
[roles]
all = "*"
tasks = {view-trash = ["task"]}
)";

struct Bench {
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}

    Answer call(const std::string& verb, const std::string& address,
                const httplib::Headers& headers = {}) {
        return request(service.port(), verb, address, headers);
    }
    std::string trash(int project) {
        const auto gone = call("DELETE", fmt::format("/v1/project/{}", project));
        REQUIRE(gone.status == 204);
        return gone.header("Location");
    }
    // The objects of what came after the event.
    std::vector<std::string> after(const std::string& event) {
        return ids(call("GET", "/v1/events?after=" + event), "objectId");
    }
    std::string last_event() { return ids(call("GET", "/v1/history?limit=1")).at(0); }

    TempDatabase database{kSchema};
    ServiceProcess service;
    TestConnection sql{database.url()};
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("events come oldest first, and go on behind the last one") {
    Bench bench;
    const auto first = bench.trash(1);
    bench.call("POST", first + "/$restore");
    bench.trash(2);
    const auto all = bench.call("GET", "/v1/events?after=0");
    CHECK(ids(all, "action") == Texts{"trashed", "restored", "trashed"});
    CHECK(ids(all, "objectId") == Texts{"1", "1", "2"});
    CHECK(all.json()[0]["counts"].Size() == 2);
    CHECK(ids(bench.call("GET", "/v1/events"), "id") == ids(all, "id"));
    CHECK(ids(bench.call("GET", "/v1/history"), "id").front() == ids(all, "id").back());

    const auto page = bench.call("GET", "/v1/events?limit=2");
    CHECK(ids(page, "objectId") == Texts{"1", "1"});
    const auto rest = bench.call("GET", page.link("next"));
    CHECK(ids(rest, "objectId") == Texts{"2"});
    const auto none = bench.call("GET", rest.link("next"));
    CHECK(none.status == 200);
    CHECK(none.body == "[]");
    CHECK(bench.call("GET", none.link("next")).body == "[]");
    bench.call("DELETE", "/v1/project/3?hard=true");
    CHECK(ids(bench.call("GET", none.link("next")), "action") == Texts{"deleted"});
}

TEST_CASE("an event that commits late is not passed over") {
    Bench bench;
    bench.trash(1);
    const auto begin = bench.last_event();
    TestConnection other(bench.database.url());
    other->exec("BEGIN");
    other->exec(
        "INSERT INTO trashd.ledger (at, action, by, schema_name, table_name, object_id, counts) "
        "VALUES (now(), 'deleted', 'somebody', 'public', 'project', 'late', '{}')");
    bench.trash(2);
    CHECK(bench.after(begin) == Texts{});
    CHECK(ids(bench.call("GET", "/v1/history"), "objectId") == Texts{"2", "1"});
    other->exec("COMMIT");
    CHECK(bench.after(begin) == Texts{"late", "2"});
}

TEST_CASE("an event of a transaction that is rolled back is none, and keeps nobody waiting") {
    Bench bench;
    const auto begin = "0";
    TestConnection other(bench.database.url());
    other->exec("BEGIN");
    other->exec(
        "INSERT INTO trashd.ledger (at, action, by, schema_name, table_name, object_id, counts) "
        "VALUES (now(), 'deleted', 'somebody', 'public', 'project', 'never', '{}')");
    bench.trash(2);
    CHECK(bench.after(begin) == Texts{});
    other->exec("ROLLBACK");
    CHECK(bench.after(begin) == Texts{"2"});
}

TEST_CASE("who follows the feed while many write misses nothing and gets nothing twice") {
    Bench bench;
    std::vector<std::jthread> writers;
    for (int w = 0; w < 4; ++w)
        writers.emplace_back([&, w] {
            for (int i = 0; i < 10; ++i)
                request(bench.service.port(), "DELETE",
                        fmt::format("/v1/project/{}", w * 10 + i + 1));
        });
    Texts seen;
    std::string next = "/v1/events?limit=7";
    for (int look = 0; look < 600 && seen.size() < 40; ++look) {
        const auto page = bench.call("GET", next);
        REQUIRE(page.status == 200);
        for (const auto& id : ids(page, "id")) seen.push_back(id);
        next = page.link("next");
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    writers.clear();
    auto written = ids(bench.call("GET", "/v1/history?limit=100"), "id");
    std::ranges::reverse(written);
    CHECK(written.size() == 40);
    CHECK(seen == written);
}

TEST_CASE("events are streamed as they happen, and a client that comes back goes on where it was") {
    Bench bench;
    bench.trash(1);
    RawClient client(bench.service.port());
    client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
    const auto begun = client.receive("\"objectId\":\"1\"");
    CHECK(begun.find("Content-Type: text/event-stream") != std::string::npos);
    CHECK(begun.find("retry: 1000\n\n") != std::string::npos);
    CHECK(begun.find("event: trashed\ndata: {\"id\":") != std::string::npos);
    bench.trash(2);
    CHECK(client.receive("\"objectId\":\"2\"").find("\"objectId\":\"2\"") != std::string::npos);

    const auto last = ids(bench.call("GET", "/v1/events")).at(0);
    RawClient again(bench.service.port());
    again.send(
        "GET /v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        "Last-Event-ID: " +
        last + "\r\n\r\n");
    const auto rest = again.receive("\"objectId\":\"2\"");
    CHECK(rest.find("\"objectId\":\"2\"") != std::string::npos);
    CHECK(rest.find("\"objectId\":\"1\"") == std::string::npos);
}

TEST_CASE("a service that stops ends its streams at once") {
    Bench bench;
    RawClient client(bench.service.port());
    client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
    client.receive("retry: 1000");
    CHECK(bench.service.stop() == 0);
    client.receive_all();
    CHECK(client.closed());
}

TEST_CASE("streams take a quarter of the threads at most; further ones get what there is and end") {
    Bench bench("threads = 8\npool_size = 4\n");
    bench.trash(1);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 6; ++i) {
        auto& client = clients.emplace_back(std::make_unique<RawClient>(bench.service.port()));
        client->send(
            "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
        client->receive("\"objectId\":\"1\"");
    }
    CHECK(clients.back()->receive("\r\n0\r\n\r\n").ends_with("\r\n0\r\n\r\n"));
    CHECK(!clients.front()->receive("\"objectId\":\"1\"").ends_with("\r\n0\r\n\r\n"));
    CHECK(bench.call("GET", "/healthz").status == 200);
}

TEST_CASE("events are told to who may see the trash, of the resources that he may") {
    Bench bench(kKeys);
    schema::Pool pool(bench.database.url(), 1);
    trash::Keys keys(pool, "trashd");
    const httplib::Headers all = {{"X-API-Key", keys.create({"all", {"all"}}).text}},
                           tasks = {{"X-API-Key", keys.create({"tasks", {"tasks"}}).text}};
    CHECK(bench.call("DELETE", "/v1/project/1", all).status == 204);
    CHECK(bench.call("DELETE", "/v1/task/2", all).status == 204);
    CHECK(ids(bench.call("GET", "/v1/events?resource=task", all), "objectId") == Texts{"2"});
    CHECK(ids(bench.call("GET", "/v1/events", tasks), "objectId") == Texts{"2"});
    CHECK(bench.call("GET", "/v1/events?resource=project", tasks).status == 403);
    CHECK(bench.call("GET", "/v1/events").status == 401);
}

TEST_CASE("what is no place in the feed is refused") {
    Bench bench;
    const auto ask = [&](const std::string& query, httplib::Headers headers = {}) {
        headers.emplace("X-Request-Id", "request-1");
        return bench.call("GET", "/v1/events" + query, headers);
    };
    for (const auto* text : {"x", "-1", "1x", "99999999999999999999", ""})
        check_problem(ask(std::string("?after=") + text), "bad-request",
                      "'after' must be the id of an event, or 0 for the beginning");
    check_problem(ask("", {{"Last-Event-ID", "x"}}), "bad-request",
                  "'Last-Event-ID' must be the id of an event, or 0 for the beginning");
    CHECK(ask("?after=9223372036854775807").body == "[]");
    CHECK(ask("?cursor=1").status == 400);
}

TEST_CASE("a table that is called events is served, and the feed has its other address") {
    TempDatabase database(
        "CREATE TABLE events (id int PRIMARY KEY); INSERT INTO events VALUES (7)");
    ServiceProcess service(database.url());
    CHECK(request(service.port(), "GET", "/v1/events").body == R"([{"id":7}])");
    CHECK(request(service.port(), "DELETE", "/v1/events/7").status == 204);
    CHECK(ids(request(service.port(), "GET", "/v1/@events"), "objectId") == Texts{"7"});
}

TEST_CASE("nodb: a message is signed as the Standard Webhooks specification says") {
    const auto key = service::webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    REQUIRE(key);
    CHECK(service::webhook_signature(*key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                                     R"({"test": 2432232314})") ==
          "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    for (const auto* bad : {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                            "whsec_c2hvcnQ=", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
                            "whsec_!fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_===="})
        CHECK(!service::webhook_key(bad));
}

TEST_CASE("nodb: web hooks that cannot be meant are faults") {
    const auto fault = [](const std::string& lines) {
        const auto toml =
            "[[webhook]]\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n" + lines;
        try {
            service::load_config(toml, {}, [](const std::string&) { return std::nullopt; });
            return std::string();
        } catch (const service::ConfigError& error) {
            return error.faults.front();
        }
    };
    CHECK(fault("url = \"https://partner.example/trash\"") == "");
    CHECK(fault("url = \"http://127.0.0.1:8000/\"") == "");
    CHECK(fault("url = \"http://partner.example/\"\ninsecure = true") == "");
    CHECK(fault("url = \"http://partner.example/\"") ==
          "webhook[0].url: must be https: what is sent could be read and changed on the way; "
          "insecure = true sends it nevertheless");
    const auto* const address =
        "webhook[0].url: must be an address as in \"https://partner.example/trash\"";
    for (const auto* url :
         {"", "partner.example", "ftp://partner.example", "https://", "https:///x", "https://a b/",
          "https://user:word@partner.example/", "https://p.example/#x"})
        CHECK(fault(fmt::format("url = \"{}\"", url)) == address);
    CHECK(fault("url = \"https://p.example\"\nactions = [\"trashd\"]") ==
          "webhook[0].actions: 'trashd' is no action; did you mean trashed?");
    CHECK(fault("url = \"https://p.example\"\nsecrets = 1") ==
          "webhook[0].secrets: unknown key; did you mean secret?");
    CHECK(fault("url = \"https://p.example\"\n[[webhook]]\nurl = \"https://p.example\"\n"
                "secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"") ==
          "webhook[1].url: is configured twice");
    CHECK(fault("url = \"https://p.example\"\n[[webhook]]\nurl = \"https://q.example\"\nsecret = "
                "\"x\"") ==
          "webhook[1].secret: must be \"whsec_\" and base64 of 24 to 64 random bytes, as "
          "`echo whsec_$(openssl rand -base64 32)` prints it");
}
