// The ledger's chain of hashes: it has every entry once, and tells what was done to one.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/options.hpp"
#include "trash/model/restored.hpp"
#include "trash/records/ledger_seal.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kSchema = R"(
CREATE TABLE note (id int PRIMARY KEY);
INSERT INTO note SELECT generate_series(1, 2000);
)";

struct Fixture {
    Fixture() : database(kSchema), pool(database.url(), 8), bin(pool), sql(database.url()) {}
    trash::DeleteResult remove(int id, bool hard = false) {
        trash::DeleteOptions options;
        options.hard = hard;
        return bin.remove({"public", "note"}, {std::to_string(id)}, options,
                          {"me", "why", "r", "::1"});
    }
    long long seal() { return trash::seal(pool, "trashd", 10s); }
    trash::Verified verify(const std::optional<std::string>& head = {}) {
        return trash::verify_ledger(sql.get(), "trashd", head);
    }
    // As one who owns the tables can.
    void tamper(const std::string& table, const std::string& statement) {
        sql->script("ALTER TABLE trashd." + table + " DISABLE TRIGGER USER; " + statement +
                    "; ALTER TABLE trashd." + table + " ENABLE TRIGGER USER");
    }
    std::string faults() {
        std::string text;
        for (const auto& fault : verify().faults)
            text += fault.kind + " " + std::to_string(fault.number) + "; ";
        return text;
    }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    TestConnection sql;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "everything that happens is sealed once, while much happens") {
    std::atomic<int> next = 0;
    std::atomic<bool> over = false;
    std::vector<std::thread> clients;
    for (int client = 0; client < 4; ++client)
        clients.emplace_back([&] {
            for (int id = ++next; id <= 400; id = ++next) {
                const auto item = remove(id, id % 5 == 0).item;
                if (item && id % 3 == 0) bin.restore(item->id, {}, {});
                if (item && id % 7 == 0 && id % 3 != 0) bin.purge(item->id, {});
            }
        });
    std::vector<std::thread> sealers;
    for (int i = 0; i < 2; ++i)
        sealers.emplace_back([&] {
            while (!over) seal();
        });
    for (auto& client : clients) client.join();
    over = true;
    for (auto& sealer : sealers) sealer.join();
    seal();
    const auto verified = verify();
    CHECK(verified.faults.empty());
    CHECK(verified.unsealed == 0);
    CHECK(verified.seals > 1);
    CHECK(std::to_string(verified.entries) == sql.value("SELECT count(*) FROM trashd.ledger"));
    CHECK(seal() == 0);
}

TEST_CASE_FIXTURE(Fixture, "an entry that is still being written is not passed by") {
    TestConnection writer(database.url());
    remove(1);
    writer->script(
        "BEGIN; INSERT INTO trashd.ledger (at, action, by, schema_name, table_name, object_id, "
        "counts) VALUES (now(), 'deleted', 'me', 'public', 'note', '7', '{}')");
    remove(2);
    CHECK(trash::seal(pool, "trashd", 0ms) == 0);
    CHECK(verify().unsealed == 2);
    writer->script("COMMIT");
    CHECK(seal() == 3);
    CHECK(verify().faults.empty());
}

TEST_CASE_FIXTURE(Fixture, "entries altered, removed and added afterwards are named") {
    for (int id = 1; id <= 5; ++id) remove(id);
    sql->exec("SELECT pg_catalog.nextval('trashd.ledger_id_seq')");
    remove(6);
    CHECK(seal() == 6);
    tamper("ledger", "UPDATE trashd.ledger SET by = 'you' WHERE id = 2");
    tamper("ledger", "DELETE FROM trashd.ledger WHERE id = 4");
    sql->exec(
        "INSERT INTO trashd.ledger (id, at, action, by, schema_name, table_name, object_id, "
        "counts) OVERRIDING SYSTEM VALUE VALUES (6, now(), 'deleted', 'me', 'a', 'b', '7', '{}')");
    CHECK(faults() == "altered 2; removed 4; added 6; ");
}

TEST_CASE_FIXTURE(Fixture, "a seal that was altered or removed breaks the chain") {
    for (int id = 1; id <= 4; ++id) {
        remove(id);
        CHECK(seal() == 1);
    }
    const auto head = verify().head;
    CHECK(verify(head).head_found);
    tamper("ledger", "UPDATE trashd.ledger SET reason = NULL WHERE id = 2");
    tamper("ledger_seal", "UPDATE trashd.ledger_seal SET digests = ARRAY(SELECT " +
                              trash::entry_digest() +
                              " FROM trashd.ledger l WHERE id = 2) WHERE id = 2");
    CHECK(faults() == "broken 2; ");
    tamper("ledger_seal",
           "UPDATE trashd.ledger_seal SET entries = entries || 9, digests = digests || NULL::bytea "
           "WHERE id = 1");
    CHECK(faults() == "broken 1; broken 2; ");
    tamper(
        "ledger_seal",
        "UPDATE trashd.ledger_seal SET entries = entries[:1], digests = digests[:1] WHERE id = 1");
    tamper("ledger", "DELETE FROM trashd.ledger WHERE id = 4");
    tamper("ledger_seal", "DELETE FROM trashd.ledger_seal WHERE id IN (2, 4)");
    CHECK(faults() == "broken 3; added 2; ");
    CHECK_FALSE(verify(head).head_found);
}

TEST_CASE_FIXTURE(Fixture, "the ledger can be added to, nothing else") {
    remove(1);
    seal();
    for (const char* table : {"ledger", "ledger_seal"})
        for (const std::string statement :
             {"UPDATE trashd.{} SET at = now()", "DELETE FROM trashd.{}", "TRUNCATE trashd.{}"}) {
            auto text = statement;
            text.replace(text.find("{}"), 2, table);
            CHECK_THROWS_AS(sql->exec(text), Error);
        }
    CHECK(faults().empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "a receipt proves that something was purged, and when another was forged") {
    const auto item = remove(1).item;
    const auto receipt = bin.purge(item->id, {"me", "why", "r", "::1"}).receipt;
    CHECK(trash::has_receipt(sql.get(), "trashd", receipt));
    CHECK_FALSE(trash::has_receipt(sql.get(), "trashd", "1" + receipt));
    CHECK_FALSE(trash::has_receipt(sql.get(), "trashd", "x"));
    tamper("ledger", "UPDATE trashd.ledger SET at = at + '1 s' WHERE action = 'purged'");
    CHECK_FALSE(trash::has_receipt(sql.get(), "trashd", receipt));
    CHECK(sql.value("SELECT string_agg(action || ' ' || by || ' ' || address, ', ' ORDER BY id) "
                    "FROM trashd.ledger") == "trashed me ::1, purged me ::1");
}
