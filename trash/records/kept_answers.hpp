// Answers kept under a key that the client chose: the same request gets the same answer again,
// whichever instance it meets, and is run once.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace trashd::schema {
class Connection;
class Pool;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

// principal: who asks, with the tenant where there are some, since keys of others are others' keys.
// fingerprint: a hash of what makes two requests the same.
struct RequestKey {
    std::string principal, key, fingerprint;
};

struct KeptAnswer {
    int status = 0;
    std::string media_type, body;
    std::vector<std::pair<std::string, std::string>> headers;
};

class KeyClaim {
  public:
    // Claims the key in a short transaction of its own, or finds the kept answer. A claim that is
    // older than any request may last is taken over. Throws StillRunning, Error kInvalid when
    // the key stands for another request.
    KeyClaim(schema::Pool& pool, const std::string& trash_schema, const RequestKey& key);
    KeyClaim(const KeyClaim&) = delete;
    // Gives up what was neither kept nor found, so that the request may be sent again.
    ~KeyClaim();
    const std::optional<KeptAnswer>& kept() const { return kept_; }
    // As the last statement of the transaction that makes the change. Throws StillRunning when
    // another request has taken the claim over: then this one must not commit.
    void keep(schema::Transaction& transaction, const KeptAnswer& answer);
    // What is not kept yet, in a transaction of its own.
    void keep(const KeptAnswer& answer);

  private:
    bool claim(schema::Connection& connection, const RequestKey& key);
    void look(schema::Connection& connection, const RequestKey& key);
    long long store(schema::Connection& connection, const KeptAnswer& answer);

    schema::Pool& pool_;
    std::string table_, id_;
    std::optional<KeptAnswer> kept_;
    bool open_ = false;
};

// Removes what was claimed longer than so many hours ago; how many.
long long forget_answers(schema::Pool& pool, const std::string& trash_schema, long long hours);

}  // namespace trashd::trash
