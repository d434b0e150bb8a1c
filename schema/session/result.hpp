// What a statement is given and what it answers, as text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_result;

namespace trashd::schema {

// A parameter as text; nullopt is NULL.
using Param = std::optional<std::string>;

struct Statement {
    std::string sql;
    std::vector<Param> params = {};
    bool kept = true;  // prepared once per connection under its text
};

// A text[] literal ('{"a",NULL}') of the values, for a parameter cast to text[].
std::string array_literal(const std::vector<Param>& values);
// The elements of the text form of a one-dimensional array ('{1,2,NULL,"a b"}').
std::vector<Param> parse_array(std::string_view text);

class Result {
  public:
    explicit Result(pg_result* result);
    int rows() const;
    int columns() const;
    bool null(int row, int column) const;
    // Empty for NULL. Valid as long as the Result lives.
    std::string_view text(int row, int column) const;
    Param value(int row, int column) const;
    long long integer(int row, int column) const;  // 0 for NULL
    bool boolean(int row, int column) const;       // false for NULL
    long long affected() const;                    // rows touched by INSERT, UPDATE, DELETE
    std::string_view tag() const;                  // what the server says it did, as "COMMIT"
    const pg_result* native() const { return result_.get(); }

  private:
    std::shared_ptr<pg_result> result_;
};

}  // namespace trashd::schema
