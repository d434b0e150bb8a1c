// What a person with a browser finds.
#include "service/pages/pages.hpp"

#include <doctest/doctest.h>

#include "cascade/policy.hpp"
#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Bench {
    TempDatabase database;
    ServiceProcess service{database.url()};

    Answer operator()(const std::string& address, const httplib::Headers& headers = {}) {
        return request(service.port(), "GET", address, headers);
    }
};

const httplib::Headers kBrowser = {
    {"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}};

bool fetches_something(const std::string& html) {
    for (const char* mark : {"<script", "src=", "<link", "@import", "url(", "http://", "https://"})
        if (html.find(mark) != std::string::npos) return true;
    return false;
}

}  // namespace

// Links are relative to the page, which a proxy may have put under a prefix.
TEST_CASE("a browser at / finds a page with links, a program finds text") {
    Bench call;
    auto page = call("/", kBrowser);
    CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
    for (const char* link : {"/panel/", "/v1/", "/v1/trash?root=true", "/docs", "/openapi.yaml",
                             "/problems", "/privacy", "/healthz"}) {
        CHECK(page.body.find("<a href=\"" + std::string(link + 1) + "\">") != std::string::npos);
        CHECK(call(link).status == 200);
    }
    CHECK(page.header("Content-Security-Policy").starts_with("default-src 'none';"));
    CHECK(page.header("Vary").find("Accept") != std::string::npos);
    CHECK(call("/").header("Content-Type") == "text/plain; charset=utf-8");
    CHECK(call("/").body.starts_with("trashd "));
    CHECK(call("/", {{"Accept", "text/html;q=0.1, text/plain"}}).body.starts_with("trashd "));
}

TEST_CASE("every error code is explained at the address that its answers name") {
    Bench call;
    for (int i = 0; i <= static_cast<int>(Code::kUnavailable); ++i) {
        const std::string name(code_name(static_cast<Code>(i)));
        CAPTURE(name);
        auto text = call("/problems/" + name);
        CHECK(text.status == 200);
        CHECK(text.body.starts_with(name + " ("));
        CHECK(text.body.find("What to do: ") != std::string::npos);
        CHECK(call("/problems/" + name, kBrowser).body.find("<h1>" + name) != std::string::npos);
    }
    for (const char* address : {"/problems/nothing", "/problems/", "/problems/%3Cb%3E"})
        CHECK(call(address).code() == "not-found");
    CHECK(call("/problems/held/x").code() == "not-found");
}

TEST_CASE("/problems lists the error codes with links to what each means") {
    // it was 404, though the type of every problem lies below it
    Bench call;
    CHECK(call("/problems").body.starts_with("bad-request (400): The request cannot be "));
    const auto page = call("/problems", kBrowser).body;
    CHECK(page.find("<a href=\"problems/unavailable\">unavailable</a> (503)") != page.npos);
    CHECK(page.find("/problems/{code}") == page.npos);
}

TEST_CASE("/docs begins with contents, the trash first and the probes last") {
    Bench call;
    const auto page = call("/docs").body;
    const auto contents = page.find("<a href=\"#listTrash\">GET <code>/v1/trash</code></a>");
    const auto last = page.find("<a href=\"#getHealth\">GET <code>/healthz</code></a>");
    CHECK(contents < last);
    CHECK(last < page.find("<h2><code>/v1/trash</code></h2>"));
    CHECK(page.find("<h2><code>/v1/trash</code></h2>") <
          page.find("<h2><code>/v1/{resource}</code>"));
    CHECK(page.find("<h2><code>/v1</code></h2>") < page.find("<h2><code>/healthz</code></h2>"));
    CHECK(
        page.find(
            "<h3 id=\"listTrash\">GET: TrashItems, newest first unless sort says otherwise</h3>") !=
        page.npos);
}

TEST_CASE("/docs shows every path of the contract and fetches nothing") {
    Bench call;
    auto page = call("/docs");
    CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
    CHECK(page.body.find("<code>/v1/trash/{trashItemId}/$restore</code>") != std::string::npos);
    CHECK(page.body.find(">DELETE: Move an object") != std::string::npos);
    CHECK(page.body.find("not through the trash") != std::string::npos);
    CHECK_FALSE(fetches_something(page.body));
    CHECK_FALSE(fetches_something(call("/", kBrowser).body));
}

TEST_CASE("pages may be kept, and an unchanged one is not sent again") {
    Bench call;
    for (const char* address : {"/", "/docs", "/openapi.yaml", "/problems/gone"}) {
        auto first = call(address);
        CHECK(first.header("Cache-Control") == "public, max-age=300");
        auto again = call(address, {{"If-None-Match", "\"x\", " + first.header("ETag")}});
        CHECK(again.status == 304);
        CHECK(again.body.empty());
        CHECK(again.header("ETag") == first.header("ETag"));
    }
    CHECK(call("/v1/").header("Cache-Control") == "no-store");
}

TEST_CASE("a first segment that is not v1 never means a resource") {
    TempDatabase database(
        "CREATE TABLE docs (id int PRIMARY KEY); INSERT INTO docs VALUES (1);"
        "CREATE TABLE problems (id int PRIMARY KEY)");
    ServiceProcess service(database.url());
    CHECK(request(service.port(), "GET", "/v1/docs").body == "[{\"id\":1}]");
    CHECK(request(service.port(), "GET", "/docs").body.starts_with("<!DOCTYPE html>"));
    CHECK(request(service.port(), "GET", "/docs/1").code() == "not-found");
    CHECK(request(service.port(), "DELETE", "/docs/1").code() == "not-found");
    CHECK(request(service.port(), "GET", "/v1/problems").body == "[]");
}

TEST_CASE("nodb: text cannot leave its place in a page") {
    CHECK(service::html_of("<b a='x' c=\"y\">&`z`") ==
          "&lt;b a=&#39;x&#39; c=&quot;y&quot;&gt;&amp;<code>z</code>");
    CHECK(service::html_of("`") == "<code></code>");
    auto page = service::openapi_page(
        "info: {title: <x>, version: 1}\npaths: {/<y>: {get: {summary: <z>}}}\n");
    CHECK(page.find("<x>") == std::string::npos);
    CHECK(page.find("<y>") == std::string::npos);
    CHECK(page.find("&lt;z&gt;") != std::string::npos);
}
