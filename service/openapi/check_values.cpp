// Only the form that PostgreSQL gives to "column IN (texts)" is understood; of any other CHECK
// nothing is said, since a list that is too short would keep clients from values that are allowed.
#include "service/openapi/check_values.hpp"

#include <optional>
#include <string_view>

#include "schema/catalog/catalog.hpp"
#include "schema/identifier.hpp"

namespace trashd::service::openapi {

namespace {

// Reads an expression from left to right, as pg_get_expr writes it.
class Expression {
  public:
    explicit Expression(std::string_view text) : rest_(text) {}

    bool done() const { return rest_.empty(); }
    bool skip(std::string_view text) {
        const bool found = rest_.starts_with(text);
        if (found) rest_.remove_prefix(text.size());
        return found;
    }
    void skip_brackets(char bracket) {
        while (!rest_.empty() && rest_.front() == bracket) rest_.remove_prefix(1);
    }
    // Closing brackets and casts to types of text.
    void skip_casts() {
        do skip_brackets(')');
        while (skip("::text[]") || skip("::character varying[]") || skip("::text") ||
               skip("::character varying"));
    }
    // 'text', without a backslash in it: what that means is a setting of the database.
    std::optional<std::string> literal() {
        if (!skip("'")) return std::nullopt;
        std::string text;
        for (; !rest_.empty(); rest_.remove_prefix(1)) {
            if (rest_.front() == '\'') {
                rest_.remove_prefix(1);
                if (rest_.empty() || rest_.front() != '\'') return text;
            }
            if (rest_.front() == '\\') return std::nullopt;
            text += rest_.front();
        }
        return std::nullopt;
    }

  private:
    std::string_view rest_;
};

std::vector<std::string> listed(const std::string& expression, const schema::Column& column) {
    Expression text(expression);
    text.skip_brackets('(');
    if (!text.skip(schema::quoted(column.name)) && !text.skip(column.name)) return {};
    text.skip_casts();
    if (!text.skip(" = ANY ")) return {};
    text.skip_brackets('(');
    if (!text.skip("ARRAY[")) return {};
    std::vector<std::string> values;
    do {
        text.skip_brackets('(');
        auto value = text.literal();
        if (!value) return {};
        values.push_back(std::move(*value));
        text.skip_casts();
    } while (text.skip(", "));
    if (!text.skip("]")) return {};
    text.skip_casts();
    return text.done() ? values : std::vector<std::string>();
}

}  // namespace

std::vector<std::string> check_values(const schema::Table& table, const schema::Column& column) {
    for (const auto& check : table.checks)
        if (auto values = listed(check.expression, column); !values.empty()) return values;
    return {};
}

}  // namespace trashd::service::openapi
