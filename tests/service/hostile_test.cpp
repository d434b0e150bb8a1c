// Clients that are slow, idle, broken or malicious: what each of them gets, and that others do not
// notice.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <deque>
#include <thread>

#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE thing (id int PRIMARY KEY, name text);
INSERT INTO thing VALUES (1, 'one');
)";
const std::string kDelete = "DELETE /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const char* kBadChunk =
    "the chunks of the body cannot be read; each begins with its size in hexadecimal digits alone";
const std::string kHealth = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service;
    explicit Bench(const std::string& toml = "") : service(database.url(), {}, toml) {}
    int port() const { return service.port(); }
    int status(const std::string& address) {
        return request(service.port(), "GET", address).status;
    }
};

// The answer to a connection's only request, which the server closes.
struct Refused {
    std::string text;
    explicit Refused(RawClient& client) : text(client.receive_all()) { CHECK(client.closed()); }
    Refused(int port, const std::string& bytes) {
        RawClient client(port);
        client.send(bytes);
        text = client.receive_all();
        CHECK(client.closed());
    }
    void check(int status, const std::string& detail) const {
        CAPTURE(text);
        CHECK(text.starts_with(fmt::format("HTTP/1.1 {} ", status)));
        CHECK(text.find("\r\nConnection: close\r\n") != std::string::npos);
        CHECK(text.find("\r\nContent-Type: application/problem+json\r\n") != std::string::npos);
        CHECK(text.find("\"detail\":\"" + detail + "\"") != std::string::npos);
    }
};

using Crowd = std::deque<RawClient>;

void add(Crowd& crowd, int count, int port, const std::string& bytes) {
    for (int i = 0; i < count; ++i) crowd.emplace_back(port).send(bytes);
}

}  // namespace

TEST_CASE("a thousand clients that are idle or slow do not keep others waiting") {
    Bench call;
    Crowd crowd;
    add(crowd, 400, call.port(), "");
    add(crowd, 400, call.port(), "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    add(crowd, 200, call.port(),
        "POST /v1/thing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 50; ++i) REQUIRE(call.status("/v1/thing/1") == 200);
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    MESSAGE("beside 1,000 slow connections an answer took ", taken.count() / 50, " ms");
    CHECK(taken.count() / 50 < 1000);
    crowd.back().send("}       ");
    CHECK(crowd.back().receive("HTTP/1.1 422 ").starts_with("HTTP/1.1 422 "));
}

TEST_CASE("half a head is refused when its time is over, idleness ends in silence") {
    Bench call("[limits]\nheader_seconds = 1\nidle_seconds = 1\n");
    Refused(call.port(), "GET /v1/thing HTTP/1.1\r\nHost: localhost\r\n")
        .check(400, "the head of the request did not come within 1 s");
    RawClient idle(call.port());
    CHECK(idle.receive_all().empty());
    CHECK(idle.closed());
    RawClient served(call.port());
    served.send(kHealth);
    CHECK(served.receive_all().starts_with("HTTP/1.1 200 "));
    CHECK(served.closed());
}

TEST_CASE("a body that does not come is refused and nothing is done") {
    Bench call("[limits]\nrequest_seconds = 1\n");
    const std::string start = "DELETE /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\n";
    Refused(call.port(), start + "Content-Length: 5\r\n\r\nabc")
        .check(400, "the body did not come within 1 s");
    Refused(call.port(), start + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n")
        .check(400, "the body did not come within 1 s");
    RawClient left(call.port());
    left.send(start + "Content-Length: 5\r\n\r\nabc");
    left.end();
    Refused(left).check(400, "the body is not what its headers say");
    CHECK(call.status("/v1/thing/1") == 200);
}

TEST_CASE("a body is refused as soon as it is known to be too long") {
    Bench call("[limits]\nbody_bytes = 1000\n");
    const std::string start = "DELETE /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\n";
    const char* detail = "the body may have up to 1000 bytes";
    Refused(call.port(), start + "Content-Length: 1001\r\n\r\n").check(413, detail);
    Refused(call.port(), start + "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n")
        .check(413, detail);
    RawClient endless(call.port());
    endless.send(start + "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 300; ++i) endless.send("8\r\n01234567\r\n");
    Refused(endless).check(413, detail);
    for (const char* size : {"fffffffffffffff", "3e9"})
        Refused(call.port(), start + "Transfer-Encoding: chunked\r\n\r\n" + size + "\r\n")
            .check(413, detail);
    CHECK(call.status("/v1/thing/1") == 200);
}

TEST_CASE("the head of a chunk has an end, too") {
    // Such a line was kept in memory for as long as the client went on with it.
    Bench call("[limits]\nbody_bytes = 1000\n");
    RawClient endless(call.port());
    endless.send(
        "POST /v1/thing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2;");
    for (int i = 0; i < 300; ++i) endless.send(std::string(1000, 'a'));
    Refused(endless).check(400, kBadChunk);
}

TEST_CASE("sizes of chunks are digits alone, and lines end as they should") {
    // 0x2 and ' 2 ' were taken as 2, where a proxy before could read 0: another request.
    Bench call;
    const std::string start =
        "DELETE /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string body : {"0x2\r\n{}\r\n0\r\n\r\n",
                                   " 2\r\n{}\r\n0\r\n\r\n",
                                   "2 \r\n{}\r\n0\r\n\r\n",
                                   "+2\r\n{}\r\n0\r\n\r\n",
                                   "-2\r\n{}\r\n0\r\n\r\n",
                                   "\r\n{}\r\n0\r\n\r\n",
                                   "2\t\r\n{}\r\n0\r\n\r\n",
                                   "2 ;a\r\n{}\r\n0\r\n\r\n",
                                   ";a\r\n{}\r\n0\r\n\r\n",
                                   "2_\r\n{}\r\n0\r\n\r\n",
                                   "zz\r\n{}\r\n0\r\n\r\n",
                                   "2,2\r\n{}\r\n0\r\n\r\n",
                                   "00000000000000002\r\n{}\r\n0\r\n\r\n",
                                   "ffffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
                                   "2\n{}\n0\n\n",
                                   "2\r\n{}\n0\r\n\r\n",
                                   "2\r\n{}0\r\n\r\n",
                                   "2\r\n{}x\r\n0\r\n\r\n",
                                   "2;a\nb\r\n{}\r\n0\r\n\r\n",
                                   "2;a\rb\r\n{}\r\n0\r\n\r\n",
                                   "2\r\n{}\r\n0x0\r\n\r\n",
                                   "2\r\n{}\r\n0\r\nno header\r\n\r\n",
                                   "2\r\n{}\r\n0\r\n Folded: a\r\n\r\n",
                                   "2\r\n{}\r\n0\r\nA : b\r\n\r\n",
                                   "2\r\n{}\r\n0\r\nA: b\n\r\n"}) {
        CAPTURE(body);
        RawClient client(call.port());
        client.send(start + body + kHealth);
        client.end();
        const auto answer = client.receive_all();
        CHECK(answer.starts_with("HTTP/1.1 400 "));
        CHECK(answer.find(kBadChunk) != std::string::npos);
        CHECK(answer.find("HTTP/1.1", 1) == std::string::npos);  // nothing behind it is answered
    }
    CHECK(call.status("/v1/thing/1") == 200);
}

TEST_CASE("extensions of chunks and trailers mean nothing, and the next request follows") {
    Bench call;
    RawClient client(call.port());
    client.send(
        "POST /v1/nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1;name=\"va;lue\"\r\n{\r\n0001\r\n}\r\n000;x\r\nX-API-Key: a\r\nContent-Length: 9\r\n"
        "\r\n" +
        kHealth);
    const auto answers = client.receive("HTTP/1.1 200 ");
    CHECK(answers.starts_with("HTTP/1.1 404 "));
    CHECK(answers.find("HTTP/1.1 200 ") != std::string::npos);
    Refused(
        call.port(),
        "POST /v1/nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n" +
            [] {
                std::string trailers;
                for (int i = 0; i < 100; ++i) trailers += "X-T: " + std::string(100, 'a') + "\r\n";
                return trailers;
            }())
        .check(400, kBadChunk);
}

TEST_CASE("a crowd of slow bodies keeps nobody else's body out") {
    // 260 connections with one byte of a body each made every POST and PATCH of others a 503.
    Bench call("[proxy]\ntrusted = [\"127.0.0.1\"]\n");
    auto head = [](const std::string& client) {
        return "POST /v1/thing HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: " + client +
               "\r\nContent-Length: 9\r\n\r\n";
    };
    RawClient patient(call.port());  // was there first, and is of another address
    patient.send(head("192.0.2.2") + "{");
    Crowd crowd;
    add(crowd, 400, call.port(), head("192.0.2.1") + "1");
    for (const char* other : {"192.0.2.1", "192.0.2.3", "2001:db8::1"})
        for (int i = 0; i < 5; ++i) {
            RawClient client(call.port());
            client.send(head(other) + "{");
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            client.send("\"id\":\"\"}");
            CHECK(client.receive("HTTP/1.1 422 ").starts_with("HTTP/1.1 422 "));
        }
    patient.send("\"id\":\"\"}");
    CHECK(patient.receive("HTTP/1.1 422 ").starts_with("HTTP/1.1 422 "));
    CHECK(crowd.front().receive_all().find("too many clients are sending bodies slowly; send it "
                                           "again, all at once") != std::string::npos);
}

TEST_CASE("clients that send bodies slowly leave threads for requests without") {
    // 512 of them kept everyone else waiting, health checks too.
    Bench call("pool_size = 1\nthreads = 4\n");
    std::vector<std::unique_ptr<RawClient>> slow;
    for (int i = 0; i < 8; ++i) {
        slow.push_back(std::make_unique<RawClient>(call.port()));
        slow.back()->send(
            "POST /v1/thing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1");
    }
    for (int i = 0; i < 10; ++i) CHECK(call.status("/healthz") == 200);
    int refused = 0;
    for (auto& client : slow) client->end();
    for (auto& client : slow)
        refused +=
            client->receive_all().find("too many clients are sending bodies") != std::string::npos;
    CHECK(refused == 6);
}

TEST_CASE("a client that waits for 100 Continue gets it") {
    Bench call;
    RawClient client(call.port());
    client.send(
        "POST /v1/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\n");
    CHECK(client.receive("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("{}");
    CHECK(client.receive("HTTP/1.1 404 ").find("HTTP/1.1 404 ") != std::string::npos);
}

TEST_CASE("heads that are too large are refused") {
    Bench call;
    const std::string line = "GET /v1/thing HTTP/1.1\r\nHost: localhost\r\n";
    const char* detail = "the head of a request may have up to 32768 bytes";
    Refused(call.port(), line + "X: " + std::string(33000, 'x') + "\r\n\r\n").check(400, detail);
    Refused(call.port(), line + "X: " + std::string(200000, 'x')).check(400, detail);
    Refused(call.port(), "GET /" + std::string(100000, 'x')).check(400, detail);
    std::string many;
    for (int i = 0; i < 200; ++i) many += fmt::format("X-{}: 1\r\n", i);
    Refused(call.port(), line + many + "\r\n").check(400, "there are too many headers");
    CHECK(request(call.port(), "GET", "/v1/thing", {{"X", std::string(30000, 'x')}}).status == 200);
}

TEST_CASE("a request hidden behind a doubtful one is not served") {
    Bench call;
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    for (const auto& headers :
         {"Content-Length: 0\r\n" + chunked, chunked + "Content-Length: 5\r\n",
          std::string("Content-Length: 0\r\nContent-Length: 5\r\n"),
          std::string("Transfer-Encoding: xchunked\r\n"), std::string("Content-Length: +0\r\n"),
          std::string(" Content-Length: 0\r\n"), std::string("X: a\nContent-Length: 0\r\n"),
          std::string("Content-Length : 0\r\n")}) {
        CAPTURE(headers);
        Refused refused(call.port(), "POST /v1/thing HTTP/1.1\r\nHost: localhost\r\n" + headers +
                                         "\r\n0\r\n\r\n" + kDelete);
        CHECK(refused.text.starts_with("HTTP/1.1 400 "));
        CHECK(refused.text.find("HTTP/1.1", 9) == std::string::npos);
    }
    CHECK(call.status("/v1/thing/1") == 200);
}

TEST_CASE("what is no HTTP is refused at its first byte") {
    Bench call;
    for (const std::string& bytes :
         {std::string("\x16\x03\x01\x02\x00\x01", 6), std::string("\0", 1), std::string("get /")})
        Refused(call.port(), bytes).check(400, "the request cannot be read as HTTP");
}

TEST_CASE("right behind an answer a head may come in pieces, and what is no HTTP is refused") {
    Bench call;
    RawClient pieces(call.port()), rubbish(call.port());
    for (auto* client : {&pieces, &rubbish}) {
        client->send(kHealth);
        client->receive("alive");
    }
    rubbish.send("get /");
    CHECK(rubbish.receive_all().find("cannot be read as HTTP") != std::string::npos);
    for (const auto& piece : {kDelete.substr(0, 20), kDelete.substr(20)}) pieces.send(piece);
    CHECK(pieces.receive(" 204 ").find("alive") != std::string::npos);
}

TEST_CASE("requests in a row are answered in their order") {
    Bench call;
    RawClient client(call.port());
    client.send(kHealth + "\r\nGET /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\n\r\n" + kDelete +
                "GET /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" +
                kHealth);
    const auto all = client.receive_all();
    std::string statuses;
    for (std::size_t at = 0; (at = all.find("HTTP/1.1 ", at)) != std::string::npos; at += 9)
        statuses += all.substr(at + 9, 4);
    CHECK(statuses == "200 200 204 410 ");
}

TEST_CASE("a request in single bytes and one whose sender has ended are served") {
    Bench call;
    RawClient slow(call.port());
    for (char byte : kHealth) slow.send(std::string(1, byte));
    CHECK(slow.receive("alive").starts_with("HTTP/1.1 200 "));
    RawClient ended(call.port());
    ended.send("GET http://localhost/healthz HTTP/1.0\r\n\r\n");
    ended.end();
    CHECK(ended.receive_all().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("when there are too many connections the one that waits longest makes room") {
    Bench call("[limits]\nconnections = 10\n");
    Crowd crowd;
    add(crowd, 30, call.port(), "");
    CHECK(call.status("/healthz") == 200);
    CHECK(crowd.front().receive_all().empty());
    CHECK(crowd.front().closed());
    crowd.back().send(kHealth);
    CHECK(crowd.back().receive("alive").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("when every thread is busy for long the others are told so") {
    Bench call("pool_size = 2\nthreads = 3\n[limits]\nlock_timeout_ms = 25000\n");
    TestConnection holder(call.database.url());
    holder->script("BEGIN; LOCK TABLE thing");
    Crowd crowd;
    add(crowd, 1, call.port(),
        "POST /v1/thing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
    add(crowd, 2, call.port(), "GET /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    RawClient late(call.port());
    late.send(kHealth);
    Refused refused(late);
    refused.check(503, "the service is busy; try again");
    CHECK(refused.text.find("\r\nRetry-After: 1\r\n") != std::string::npos);
    holder->script("ROLLBACK");
    crowd.front().end();
    CHECK(crowd.front().receive_all().starts_with("HTTP/1.1 400 "));
    CHECK(call.status("/healthz") == 200);
}

TEST_CASE("a client that does not take its answer is given up") {
    Bench call("[limits]\nwrite_seconds = 1\n");
    TestConnection(call.database.url())
        ->exec("INSERT INTO thing SELECT i, repeat('x', 20000) FROM generate_series(2, 900) i");
    RawClient deaf(call.port());
    deaf.send("GET /v1/thing?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(deaf.receive("HTTP/1.1 200 ").starts_with("HTTP/1.1 200 "));
    CHECK(call.service.stop() == 0);
}

TEST_CASE("a stop waits neither for idle clients nor for bodies that do not come") {
    Bench call;
    Crowd crowd;
    add(crowd, 20, call.port(), "");
    add(crowd, 20, call.port(), "GET / HTTP/1.1\r\n");
    add(crowd, 20, call.port(), "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n");
    CHECK(call.status("/healthz") == 200);
    CHECK(call.service.stop() == 0);
    CHECK(crowd.front().receive_all().empty());
}
