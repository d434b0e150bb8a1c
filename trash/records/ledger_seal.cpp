// Sealing waits for the transactions that were writing when it looked, and takes up only what lies
// below.
#include "trash/records/ledger_seal.hpp"

#include <algorithm>
#include <thread>

#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/object_name.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/records/settled_ids.hpp"
#include "trash/store/lock_keys.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Connection;
using schema::Param;
using schema::quoted;
using schema::Result;
using schema::Transaction;

constexpr long long kMostEntries = 10000;  // of one seal
constexpr auto kPause = std::chrono::milliseconds(20);

std::string hash_of(const std::string& previous, const std::string& rest) {
    return "pg_catalog.sha256(" + previous + " OPERATOR(pg_catalog.||) " + rest + ")";
}

// Of a seal's columns.
std::string contents(const std::string& alias) {
    return schema::filled(
        R"(pg_catalog.int8send({a}.id) OPERATOR(pg_catalog.||)
    pg_catalog.int8send({a}.after) OPERATOR(pg_catalog.||)
    pg_catalog.int8send({a}.upto) OPERATOR(pg_catalog.||)
    COALESCE((
      SELECT pg_catalog.string_agg(pg_catalog.int8send(e) OPERATOR(pg_catalog.||) d,
        ''::pg_catalog.bytea ORDER BY n)
      FROM ROWS FROM (pg_catalog.unnest({a}.entries), pg_catalog.unnest({a}.digests))
        WITH ORDINALITY x(e, d, n)), ''))",
        {{"a", alias}});
}

constexpr const char* kSealNext = R"(WITH
    last AS (SELECT id, upto, hash FROM {schema}.ledger_seal
      UNION ALL SELECT 0, 0, '' ORDER BY id DESC LIMIT 1),
    found AS (
      SELECT pg_catalog.max(id) AS upto, pg_catalog.array_agg(id ORDER BY id) AS entries,
        pg_catalog.array_agg(digest ORDER BY id) AS digests
      FROM (
        SELECT l.id, {digest} AS digest
        FROM {schema}.ledger l
        WHERE l.id OPERATOR(pg_catalog.>) (SELECT upto FROM last)
          AND l.id OPERATOR(pg_catalog.<=) $1::pg_catalog.int8
        ORDER BY l.id LIMIT $2::pg_catalog.int8) e)
  INSERT INTO {schema}.ledger_seal (id, after, upto, entries, digests, hash)
  SELECT f.*, {hash}
  FROM (
    SELECT last.id OPERATOR(pg_catalog.+) 1 AS id, last.upto AS after, found.*
    FROM last, found
    WHERE found.upto IS NOT NULL) f
  RETURNING pg_catalog.cardinality(entries))";

// The next seal, over settled ids; how many entries it has.
long long seal_next(Transaction& transaction, const std::string& trash_schema, long long settled) {
    if (!transaction.exec("SELECT " + try_lock_call(LockKey::kSealing)).boolean(0, 0)) return 0;
    const auto sql = filled(
        kSealNext, trash_schema,
        {{"digest", entry_digest()}, {"hash", hash_of("(SELECT hash FROM last)", contents("f"))}});
    const Result sealed =
        transaction.exec(sql, {std::to_string(settled), std::to_string(kMostEntries)});
    return sealed.rows() == 0 ? 0 : sealed.integer(0, 0);
}

// Sealed entries are compared with those that are there, or that a checkpoint says are not.
constexpr const char* kCompareEntries = R"(SELECT COALESCE(s.e, l.id),
    CASE WHEN l.id IS NULL THEN 'removed' WHEN s.e IS NULL THEN 'added' ELSE 'altered' END
  FROM (
    SELECT e, d FROM {schema}.ledger_seal
    CROSS JOIN ROWS FROM (pg_catalog.unnest(entries), pg_catalog.unnest(digests)) x(e, d)) s
  FULL JOIN (
    SELECT l.id, {digest} AS d
    FROM {schema}.ledger l
    WHERE l.id OPERATOR(pg_catalog.<=) (
      SELECT COALESCE(pg_catalog.max(upto), 0) FROM {schema}.ledger_seal)) l
  ON l.id OPERATOR(pg_catalog.=) s.e
  WHERE {differ} AND (l.id IS NULL AND s.e OPERATOR(pg_catalog.<@) (
    SELECT COALESCE(pg_catalog.range_agg(c.pruned), '{}') FROM {schema}.ledger_checkpoint c))
    IS NOT TRUE
  ORDER BY 1)";

void compare_entries(Connection& connection, const std::string& trash_schema, Verified& verified) {
    const auto sql = filled(kCompareEntries, trash_schema,
                            {{"digest", entry_digest()}, {"differ", schema::differ("l.d", "s.d")}});
    connection.stream(sql, {}, [&](const Result& row) {
        verified.faults.push_back({std::string(row.text(0, 1)), row.integer(0, 0)});
    });
}

// Each seal with the one before it, or where that was pruned with what the checkpoint says of it:
// whether it is whole, its hash, how many entries it has.
constexpr const char* kFollowChain = R"(SELECT s.id,
    {same_hash}
      AND s.id OPERATOR(pg_catalog.=) (COALESCE(p.id, c.seal, 0) OPERATOR(pg_catalog.+) 1)
      AND s.after OPERATOR(pg_catalog.=) COALESCE(p.upto, c.upto, 0)
      AND pg_catalog.array_ndims(s.entries) OPERATOR(pg_catalog.=) 1
      AND pg_catalog.array_ndims(s.digests) OPERATOR(pg_catalog.=) 1
      AND pg_catalog.cardinality(s.entries) OPERATOR(pg_catalog.=)
        pg_catalog.cardinality(s.digests)
      AND pg_catalog.array_position(s.entries, NULL) IS NULL
      AND pg_catalog.array_position(s.digests, NULL) IS NULL,
    pg_catalog.encode(s.hash, 'hex'), pg_catalog.cardinality(s.entries)
  FROM {schema}.ledger_seal s
  LEFT JOIN LATERAL (
    SELECT id, upto, hash FROM {schema}.ledger_seal b
    WHERE b.id OPERATOR(pg_catalog.<) s.id
    ORDER BY b.id DESC LIMIT 1) p ON true
  LEFT JOIN (
    SELECT seal, upto, hash FROM {schema}.ledger_checkpoint ORDER BY id DESC LIMIT 1) c ON true
  ORDER BY s.id)";

void follow_chain(Connection& connection, const std::string& trash_schema,
                  const std::optional<std::string>& head, Verified& verified) {
    const auto same_hash =
        schema::same("s.hash", hash_of("COALESCE(p.hash, c.hash, '')", contents("s")));
    const auto sql = filled(kFollowChain, trash_schema, {{"same_hash", same_hash}});
    connection.stream(sql, {}, [&](const Result& row) {
        if (!row.boolean(0, 1)) verified.faults.push_back({"broken", row.integer(0, 0)});
        verified.head = row.text(0, 2);
        verified.head_found = verified.head_found || head == verified.head;
        verified.entries += row.integer(0, 3);
        ++verified.seals;
    });
}

// Each checkpoint: whether it follows from the one before and says what its entry says, which of
// the newest one must be there; and whether the hash $1 is one of those that it has taken.
constexpr const char* kFollowCheckpoints = R"(SELECT c.id,
    COALESCE(c.id OPERATOR(pg_catalog.=) (COALESCE(p.id, 0) OPERATOR(pg_catalog.+) 1)
      AND {same_digest}
      AND pg_catalog.octet_length(c.heads) OPERATOR(pg_catalog.=)
        (32 OPERATOR(pg_catalog.*) (c.seal OPERATOR(pg_catalog.-) COALESCE(p.seal, 0)))
      AND CASE WHEN c.heads OPERATOR(pg_catalog.=) '' THEN {same_hash}
        ELSE {last_head} END
      AND CASE WHEN e.id IS NULL THEN EXISTS (SELECT FROM {schema}.ledger_checkpoint n
          WHERE n.id OPERATOR(pg_catalog.>) c.id)
        ELSE e.action OPERATOR(pg_catalog.=) 'pruned' AND e.object_id OPERATOR(pg_catalog.=)
          pg_catalog.concat(c.id, '-', pg_catalog.encode(c.digest, 'hex')) END, false),
    EXISTS (SELECT FROM pg_catalog.generate_series(1, pg_catalog.octet_length(c.heads), 32) at
      WHERE pg_catalog.encode(pg_catalog.substr(c.heads, at, 32), 'hex') OPERATOR(pg_catalog.=) $1),
    c.entries, {before}, c.seal
  FROM {schema}.ledger_checkpoint c
  LEFT JOIN {schema}.ledger_checkpoint p ON p.id OPERATOR(pg_catalog.=)
    (c.id OPERATOR(pg_catalog.-) 1)
  LEFT JOIN {schema}.ledger e ON e.id OPERATOR(pg_catalog.=) c.entry
  ORDER BY c.id)";

constexpr const char* kCheckpointContents = R"(pg_catalog.int8send(c.id)
        OPERATOR(pg_catalog.||) pg_catalog.timestamptz_send(c.at)
        OPERATOR(pg_catalog.||) pg_catalog.timestamptz_send(c.before)
        OPERATOR(pg_catalog.||) pg_catalog.int8send(c.entries)
        OPERATOR(pg_catalog.||) pg_catalog.int8send(c.groups)
        OPERATOR(pg_catalog.||) pg_catalog.convert_to(c.pruned::pg_catalog.text, 'UTF8')
        OPERATOR(pg_catalog.||) pg_catalog.int8send(c.seal)
        OPERATOR(pg_catalog.||) pg_catalog.int8send(c.upto)
        OPERATOR(pg_catalog.||) c.hash OPERATOR(pg_catalog.||) c.heads)";

std::string checkpoints_sql(const std::string& trash_schema) {
    const auto digest = hash_of("COALESCE(p.digest, '')", kCheckpointContents);
    return filled(kFollowCheckpoints, trash_schema,
                  {{"same_digest", schema::same("c.digest", digest)},
                   {"same_hash", schema::same("c.hash", "COALESCE(p.hash, '')")},
                   {"last_head", schema::same("c.hash",
                                              "pg_catalog.substr(c.heads, pg_catalog.octet_length("
                                              "c.heads) OPERATOR(pg_catalog.-) 31)")},
                   {"before", utc("c.before")}});
}

// The last seal is never pruned: without any the end of the chain was removed.
void follow_checkpoints(Connection& connection, const std::string& trash_schema,
                        const std::optional<std::string>& head, Verified& verified) {
    std::int64_t seal = 0;
    connection.stream(checkpoints_sql(trash_schema), {head}, [&](const Result& row) {
        if (!row.boolean(0, 1)) verified.faults.push_back({"forged", row.integer(0, 0)});
        verified.head_pruned = verified.head_pruned || row.boolean(0, 2);
        verified.pruned += row.integer(0, 3);
        verified.pruned_before = row.value(0, 4);
        seal = row.integer(0, 5);
    });
    if (verified.pruned_before && verified.seals == 0)
        verified.faults.push_back({"broken", seal + 1});
}

}  // namespace

std::string entry_digest() {
    static const auto sql = schema::filled(
        R"(pg_catalog.sha256(pg_catalog.convert_to((
      pg_catalog.jsonb_build_array(l.id, {at}, l.action, l.by, l.reason, l.schema_name,
        l.table_name, l.object_id, l.group_uuid, l.counts, l.request_id, l.address)
      OPERATOR(pg_catalog.||) CASE WHEN l.tenant IS NULL THEN '[]'
        ELSE pg_catalog.jsonb_build_array(l.tenant) END)::pg_catalog.text,
    pg_catalog.pg_client_encoding())))",
        {{"at", utc("l.at")}});
    return sql;
}

long long seal_upto(schema::Pool& pool, const std::string& trash_schema, long long settled) {
    long long sealed = 0;
    for (long long now = 1; now > 0; sealed += now)
        schema::run(pool, schema::Mode::kWrite, [&](Transaction& transaction) {
            now = seal_next(transaction, trash_schema, settled);
        });
    return sealed;
}

long long seal(schema::Pool& pool, const std::string& trash_schema,
               std::chrono::milliseconds wait) {
    const auto deadline = std::chrono::steady_clock::now() + wait;
    SettledIds ids(trash_schema);
    long long settled = 0;
    {
        auto lease = pool.lease();
        while ((settled = ids.look(lease.connection())) == 0 && ids.waits() &&
               std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(kPause);
    }
    return seal_upto(pool, trash_schema, settled);
}

SealState seal_state(Connection& connection, const std::string& trash_schema) {
    const auto last = schema::filled(
        R"(SELECT s.id, s.upto, pg_catalog.encode(s.hash, 'hex'), {at},
    (SELECT pg_catalog.count(*) FROM {schema}.ledger l
      WHERE l.id OPERATOR(pg_catalog.>) COALESCE(s.upto, 0))
  FROM (SELECT 1) one
  LEFT JOIN LATERAL (SELECT * FROM {schema}.ledger_seal ORDER BY id DESC LIMIT 1) s ON true)",
        {{"schema", quoted(trash_schema)}, {"at", utc("s.at")}});
    const auto found = connection.exec(last);
    SealState state;
    state.unsealed = found.integer(0, 4);
    if (found.null(0, 0)) return state;
    state.seals = found.integer(0, 0);
    state.upto = found.integer(0, 1);
    state.head = found.text(0, 2);
    state.sealed_at = found.value(0, 3);
    return state;
}

Verified verify_ledger(Connection& connection, const std::string& trash_schema,
                       const std::optional<std::string>& head) {
    Verified verified;
    const schema::Limits patient{std::chrono::seconds(5), std::chrono::milliseconds(0)};
    Transaction transaction(connection, schema::Mode::kRead, patient);
    follow_chain(connection, trash_schema, head, verified);
    follow_checkpoints(connection, trash_schema, head, verified);
    compare_entries(connection, trash_schema, verified);
    const auto unsealed = filled(
        R"(SELECT pg_catalog.count(*)
  FROM {schema}.ledger
  WHERE id OPERATOR(pg_catalog.>) (
    SELECT COALESCE(pg_catalog.max(upto), 0) FROM {schema}.ledger_seal))",
        trash_schema);
    verified.unsealed = connection.exec(unsealed).integer(0, 0);
    transaction.commit();
    return verified;
}

namespace {

// The number of the receipt $1; NULL: it has none.
constexpr const char* kNumber = R"((SELECT CASE
    WHEN pg_catalog.split_part($1, '-', 1) OPERATOR(pg_catalog.~) '^[0-9]{1,18}$'
    THEN pg_catalog.split_part($1, '-', 1)::pg_catalog.int8 END AS id))";
constexpr const char* kPrunedEntry = R"(EXISTS (SELECT FROM {schema}.ledger_checkpoint c
      WHERE n.id OPERATOR(pg_catalog.<@) c.pruned)
    AND NOT EXISTS (SELECT FROM {schema}.ledger l WHERE l.id OPERATOR(pg_catalog.=) n.id))";
constexpr const char* kSealOfEntry = R"({schema}.ledger_seal s
      WHERE s.after OPERATOR(pg_catalog.<) n.id AND s.upto OPERATOR(pg_catalog.>=) n.id)";
constexpr const char* kHasReceipt = R"(SELECT FROM {number} n
  WHERE EXISTS (SELECT FROM {schema}.ledger l
      WHERE l.id OPERATOR(pg_catalog.=) n.id AND {digest_of_entry})
    OR {pruned} AND EXISTS (SELECT FROM {seal}
        AND s.digests[pg_catalog.array_position(s.entries, n.id)] OPERATOR(pg_catalog.=)
          pg_catalog.decode($2, 'hex'))
      AND $1 OPERATOR(pg_catalog.=) pg_catalog.concat(n.id, '-', $2))";
constexpr const char* kReceiptPruned = R"(SELECT FROM {number} n
  WHERE {pruned} AND NOT EXISTS (SELECT FROM {seal}))";

std::string receipt_sql(const char* sql, const std::string& trash_schema) {
    return filled(
        sql, trash_schema,
        {{"number", kNumber},
         {"pruned", filled(kPrunedEntry, trash_schema)},
         {"seal", filled(kSealOfEntry, trash_schema)},
         {"digest_of_entry", "pg_catalog.concat(l.id, '-', pg_catalog.encode(" + entry_digest() +
                                 ", 'hex')) OPERATOR(pg_catalog.=) $1"}});
}

// The digest of the receipt, in hex; empty: it has none.
std::string digest_in(const std::string& receipt) {
    const auto digest = receipt.substr(std::min(receipt.find('-'), receipt.size() - 1) + 1);
    const bool hex =
        digest.size() == 64 && digest.find_first_not_of("0123456789abcdef") == std::string::npos;
    return hex ? digest : "";
}

}  // namespace

bool has_receipt(Connection& connection, const std::string& trash_schema,
                 const std::string& receipt) {
    const auto digest = digest_in(receipt);
    if (digest.empty()) return false;
    return connection.exec(receipt_sql(kHasReceipt, trash_schema), {receipt, digest}).rows() > 0;
}

bool is_receipt_pruned(Connection& connection, const std::string& trash_schema,
                       const std::string& receipt) {
    return connection.exec(receipt_sql(kReceiptPruned, trash_schema), {receipt}).rows() > 0;
}

}  // namespace trashd::trash
