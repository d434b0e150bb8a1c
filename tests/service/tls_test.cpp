// TLS in the service: what clients get, the certificate and its renewal, and clients that abuse it.
#include "tests/support/tls.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <deque>
#include <fstream>

#include "schema/error.hpp"
#include "tests/support/database.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE thing (id int PRIMARY KEY, name text);
INSERT INTO thing SELECT i, repeat(md5(i::text), 100) FROM generate_series(1, 900) i;
)";
const std::string kHealth = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
// Of a ClientHello that says it is longer.
const std::string kHalfHello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);

struct Bench {
    TempDatabase database{kSchema};
    CertificateFiles files{"first"};
    ServiceProcess service;
    explicit Bench(const std::string& toml = "")
        : service(database.url(), {}, toml + files.toml()) {}
    int port() const { return service.port(); }

    // A client that checks the certificate as clients do.
    std::unique_ptr<httplib::SSLClient> client() const {
        auto made = std::make_unique<httplib::SSLClient>("127.0.0.1", port());
        made->set_ca_cert_path(files.certificate().c_str());
        made->enable_server_certificate_verification(true);
        made->set_keep_alive(true);
        return made;
    }
    int health() const {
        auto answer = client()->Get("/healthz");
        return answer ? answer->status : 0;
    }
};

// What the service says when it cannot start with these files.
std::string refusal(const std::string& toml) {
    const TempDatabase database;
    try {
        ServiceProcess(database.url(), {}, toml);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "it started";
}

bool says(const std::string& text, const std::string& part) {
    CAPTURE(text);
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("everything goes through TLS as it does without") {
    Bench bench;
    auto client = bench.client();
    auto list = client->Get("/v1/thing?limit=900");
    REQUIRE(list);
    CHECK(list->status == 200);
    CHECK(list->body.size() > 900 * 3200);
    const std::string long_name(900'000, 'x');
    auto made = client->Post("/v1/thing", "{\"id\":1000,\"name\":\"" + long_name + "\"}",
                             "application/json");
    REQUIRE(made);
    CHECK(made->status == 201);
    CHECK(client->Get("/v1/thing/1000")->body.size() > 900'000);
    CHECK(client->Delete("/v1/thing/1000")->status == 204);
    CHECK(client->Get("/v1/thing/1000")->status == 410);
    CHECK(bench.service.stop() == 0);
}

TEST_CASE("requests in a row on one TLS connection are answered in their order") {
    Bench bench;
    TlsClient client(bench.port());
    client.send(kHealth + kHealth + "GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\n");
    client.send("Connection: close\r\n\r\n");
    const auto& text = client.receive_all();
    const auto second = text.find("HTTP/1.1 200 OK", text.find("HTTP/1.1 200 OK") + 1);
    REQUIRE(second != std::string::npos);
    CHECK(text.find("HTTP/1.1 404 ", second) != std::string::npos);
    CHECK(client.ended());
}

TEST_CASE("TLS is 1.2 or newer") {
    Bench bench;
    CHECK(TlsClient(bench.port(), TLS1_3_VERSION).version() == "TLSv1.3");
    TlsClient old(bench.port(), TLS1_2_VERSION);
    CHECK(old.version() == "TLSv1.2");
    old.send(kHealth);
    CHECK(old.receive("alive").starts_with("HTTP/1.1 200 "));
    CHECK_FALSE(TlsClient(bench.port(), TLS1_1_VERSION).connected());
}

TEST_CASE("who asks for http where TLS is gets told so") {
    Bench bench("[limits]\nheader_seconds = 1\n");
    for (const std::string& bytes : {kHealth, std::string("DELETE /v1/thing/1 HTTP/1.1\r\n")}) {
        RawClient client(bench.port());
        client.send(bytes);
        const auto& text = client.receive_all();
        CHECK(client.closed());
        CHECK(text.starts_with("HTTP/1.1 400 "));
        says(text, "\"detail\":\"ask for https:// here, this port has TLS\"");
    }
    RawClient noise(bench.port());
    noise.send("\x05\x01 nothing of TLS");
    noise.receive_all();
    CHECK(noise.closed());
    CHECK(bench.health() == 200);
}

TEST_CASE("handshakes that stay half done and idle connections do not keep others waiting") {
    Bench bench;
    std::deque<RawClient> half;
    for (int i = 0; i < 600; ++i) half.emplace_back(bench.port()).send(i % 2 ? kHalfHello : "");
    std::deque<TlsClient> idle;
    for (int i = 0; i < 100; ++i) idle.emplace_back(bench.port()).send(i % 2 ? "GET / HT" : "");
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) REQUIRE(bench.health() == 200);
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    MESSAGE("beside 700 of them a handshake and an answer took ", taken.count() / 20, " ms");
    CHECK(taken.count() / 20 < 1000);
    CHECK(bench.service.stop() == 0);
}

TEST_CASE("a handshake has its time, however its bytes come") {
    Bench bench("[limits]\nheader_seconds = 1\n");
    for (const std::string& bytes : {std::string(), kHalfHello}) {
        RawClient client(bench.port());
        client.send(bytes);
        CHECK(client.receive_all().empty());
        CHECK(client.closed());
    }
    RawClient drip(bench.port());
    drip.send(kHalfHello);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!drip.gone() && std::chrono::steady_clock::now() < end) {
        drip.send(std::string(1, '\0'));
        REQUIRE(bench.health() == 200);
    }
    CHECK(drip.gone());
}

TEST_CASE("after the handshake the limits on slow and idle clients hold") {
    Bench bench("[limits]\nheader_seconds = 1\nidle_seconds = 2\nrequest_seconds = 1\n");
    TlsClient idle(bench.port()), head(bench.port()), body(bench.port()), record(bench.port());
    head.send("GET /v1/thing HTTP/1.1\r\n");
    body.send("DELETE /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab");
    record.send_raw(std::string("\x17\x03\x03\x10\x00zz", 7));
    says(head.receive_all(), "the head of the request did not come within 1 s");
    says(body.receive_all(), "the body did not come within 1 s");
    CHECK(idle.receive_all().empty());
    CHECK(record.receive_all().empty());
    for (const auto* client : {&idle, &head, &body, &record}) CHECK(client->ended());
    TlsClient large(bench.port());
    large.send("GET /v1/thing HTTP/1.1\r\nX: " + std::string(40'000, 'x'));
    says(large.receive_all(), "the head of a request may have up to 32768 bytes");
}

TEST_CASE("clients that vanish amid an answer, or send what is no TLS, harm nobody") {
    Bench bench;
    for (int i = 0; i < 20; ++i) {
        TlsClient client(bench.port());
        client.send("GET /v1/thing?limit=900 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        CHECK(client.receive("HTTP/1.1 200 ").starts_with("HTTP/1.1 200 "));
        if (i % 2) client.send_raw("no record of TLS");
    }
    CHECK(bench.health() == 200);
    CHECK(bench.service.stop() == 0);
}

TEST_CASE("SIGHUP brings the new certificate to new connections, the running ones go on") {
    Bench bench;
    TlsClient running(bench.port());
    running.send(kHealth);
    running.receive("alive");
    bench.files.make("second");
    kill(bench.service.pid(), SIGHUP);
    bench.service.log_with("the certificate was read again");
    CHECK(TlsClient(bench.port()).server_name() == "second");
    CHECK(running.server_name() == "first");
    running.send("GET /v1/thing/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    says(running.receive("\"id\":1"), "\"id\":1");
    CHECK(bench.service.stop() == 0);
}

TEST_CASE("files that cannot be used at SIGHUP leave the old certificate in force") {
    Bench bench;
    const CertificateFiles other("other");
    std::ofstream(bench.files.key()) << std::ifstream(other.key()).rdbuf();
    kill(bench.service.pid(), SIGHUP);
    says(bench.service.log_with("the certificate in force stays so"), "[error]");
    says(bench.service.log_with("must hold the key of the certificate"), bench.files.key());
    CHECK(TlsClient(bench.port()).server_name() == "first");
    bench.files.make("third");
    kill(bench.service.pid(), SIGHUP);
    bench.service.log_with("the certificate was read again");
    CHECK(TlsClient(bench.port()).server_name() == "third");
}

TEST_CASE("without a certificate that can be used there is no start") {
    const CertificateFiles one("one"), other("other");
    const auto tls = [](const std::string& certificate, const std::string& key) {
        return refusal(
            fmt::format("[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", certificate, key));
    };
    says(tls("/nothing.pem", one.key()), "tls.certificate: '/nothing.pem' cannot be used");
    says(tls(one.key(), one.key()), "it must hold the certificate");
    says(tls(one.certificate(), "/nothing.pem"), "tls.key: '/nothing.pem' cannot be used");
    says(tls(one.certificate(), other.key()), "key values mismatch");
    const auto locked = other.key() + ".locked";
    REQUIRE(std::system(
                fmt::format("openssl ec -aes128 -passout pass:secret -in {} -out {} 2>/dev/null",
                            other.key(), locked)
                    .c_str()) == 0);
    says(tls(other.certificate(), locked), "as PEM without a passphrase");
    says(refusal("[tls]\ncertificate = \"a\"\n"), "tls.key: is missing");
    says(refusal("[tls]\nkey = \"a\"\ncert = \"a\"\n"), "tls.cert: unknown key");
}
