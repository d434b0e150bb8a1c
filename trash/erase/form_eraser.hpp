// Items of one form lose their personal values.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "schema/session/result.hpp"
#include "trash/erase/hanging_items.hpp"

namespace trashd::schema {
struct Check;
struct Column;
}  // namespace trashd::schema

namespace trashd::trash {

class FormEraser {
  public:
    // personal: columns of the form's table, which must be there. Throws kConflict where one takes
    // neither null nor a marker. All must outlive it.
    FormEraser(schema::Connection& connection, const std::string& trash_schema, const Form& form,
               const std::vector<std::string>& personal);
    // How many of the items have changed. Throws kConflict where a check takes nothing that is
    // known.
    long long erase(const std::vector<HangingItem>& items);

  private:
    // What becomes of a position of the payload: the first of the markers that the checks let pass.
    struct Change {
        int position = 0;
        const schema::Column* column = nullptr;  // nullptr: null in any case
        std::vector<std::string> markers;        // SQL over an item i
    };
    // Columns that have checks in common, and these; or all that have none.
    struct Part {
        std::vector<Change> changes;
        std::vector<const schema::Check*> checks;
    };
    using Chosen = std::vector<std::string>;  // of each change of a part, one of its markers

    void note(std::size_t at, const std::vector<std::string>& personal);
    void add(Change change);
    void erase_part(const Part& part, const std::vector<HangingItem>& items);
    void change(const Part& part, const std::vector<HangingItem>& items, const Chosen& now);
    std::vector<HangingItem> passing(const Part& part, const std::vector<HangingItem>& items,
                                     const Chosen& now);
    std::string row_with(const Part& part, const Chosen& now) const;
    std::string value_with(const Part& part, const schema::Column& column, const Chosen& now) const;
    std::string these() const;
    [[noreturn]] void refuse(const std::string& what) const;

    schema::Connection& connection_;
    const std::string& trash_schema_;
    const Form& form_;
    Part free_;                // of no check
    std::vector<Part> bound_;  // by checks
    std::set<std::pair<long long, int>> changed_;
};

}  // namespace trashd::trash
