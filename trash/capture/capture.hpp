// Deletes that do not come through the service: which tables are captured, and the triggers for it.
// They work while no service runs; when a table has changed they refuse until they are renewed.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {
class Catalog;
class Connection;
class Pool;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

class Trash;

// Who asked that a table is captured.
enum class AskedBy { kCommand, kConfiguration };

enum class CaptureState {
    kOn,
    kStale,  // the table has changed: deletes are refused until it is renewed
    kOff,    // its triggers are switched off or gone, or not made yet
};

struct CaptureStatus {
    schema::QualifiedName table;
    std::string asked;  // "command", "config"; empty: because it refers to one that is captured
    CaptureState state = CaptureState::kOn;
};

class Capture {
  public:
    // The trash must outlive it.
    explicit Capture(Trash& trash) : trash_(trash) {}

    // Each captured table, by name.
    std::vector<CaptureStatus> status() const;
    // Captures deletes of the tables, and of all that refer to them with a foreign key that a
    // delete must see to first or takes along. Throws kNotFound where there is no such table,
    // kConflict for one that cannot be captured.
    void on(const std::vector<schema::QualifiedName>& tables) const;
    // The statements that on() would run, for who may run them.
    std::vector<std::string> on_sql(const std::vector<schema::QualifiedName>& tables) const;
    // Nothing of it stays at the tables; without any: at all of them. What is captured because of
    // them alone goes too. Throws kNotFound for one that is not captured by itself.
    void off(const std::vector<schema::QualifiedName>& tables) const;
    // Exactly these are captured by configuration, and their triggers are as the tables are today.
    void configure(const std::vector<schema::QualifiedName>& tables) const;
    // Makes the functions anew of what has changed; gives how many tables that were.
    int renew() const;
    // Exactly these may delete past the trash.
    void allow_hard(const std::vector<std::string>& roles) const;

  private:
    bool any() const;  // something is captured

    Trash& trash_;
};

}  // namespace trashd::trash
