// Up to where the ledger can be read without missing anything. Ids are drawn before their entries
// can be seen, so an entry may still appear below the highest one.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "schema/session/result.hpp"

namespace trashd::schema {
class Connection;
}

namespace trashd::trash {

class SettledIds {
  public:
    explicit SettledIds(std::string trash_schema) : trash_schema_(std::move(trash_schema)) {}
    // The highest id below which nothing can come any more, as far as is known now; 0: nothing is
    // known yet. It waits for nobody: while transactions that have written are open it stays where
    // it was. Statements that begin later see all entries up to it. Any thread may call it.
    long long look(schema::Connection& connection);
    // Transactions are open whose entries may still come below what was drawn.
    bool waits();

  private:
    struct Drawn {
        long long upto = 0;
        std::vector<schema::Param> writers;  // transactions that may still show a lower one
    };
    Drawn draw(schema::Connection& connection) const;
    void advance(schema::Connection& connection);

    const std::string trash_schema_;
    std::mutex mutex_;
    long long settled_ = 0;
    std::optional<Drawn> drawn_;  // what is waited for
};

}  // namespace trashd::trash
