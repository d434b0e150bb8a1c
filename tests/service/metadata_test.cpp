#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE customer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
  upper_name text GENERATED ALWAYS AS (upper(name)) STORED, joined date DEFAULT '2020-01-01');
CREATE UNIQUE INDEX customer_lower ON customer (lower(name)) WHERE joined IS NOT NULL;
CREATE TABLE invoice (year int, number int, customer int NOT NULL REFERENCES customer,
  agent int REFERENCES customer ON DELETE SET NULL, PRIMARY KEY (year, number));
CREATE INDEX ON invoice (customer);
CREATE TABLE line (id bigint PRIMARY KEY, year int, number int,
  CONSTRAINT line_invoice FOREIGN KEY (year, number) REFERENCES invoice ON DELETE CASCADE);
CREATE TABLE note (line bigint CONSTRAINT note_line REFERENCES line);
)";

const char* kConfig = R"(
[[resource]]
table = "invoice"
path = "billing/invoices"
class = "Invoice"
display = "number"
confirm = true
)";

struct Bench {
    TempDatabase database{kSchema};
    ServiceProcess service{database.url(), {}, kConfig};

    rapidjson::Document of(const std::string& resource) {
        auto answer = request(service.port(), "GET", "/v1/" + resource + "/$metadata");
        REQUIRE(answer.status == 200);
        return answer.json();
    }
};

// Of the effects, the one of a constraint.
const rapidjson::Value& effect(const rapidjson::Value& plan, const std::string& constraint) {
    for (const auto& one : plan["effects"].GetArray())
        if (one["constraint"] == constraint.c_str()) return one;
    FAIL("no effect of " << constraint);
    return plan;
}

}  // namespace

TEST_CASE("metadata tell the columns and which values come by themselves") {
    Bench bench;
    auto customer = bench.of("customer");
    const auto& columns = customer["columns"];
    CHECK(columns[0]["name"] == "id");
    CHECK(columns[0]["type"] == "integer");
    CHECK(columns[0]["identity"] == "always");
    CHECK_FALSE(columns[1]["nullable"].GetBool());
    CHECK_FALSE(columns[1]["default"].GetBool());
    CHECK(columns[1]["identity"].IsNull());
    CHECK(columns[2]["generated"].GetBool());
    CHECK(columns[3]["default"].GetBool());
    CHECK_FALSE(columns[3]["generated"].GetBool());
    CHECK(customer["key"][0] == "id");
    CHECK(customer["display"] == "name");
    CHECK(customer["unique"][0]["constraint"] == "customer_lower");
    CHECK(customer["unique"][0]["columns"][0] == "lower(name)");
    CHECK(customer["unique"][0]["where"] == "(joined IS NOT NULL)");
}

TEST_CASE("metadata name references and referrers, and the keys without an index") {
    Bench bench;
    auto invoice = bench.of("billing/invoices");
    REQUIRE(invoice["references"].Size() == 2);
    const auto& agent = invoice["references"][0];
    CHECK(agent["constraint"] == "invoice_agent_fkey");
    CHECK(agent["resource"] == "customer");
    CHECK(agent["columns"][0] == "agent");
    CHECK(agent["referencedColumns"][0] == "id");
    CHECK_FALSE(agent["indexed"].GetBool());
    CHECK(agent["onDelete"]["action"] == "set-null");
    CHECK(invoice["references"][1]["indexed"].GetBool());
    CHECK(invoice["references"][1]["onDelete"]["reason"] == "ON DELETE NO ACTION");
    REQUIRE(invoice["referrers"].Size() == 1);
    CHECK(invoice["referrers"][0]["resource"] == "line");
    CHECK(invoice["referrers"][0]["columns"][1] == "number");
}

TEST_CASE("metadata tell what a delete takes, sets and is refused by, and what cascade changes") {
    Bench bench;
    auto customer = bench.of("customer");
    CHECK(customer["delete"]["takes"].Size() == 1);
    CHECK(effect(customer["delete"], "invoice_customer_fkey")["action"] == "refuse");
    CHECK(effect(customer["delete"], "invoice_agent_fkey")["action"] == "set-null");
    const auto& all = customer["deleteWithCascade"];
    CHECK(all["takes"].Size() == 4);
    CHECK(effect(all, "invoice_customer_fkey")["action"] == "trash");
    CHECK(effect(all, "invoice_customer_fkey")["reason"] == "cascade=true");
    CHECK(effect(all, "line_invoice")["reason"] == "ON DELETE CASCADE");
    CHECK(effect(all, "line_invoice")["references"] == "billing/invoices");
    CHECK(effect(all, "note_line")["resource"] == "note");
    CHECK(all["refusals"].Size() == 0);
}

TEST_CASE("metadata tell how a resource is configured; /v1/ leads there") {
    Bench bench;
    auto invoice = bench.of("billing/invoices");
    CHECK(invoice["class"] == "Invoice");
    CHECK(invoice["table"] == "public.invoice");
    CHECK(invoice["display"] == "number");
    CHECK(invoice["confirm"].GetBool());
    CHECK_FALSE(invoice["requireReason"].GetBool());
    CHECK(invoice["key"][1] == "number");
    auto list = request(bench.service.port(), "GET", "/v1/").json();
    CHECK(list[0]["metadata"] == "/v1/billing/invoices/$metadata");
}

TEST_CASE("metadata of what is not served are 404, and take no parameters") {
    Bench bench;
    const int port = bench.service.port();
    CHECK(request(port, "GET", "/v1/note/$metadata").code() == "not-found");
    CHECK(request(port, "GET", "/v1/line/$metadata/x").code() == "not-found");
    CHECK(request(port, "GET", "/v1/line/$metadata?cascade=true").code() == "bad-request");
    auto wrong = request(port, "DELETE", "/v1/line/$metadata");
    CHECK(wrong.code() == "method-not-allowed");
    CHECK(wrong.header("Allow") == "GET, HEAD, OPTIONS");
}

TEST_CASE("a role that may not read a dependent sees in the metadata why deletes are refused") {
    TempDatabase database(kSchema);
    TestConnection owner(database.url());
    owner->script("DROP ROLE IF EXISTS metadata_reader; CREATE ROLE metadata_reader LOGIN");
    owner->script("GRANT CREATE ON DATABASE " + database.name() + " TO metadata_reader");
    owner->script("GRANT SELECT, INSERT, UPDATE, DELETE ON invoice TO metadata_reader");
    ServiceProcess service(database.url("metadata_reader"), {}, kConfig);
    auto metadata = request(service.port(), "GET", "/v1/billing/invoices/$metadata").json();
    const std::string why = metadata["delete"]["refusals"][0].GetString();
    CHECK(why.find("GRANT SELECT, INSERT, UPDATE, DELETE ON \"public\".\"line\" to it") !=
          std::string::npos);
}

TEST_CASE("metadata tell foreign keys that are NOT ENFORCED and those of periods") {
    if (older_than(180000)) return;
    TempDatabase database(R"(
CREATE TABLE room (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE booking (id int PRIMARY KEY, room int4range, at daterange,
  CONSTRAINT booked FOREIGN KEY (room, PERIOD at) REFERENCES room (id, PERIOD during));
CREATE TABLE remark (id int PRIMARY KEY, booking int,
  CONSTRAINT remarked FOREIGN KEY (booking) REFERENCES booking NOT ENFORCED);
)");
    ServiceProcess service(database.url());
    const auto of = [&](const std::string& resource) {
        return request(service.port(), "GET", "/v1/" + resource + "/$metadata").json();
    };
    auto booking = of("booking"), remark = of("remark");
    const auto& booked = booking["references"][0];
    CHECK(booked["enforced"].GetBool());
    CHECK(booked["period"].GetBool());
    for (const auto* keys : {&booking["referrers"], &remark["references"]}) {
        REQUIRE(keys->Size() == 1);
        const auto& remarked = (*keys)[0];
        CHECK(remarked["constraint"] == "remarked");
        CHECK_FALSE(remarked["enforced"].GetBool());
        CHECK_FALSE(remarked["period"].GetBool());
        CHECK(remarked["onDelete"]["action"] == "none");
        CHECK(remarked["onDelete"]["reason"] ==
              "the foreign key is NOT ENFORCED: deletes leave its rows alone");
    }
}
