// A key's text has its id and its secret; the store has the id and the SHA-256 of the secret, which
// needs no salt and no slow hash, since it is 256 random bits. Secrets are compared in constant
// time.
#include "trash/records/api_keys.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>

#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/object_name.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::Result;
using schema::Transaction;

// trashd_ID_SECRET, ID 16 and SECRET 64 hex digits.
constexpr std::string_view kPrefix = "trashd_";
constexpr std::size_t kId = 16, kSecret = 64;

using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

template <std::size_t kBytes>
std::string hex(const std::array<unsigned char, kBytes>& bytes) {
    static const char* const kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned char byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

template <std::size_t kBytes>
std::string random_hex() {
    std::array<unsigned char, kBytes> bytes;
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw Error(Code::kInternal, "the system gives no random numbers");
    return hex(bytes);
}

std::string hash_of(std::string_view secret) {
    Hash hash;
    SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), hash.data());
    return hex(hash);
}

bool same(std::string_view one, std::string_view other) {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string fields() {
    return "id, name, roles, tenant, " + utc("created_at") + ", " + utc("expires_at") + ", " +
           utc("revoked_at") +
           ", used_on::pg_catalog.text, coalesce(expires_at OPERATOR(pg_catalog.<=) "
           "pg_catalog.now(), false), created_by, revoked_by";
}

Key key_from(const Result& result, int row) {
    Key key;
    key.id = result.text(row, 0);
    key.name = result.text(row, 1);
    for (const Param& role : schema::parse_array(result.text(row, 2))) key.roles.push_back(*role);
    key.tenant = result.value(row, 3);
    key.created_at = result.text(row, 4);
    key.expires_at = result.value(row, 5);
    key.revoked_at = result.value(row, 6);
    key.used_on = result.value(row, 7);
    key.expired = result.boolean(row, 8);
    key.created_by = result.value(row, 9);
    key.revoked_by = result.value(row, 10);
    return key;
}

// The server reads it: what is no time may be an interval.
std::string expiry(Transaction& transaction, const std::string& text) {
    for (const char* sql :
         {"SELECT $1::pg_catalog.timestamptz::pg_catalog.text, $1::pg_catalog.timestamptz "
          "OPERATOR(pg_catalog.>) pg_catalog.now()",
          "SELECT (pg_catalog.now() OPERATOR(pg_catalog.+) $1::interval)::pg_catalog.text, "
          "$1::interval OPERATOR(pg_catalog.>) '0'"}) {
        transaction.exec("SAVEPOINT trashd_expiry");
        try {
            const Result read = transaction.exec(sql, {text});
            if (!read.boolean(0, 1)) throw Error(Code::kBadRequest, "that expiry is over already");
            return std::string(read.text(0, 0));
        } catch (const Error& error) {
            if (!error.of_class(sqlstate::kDataExceptions)) throw;
            transaction.exec("ROLLBACK TO SAVEPOINT trashd_expiry");
        }
    }
    throw Error(Code::kBadRequest, "the expiry must be a time as 2030-01-31, or as '90 days'");
}

}  // namespace

Keys::Keys(schema::Pool& pool, const std::string& trash_schema)
    : pool_(pool),
      table_(schema::quoted({trash_schema, "key"})),
      ledger_(schema::quoted({trash_schema, "ledger"})) {}

// The ledger tells who gave whom a key; the name is the reason of the entry.
void Keys::record(Transaction& transaction, const char* action, const Key& key, const Actor& by) {
    transaction.exec("INSERT INTO " + ledger_ +
                         " (at, action, by, reason, schema_name, table_name, object_id, counts, "
                         "request_id, address) SELECT pg_catalog.now(), $1, $2, $3, n.nspname, "
                         "'key', $4, '{}', $5, $6 FROM pg_catalog.pg_class c JOIN "
                         "pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
                         "WHERE c.oid OPERATOR(pg_catalog.=) $7::pg_catalog.regclass",
                     {action, by.by, key.name, key.id, by.request_id, by.address, table_});
}

MadeKey Keys::create(const NewKey& wanted) {
    const std::string id = random_hex<kId / 2>(), secret = random_hex<kSecret / 2>();
    const std::vector<Param> roles(wanted.roles.begin(), wanted.roles.end());
    MadeKey made;
    made.text = std::string(kPrefix) + id + "_" + secret;
    schema::run(pool_, schema::Mode::kWrite, [&](Transaction& transaction) {
        const Param expires =
            wanted.expires ? Param(expiry(transaction, *wanted.expires)) : std::nullopt;
        const Result added = transaction.exec(
            "INSERT INTO " + table_ +
                " (id, name, hash, roles, tenant, expires_at, created_by) VALUES "
                "($1, $2, pg_catalog.decode($3, 'hex'), $4::pg_catalog.text[], $5, "
                "$6::pg_catalog.timestamptz, $7) RETURNING " +
                fields(),
            {id, wanted.name, hash_of(secret), schema::array_literal(roles), wanted.tenant, expires,
             wanted.by.by});
        made.key = key_from(added, 0);
        record(transaction, "key-created", made.key, wanted.by);
    });
    return made;
}

std::vector<Key> Keys::list() {
    std::vector<Key> keys;
    schema::run(pool_, schema::Mode::kRead, [&](Transaction& transaction) {
        keys.clear();
        const Result found = transaction.exec("SELECT " + fields() + " FROM " + table_ +
                                              " ORDER BY created_at DESC, id");
        for (int row = 0; row < found.rows(); ++row) keys.push_back(key_from(found, row));
    });
    return keys;
}

Key Keys::revoke(const std::string& id, const Actor& by) {
    Key key;
    schema::run(pool_, schema::Mode::kWrite, [&](Transaction& transaction) {
        const auto found = transaction.exec("SELECT " + fields() + " FROM " + table_ +
                                                " WHERE id OPERATOR(pg_catalog.=) $1 FOR UPDATE",
                                            {id});
        if (found.rows() == 0)
            throw Error(Code::kNotFound, "there is no key " + id + "; see trashd key list");
        key = key_from(found, 0);
        if (key.revoked_at) return;
        key = key_from(transaction.exec("UPDATE " + table_ +
                                            " SET revoked_at = pg_catalog.now(), revoked_by = $2 "
                                            "WHERE id OPERATOR(pg_catalog.=) $1 RETURNING " +
                                            fields(),
                                        {id, by.by}),
                       0);
        record(transaction, "key-revoked", key, by);
    });
    return key;
}

// One statement, so that the database is asked once; the row is found by what is no secret.
std::optional<Key> Keys::find(const std::string& text) {
    const std::size_t size = kPrefix.size() + kId + 1 + kSecret;
    if (text.size() != size || !text.starts_with(kPrefix) || text[size - kSecret - 1] != '_')
        return std::nullopt;
    const std::string id = text.substr(kPrefix.size(), kId);
    schema::Lease lease = pool_.lease();
    const Result found =
        lease.connection().exec_prepared("SELECT " + fields() +
                                             ", pg_catalog.encode(hash, 'hex'), COALESCE(used_on "
                                             "OPERATOR(pg_catalog.<>) CURRENT_DATE, true) FROM " +
                                             table_ + " WHERE id OPERATOR(pg_catalog.=) $1",
                                         {id});
    if (found.rows() == 0 || !same(found.text(0, 11), hash_of(text.substr(size - kSecret))))
        return std::nullopt;
    if (found.boolean(0, 12))
        lease.connection().exec(
            "UPDATE " + table_ + " SET used_on = CURRENT_DATE WHERE id OPERATOR(pg_catalog.=) $1",
            {id});
    return key_from(found, 0);
}

}  // namespace trashd::trash
