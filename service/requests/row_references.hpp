// expand=references: what rows of an answer refer to, by name and state. Rows are looked at as they
// go into the answer, what they refer to is found for all of them together, and then it is written
// into each.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trash/rows/referenced_rows.hpp"

namespace trashd::schema {
struct ForeignKey;
struct Table;
}  // namespace trashd::schema

namespace trashd::service {

struct Caller;
struct Context;
class JsonWriter;
struct Request;
struct Resource;
class Spool;

// The JSON ends in an object without members.
bool ends_empty(const Spool& json);

class RowReferences {
  public:
    // All must outlive it.
    RowReferences(const Request& request, const Caller& caller, const Context& context)
        : request_(request), caller_(caller), context_(context) {}

    // The next row: of the table, nullptr where that is not there any more. Then its JSON.
    void begin(const schema::Table* table, bool trashed);
    void piece(std::string_view json);
    void read(const Spool& json);
    // Behind the row: where its last brace stands in the spool that is to be filled in, and what
    // the member is called. first: nothing stands before it in the braces.
    struct Place {
        std::size_t brace = 0;
        std::string member = "references";
        bool first = false;
    };
    void end(Place place);
    // The spool with the members in their places.
    std::shared_ptr<Spool> filled_in(const Spool& rows);

  private:
    // Rows of one table that are referred to by the same columns.
    struct Target {
        const schema::Table* table = nullptr;
        std::vector<int> columns;
        bool from_trash = false;
        std::map<std::vector<std::string>, std::size_t> places;  // of values among those found
        std::vector<trash::ReferencedRow> found = {};
    };
    struct Reference {
        const schema::ForeignKey* key;
        std::vector<std::string> values;
    };
    struct Row {
        Place place;
        bool trashed = false;
        const schema::Table* table = nullptr;
        std::vector<Reference> references = {};
    };
    using TargetKey = std::pair<schema::Oid, std::vector<int>>;

    void read_row();
    void find();
    void find(schema::Transaction& transaction, Target& target);
    bool may_be_told_gone(const Target& target) const;
    std::string json_of(const Row& row);
    void write(JsonWriter& out, const Row& row, const Reference& reference);
    void write_found(JsonWriter& out, const Row& row, const Target& target,
                     const trash::ReferencedRow& found);

    const Request& request_;
    const Caller& caller_;
    const Context& context_;
    std::vector<Row> rows_;
    std::string json_;  // of the last row
    std::map<TargetKey, Target> targets_;
};

}  // namespace trashd::service
