#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "schema/error.hpp"
#include "service/api/request.hpp"
#include "service/server/router.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd;
using namespace trashd::test;

TEST_CASE("SIGTERM ends the service with status 0") {
    TempDatabase database;
    ServiceProcess service(database.url());
    httplib::Client idle("127.0.0.1", service.port());
    idle.set_keep_alive(true);
    CHECK(idle.Get("/healthz")->status == 200);
    CHECK(service.stop() == 0);
    CHECK(service.log().find("stopped") != std::string::npos);
}

TEST_CASE("health, readiness, metrics and the contract are served") {
    TempDatabase database;
    ServiceProcess service(database.url());
    CHECK(request(service.port(), "GET", "/readyz").status == 200);
    CHECK(request(service.port(), "GET", "/v1/").body == "[]");
    CHECK(request(service.port(), "GET", "/openapi.yaml").body == source_file("openapi.yaml"));
    auto metrics = request(service.port(), "GET", "/metrics");
    CHECK(metrics.body.find("trashd_http_requests_total{") != std::string::npos);
    auto traced = request(service.port(), "GET", "/nothing", {{"X-Request-Id", "my-id.1"}});
    CHECK(traced.json()["requestId"] == "my-id.1");
}

TEST_CASE("a database that goes away is 503 until it is back") {
    const std::string directory = "/tmp/trashd-test-away-" + std::to_string(getpid());
    {
        schema::Cluster cluster(directory);
        cluster.create_database("trashd");
        ServiceProcess service(cluster.url());
        cluster.stop();
        auto away = request(service.port(), "GET", "/readyz");
        CHECK(away.code() == "unavailable");
        CHECK(away.header("Retry-After") == "1");
        CHECK(request(service.port(), "GET", "/healthz").status == 200);
        cluster.start();
        CHECK(request(service.port(), "GET", "/readyz").status == 200);
    }
    std::system(("rm -rf " + directory).c_str());
}

TEST_CASE("start-up names every configured table and constraint that is not there") {
    TempDatabase database("CREATE TABLE a (id int PRIMARY KEY)");
    std::string log;
    try {
        ServiceProcess service(database.url(), {},
                               "[[resource]]\ntable = \"nope\"\n[[resource]]\ntable = \"a\"\n"
                               "on_delete = { \"no_fkey\" = \"cascade\" }\n");
    } catch (const std::runtime_error& error) {
        log = error.what();
    }
    CHECK(log.find("there is no table public.nope") != std::string::npos);
    CHECK(log.find("no foreign key no_fkey") != std::string::npos);
}

TEST_CASE("nodb: every route is in openapi.yaml and the other way round") {
    std::set<std::string> served, documented;
    for (const auto& route : service::routes())
        served.insert(std::string(route.verb) + " " + std::string(route.path));
    std::istringstream lines(source_file("openapi.yaml"));
    std::string line, path;
    bool inside = false;
    while (std::getline(lines, line)) {
        if (!line.empty() && !line.starts_with(" ")) inside = line == "paths:";
        if (!inside || !line.ends_with(":")) continue;
        if (line.starts_with("  /")) path = line.substr(2, line.size() - 3);
        for (const char* verb : {"get", "post", "put", "patch", "delete"}) {
            std::string upper = verb;
            for (auto& c : upper) c = static_cast<char>(std::toupper(c));
            if (line == "    " + std::string(verb) + ":") documented.insert(upper + " " + path);
        }
    }
    CHECK(served == documented);
}
