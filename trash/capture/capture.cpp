// What is captured is kept in the tables capture and capture_key; the functions and triggers are
// made from it and from the catalog, and made anew where the one that was made before is another.
#include "trash/capture/capture.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/capture/arranging.hpp"
#include "trash/store/lock_keys.hpp"
#include "trash/store/sql.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
namespace {

using schema::Catalog;
using schema::QualifiedName;
using schema::Table;
using schema::Transaction;

constexpr const char *kByCommand = "command", *kByConfiguration = "config";

void require_known(const Catalog& catalog, const std::vector<QualifiedName>& tables) {
    for (const auto& table : tables) {
        const auto* known = catalog.table(table);
        if (!known)
            throw Error(Code::kNotFound, "there is no table " + table.schema + "." + table.name);
        if (!known->kept)
            throw Error(Code::kConflict, "rows of " + table.schema + "." + table.name +
                                             " are not kept: the configuration says trash = false; "
                                             "leave that out to capture them");
    }
}

using Change = std::function<void(Asked&)>;

// Under the lock; triggers: what to do with their statements, as in Arranging.
int rearranged(Trash& trash, const Change& change, bool again,
               std::vector<std::string>* triggers = nullptr) {
    const auto catalog = trash.catalog().refresh();
    int changed = 0;
    try {
        trash.run(schema::Mode::kWrite, [&](Transaction& transaction) {
            transaction.exec("SELECT " + lock_call(LockKey::kFunctions));
            Arranging arranging(transaction, trash, *catalog, triggers);
            auto asked = arranging.asked();
            change(asked);
            changed = arranging.arrange(asked, again);
        });
    } catch (const Error& error) {
        if (!error.is(sqlstate::kInsufficientPrivilege)) throw;
        throw Error(Code::kMissingGrant,
                    "the service's role may not make triggers on these tables; grant it TRIGGER on "
                    "them, or have their owner run what trashd capture on --sql prints",
                    *error.sql());
    }
    return changed;
}

CaptureState state_of(Transaction& transaction, const Trash& trash, const Catalog& catalog,
                      const QualifiedName& name, const schema::Result& found, int row) {
    if (!found.boolean(row, 5)) return CaptureState::kOff;
    const Table* table = catalog.table(name);
    if (!table) return CaptureState::kStale;
    CapturedTable captured{table};
    const std::vector<CapturedTable> none;
    const std::vector<CapturedKey> no_keys;
    const CaptureSql sql(trash.schema_name(), none, no_keys);
    const auto now = transaction.exec(sql.fingerprint_sql(captured)).text(0, 0);
    const std::string made_for(found.text(row, 4));
    return now == made_for || now == fingerprint_in_copy(made_for) ? CaptureState::kOn
                                                                   : CaptureState::kStale;
}

}  // namespace

std::vector<CaptureStatus> Capture::status() const {
    const auto catalog = trash_.catalog().refresh();
    std::vector<CaptureStatus> all;
    trash_.run(schema::Mode::kRead, [&](Transaction& transaction) {
        const auto& schema = trash_.schema_name();
        const auto found = transaction.exec(
            filled(R"(SELECT c.id, c.schema_name, c.table_name, c.asked, c.fingerprint, EXISTS (
    SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(
        pg_catalog.format('%I.%I', c.schema_name, c.table_name))
      AND t.tgname OPERATOR(pg_catalog.=) $1
      AND t.tgenabled OPERATOR(pg_catalog.=) ANY ('{O,A}'))
  FROM {schema}.capture c ORDER BY 2, 3)",
                   schema),
            {schema + "_capture"});
        transaction.exec("SET LOCAL search_path = pg_catalog");
        for (int row = 0; row < found.rows(); ++row) {
            CaptureStatus status;
            status.table = {std::string(found.text(row, 1)), std::string(found.text(row, 2))};
            status.asked = found.text(row, 3);
            status.state = state_of(transaction, trash_, *catalog, status.table, found, row);
            all.push_back(std::move(status));
        }
    });
    return all;
}

void Capture::on(const std::vector<QualifiedName>& tables) const {
    require_known(*trash_.catalog().refresh(), tables);
    rearranged(
        trash_,
        [&](Asked& asked) {
            for (const auto& table : tables) asked.try_emplace(table, kByCommand);
        },
        true);
}

std::vector<std::string> Capture::on_sql(const std::vector<QualifiedName>& tables) const {
    require_known(*trash_.catalog().refresh(), tables);
    std::vector<std::string> triggers;
    rearranged(
        trash_,
        [&](Asked& asked) {
            for (const auto& table : tables) asked.try_emplace(table, kByCommand);
        },
        true, &triggers);
    return triggers;
}

void Capture::off(const std::vector<QualifiedName>& tables) const {
    rearranged(
        trash_,
        [&](Asked& asked) {
            for (const auto& table : tables)
                if (asked.erase(table) == 0)
                    throw Error(Code::kNotFound, table.schema + "." + table.name +
                                                     " is not captured by itself; trashd capture "
                                                     "status lists what is");
            if (tables.empty()) asked.clear();
        },
        false);
}

void Capture::configure(const std::vector<QualifiedName>& tables) const {
    if (tables.empty() && !any()) return;
    rearranged(
        trash_,
        [&](Asked& asked) {
            std::erase_if(asked, [](const auto& one) { return one.second == kByConfiguration; });
            for (const auto& table : tables) asked[table] = kByConfiguration;
        },
        false);
}

bool Capture::any() const {
    bool found = false;
    trash_.run(schema::Mode::kRead, [&](Transaction& transaction) {
        found =
            transaction.exec(filled("SELECT FROM {schema}.capture LIMIT 1", trash_.schema_name()))
                .rows() > 0;
    });
    return found;
}

int Capture::renew() const {
    return any() ? rearranged(
                       trash_, [](Asked&) {}, false)
                 : 0;
}

void Capture::allow_hard(const std::vector<std::string>& roles) const {
    trash_.run(schema::Mode::kWrite, [&](Transaction& transaction) {
        std::vector<schema::Param> all(roles.begin(), roles.end());
        transaction.exec(filled(R"(WITH gone AS (DELETE FROM {schema}.capture_hard
    WHERE NOT role_name OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[]))
  INSERT INTO {schema}.capture_hard SELECT r FROM pg_catalog.unnest($1::pg_catalog.text[]) r
  ON CONFLICT DO NOTHING)",
                                trash_.schema_name()),
                         {schema::array_literal(all)});
    });
}

}  // namespace trashd::trash
