// Old history is forgotten, what is left of the ledger is proved, and who forgets in another way is
// found out.
#include "trash/records/pruned_history.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/programs.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
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
INSERT INTO note SELECT generate_series(1, 9);
)";

struct Fixture {
    Fixture() : database(kSchema), pool(database.url(), 4), bin(pool), sql(database.url()) {}
    std::string remove(int id) {
        const auto gone = bin.remove({"public", "note"}, {std::to_string(id)}, {}, {});
        trash::seal(pool, "trashd", 10s);
        return gone.item->id;
    }
    // The receipt.
    std::string purge(const std::string& item) {
        const auto receipt = bin.purge(item, {}).receipt;
        trash::seal(pool, "trashd", 10s);
        return receipt;
    }
    std::string head() { return trash::seal_state(sql.get(), "trashd").head; }
    trash::PrunedBatch prune(const std::string& before = "now") {
        return trash::prune_history(pool, "trashd", before, 0);
    }
    trash::Verified verify(const std::optional<std::string>& head = {}) {
        return trash::verify_ledger(sql.get(), "trashd", head);
    }
    std::string faults() {
        std::string text;
        for (const auto& fault : verify().faults)
            text += fault.kind + " " + std::to_string(fault.number) + "; ";
        return text;
    }
    std::string actions() {
        return sql.value("SELECT string_agg(action, ' ' ORDER BY id) FROM trashd.ledger");
    }
    // As one who owns the tables can.
    void tamper(const std::string& table, const std::string& statement) {
        sql->script("ALTER TABLE trashd." + table + " DISABLE TRIGGER USER; " + statement +
                    "; ALTER TABLE trashd." + table + " ENABLE TRIGGER USER");
    }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    TestConnection sql;
};

// 1 and 2 are purged, 3 stays in the trash, 4 and 5 are purged after it.
struct Pruned : Fixture {
    Pruned() {
        purged.push_back(purge(remove(1)));
        purged.push_back(purge(remove(2)));
        heads.push_back(head());
        kept = remove(3);
        heads.push_back(head());
        purged.push_back(purge(remove(4)));
        purged.push_back(purge(remove(5)));
        heads.push_back(head());
        batch = prune();
    }
    std::string kept;
    std::vector<std::string> purged, heads;
    trash::PrunedBatch batch;
};

}  // namespace

TEST_CASE_FIXTURE(Pruned,
                  "what is old is forgotten, but not what is told of a group in the trash") {
    CHECK(batch.entries == 8);
    CHECK(batch.groups == 4);
    CHECK(batch.last == 9);
    CHECK(actions() == "trashed pruned");
    CHECK(sql.value("SELECT string_agg(root_object, ' ') FROM trashd.trash_group") == "3");
    CHECK(sql.value("SELECT by || '/' || schema_name || '.' || table_name || '/' || counts FROM "
                    "trashd.ledger WHERE action = 'pruned'") ==
          "retention/trashd.ledger_checkpoint/{\"trashd.ledger\": 8, \"trashd.trash_group\": 4}");
    CHECK(sql.value("SELECT reason = 'written before ' || to_char(before AT TIME ZONE 'UTC', "
                    "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AND object_id = c.id || '-' || "
                    "encode(digest, 'hex') FROM trashd.ledger l, trashd.ledger_checkpoint c "
                    "WHERE l.id = c.entry") == "t");
    CHECK(bin.restore(kept, {}, {}).restored == 1);
    CHECK(sql.value("SELECT count(*) FROM note") == "5");
}

TEST_CASE_FIXTURE(Pruned, "what is left is proved, and heads of before are as far as they can be") {
    CHECK(faults().empty());
    CHECK(trash::seal(pool, "trashd", 10s) == 1);
    const auto verified = verify();
    CHECK(verified.faults.empty());
    CHECK(verified.unsealed == 0);
    CHECK(verified.pruned == 8);
    CHECK(verified.pruned_before.has_value());
    CHECK(verify(heads[0]).head_pruned);
    CHECK_FALSE(verify(heads[0]).head_found);
    for (const auto& head : {heads[1], heads[2], verified.head}) {
        CHECK(verify(head).head_found);
        CHECK_FALSE(verify(head).head_pruned);
    }
    CHECK_FALSE(verify("00").head_found);
    CHECK_FALSE(verify("00").head_pruned);
}

TEST_CASE_FIXTURE(Pruned, "receipts of what was pruned are proved as long as their seal is there") {
    CHECK(trash::has_receipt(sql.get(), "trashd", purged[3]));
    CHECK_FALSE(trash::is_receipt_pruned(sql.get(), "trashd", purged[3]));
    CHECK_FALSE(trash::has_receipt(sql.get(), "trashd", purged[0]));
    CHECK(trash::is_receipt_pruned(sql.get(), "trashd", purged[0]));
    auto forged = purged[3];
    forged.back() = forged.back() == '0' ? '1' : '0';
    for (const std::string& none : {forged, std::string(), std::string("x"), std::string("99-00"),
                                    "99" + purged[0].substr(1)}) {
        CAPTURE(none);
        CHECK_FALSE(trash::has_receipt(sql.get(), "trashd", none));
        CHECK_FALSE(trash::is_receipt_pruned(sql.get(), "trashd", none));
    }
}

TEST_CASE_FIXTURE(Pruned, "who takes an entry out of what is left, or alters one, is found out") {
    trash::seal(pool, "trashd", 10s);
    tamper("ledger", "DELETE FROM trashd.ledger WHERE action = 'trashed'");
    CHECK(faults() == "removed 5; ");
    tamper("ledger", "UPDATE trashd.ledger SET reason = 'x' WHERE action = 'pruned'");
    CHECK(faults() == "removed 5; altered 10; ");
    tamper("ledger", "DELETE FROM trashd.ledger WHERE action = 'pruned'");
    CHECK(faults() == "forged 1; removed 5; removed 10; ");
}

TEST_CASE_FIXTURE(Pruned, "an entry put back among those whose seals are gone was added") {
    sql->exec(
        "INSERT INTO trashd.ledger (id, at, action, by, schema_name, table_name, object_id, "
        "counts) OVERRIDING SYSTEM VALUE VALUES (1, now(), 'deleted', 'me', 'a', 'b', '7', '{}')");
    CHECK(faults() == "added 1; ");
}

TEST_CASE_FIXTURE(Pruned, "a checkpoint that was altered, or is gone, is told") {
    trash::seal(pool, "trashd", 10s);
    const auto set = [&](const std::string& what) {
        tamper("ledger_checkpoint", "UPDATE trashd.ledger_checkpoint SET " + what);
    };
    set("entries = 7");
    CHECK(faults() == "forged 1; ");
    set("entries = 8, pruned = pruned + '{[5,6)}'");
    tamper("ledger", "DELETE FROM trashd.ledger WHERE action = 'trashed'");
    CHECK(faults() == "forged 1; ");
    set("entry = 5");
    CHECK(faults() == "forged 1; ");
    tamper("ledger_checkpoint", "DELETE FROM trashd.ledger_checkpoint");
    CHECK(faults() == "broken 5; removed 5; removed 6; removed 7; removed 8; removed 9; ");
}

TEST_CASE_FIXTURE(Pruned, "nothing but pruning takes entries, seals or checkpoints out") {
    for (const char* statement :
         {"DELETE FROM trashd.ledger", "DELETE FROM trashd.ledger WHERE id = 5",
          "DELETE FROM trashd.ledger_seal", "TRUNCATE trashd.ledger", "TRUNCATE trashd.ledger_seal",
          "UPDATE trashd.ledger SET at = now()", "UPDATE trashd.ledger_seal SET at = now()",
          "DELETE FROM trashd.ledger_checkpoint", "TRUNCATE trashd.ledger_checkpoint",
          "UPDATE trashd.ledger_checkpoint SET at = now()"}) {
        CAPTURE(statement);
        CHECK_THROWS_AS(sql->exec(statement), Error);
    }
    CHECK(faults().empty());
}

TEST_CASE_FIXTURE(Pruned, "the next checkpoint follows from the one before, whose entry goes") {
    trash::seal(pool, "trashd", 10s);
    CHECK(prune().entries == 0);  // what tells of pruning is not pruned for itself
    CHECK(actions() == "trashed pruned");
    purge(kept);
    heads.push_back(head());
    const auto again = prune();
    CHECK(again.entries == 3);
    CHECK(again.groups == 1);
    CHECK(actions() == "pruned");
    trash::seal(pool, "trashd", 10s);
    CHECK(faults().empty());
    CHECK(verify().pruned == 11);
    CHECK(verify().seals == 2);  // the last one stays
    for (const auto& head : {heads[0], heads[1], heads[2]}) CHECK(verify(head).head_pruned);
    CHECK(verify(heads[3]).head_found);
    CHECK(sql.value("SELECT count(*) FROM trashd.trash_group") == "0");
    purge(remove(6));
    CHECK(faults().empty());
    tamper("ledger_seal", "DELETE FROM trashd.ledger_seal");
    CHECK(faults().find("broken 11; ") == 0);
}

TEST_CASE_FIXTURE(Fixture, "what is not old, or not sealed yet, stays") {
    const auto item = remove(1);
    bin.purge(item, {});
    CHECK(prune("yesterday").entries == 0);
    CHECK(prune("yesterday").last == 1);
    CHECK(prune().entries == 1);
    CHECK(actions() == "purged pruned");
    CHECK(sql.value("SELECT count(*) FROM trashd.trash_group") == "0");
    CHECK(trash::seal(pool, "trashd", 10s) == 2);
    CHECK(faults().empty());
}

TEST_CASE_FIXTURE(Fixture, "a group that another session has locked is left with its entries") {
    const auto item = remove(1);
    bin.restore(item, {}, {});
    trash::seal(pool, "trashd", 10s);
    TestConnection other(database.url());
    other->script("BEGIN; SELECT FROM trashd.trash_group FOR UPDATE");
    CHECK(prune().entries == 0);
    other->script("ROLLBACK");
    CHECK(prune().entries == 2);
    CHECK(sql.value("SELECT count(*) FROM trashd.undo_item") == "0");
    try {
        bin.item(item, false);
        FAIL("it is forgotten");
    } catch (const Error& error) {
        CHECK(error.code() == Code::kNotFound);
    }
}

TEST_CASE_FIXTURE(Fixture, "a restore that is undone meanwhile keeps its history") {
    const auto item = remove(1);
    const auto entry = bin.restore(item, {}, {}).entries.at(0);
    trash::seal(pool, "trashd", 10s);
    bin.undo(entry, {}, {});
    CHECK(prune().entries == 0);
    CHECK(actions() == "trashed restored trashed");
    CHECK(bin.restore(item, {}, {}).restored == 1);
}

TEST_CASE_FIXTURE(Fixture, "how much is old, and was pruned, is told") {
    purge(remove(1));
    remove(2);
    const auto now = trash::old_before(pool, 1);
    CHECK(trash::history_state(pool, "trashd", std::nullopt).old_entries == 0);
    auto state = trash::history_state(pool, "trashd", "now");
    CHECK(state.old_entries == 2);
    CHECK(state.old_groups == 1);
    CHECK_FALSE(state.before.has_value());
    prune();
    state = trash::history_state(pool, "trashd", "now");
    CHECK(state.old_entries == 0);
    CHECK(state.pruned_entries == 2);
    CHECK(state.pruned_groups == 1);
    CHECK(state.before.has_value());
    const auto year = 365 * 86400;
    CHECK(trash::old_before(pool, year) == trash::old_before(pool, year));
}

TEST_CASE_FIXTURE(Pruned, "a dump that is loaded elsewhere is verified as the original is" *
                              kNeedsPrograms) {
    trash::seal(pool, "trashd", 10s);
    const auto directory = temporary_directory();
    run("pg_dump", {"-f", directory + "/dump", "-d", database.url()});
    TempDatabase copy("");
    run("psql", {"-q", "-v", "ON_ERROR_STOP=1", "-f", directory + "/dump", "-d", copy.url()});
    TestConnection there(copy.url());
    CHECK(trash::verify_ledger(there.get(), "trashd", heads[0]).head_pruned);
    const auto verified = trash::verify_ledger(there.get(), "trashd", heads[2]);
    CHECK(verified.faults.empty());
    CHECK(verified.head_found);
    CHECK(verified.pruned == 8);
    std::filesystem::remove_all(directory);
}
