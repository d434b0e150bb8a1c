// Texts of any length on their way out of the database. What is long comes in pieces, so that a
// value of hundreds of megabytes takes no more memory here than a short one.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/session/result.hpp"

namespace trashd::schema {

class Connection;

// SQL: the text, NULL where it has more bytes.
std::string short_text(const std::string& text, std::size_t most);

struct LongTexts {
    std::string select;  // a query whose last column is a text
    int fields = 0;      // the columns before that
    std::vector<Param> params = {};
};

struct LongTextSink {
    // A row, of which the fields count, at the positions that they have in the query.
    std::function<void(const Result&)> begin = {};
    // Its text, piece by piece; of NULL there are none.
    std::function<void(std::string_view)> piece;
};

// Row by row in the order of the query.
void read_long(Connection& connection, const LongTexts& asked, const LongTextSink& sink);

}  // namespace trashd::schema
