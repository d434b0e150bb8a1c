// Terms may come in any order, and those of one and/or are told by their index:
// where[or][0][a][equals] and where[or][0][b][equals] are one alternative.
#include "service/parsing/where_parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/text.hpp"
#include "service/config/resources.hpp"
#include "service/http/url.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kDeepest = 8;
constexpr std::array<std::pair<std::string_view, trash::Op>, 11> kOps = {
    {{"equals", trash::Op::kEquals},
     {"not_equals", trash::Op::kNotEquals},
     {"greater_than", trash::Op::kGreater},
     {"greater_than_equal", trash::Op::kGreaterEqual},
     {"less_than", trash::Op::kLess},
     {"less_than_equal", trash::Op::kLessEqual},
     {"in", trash::Op::kIn},
     {"not_in", trash::Op::kNotIn},
     {"like", trash::Op::kLike},
     {"contains", trash::Op::kContains},
     {"exists", trash::Op::kExists}}};

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

// The parts of where[a][b][c]; a ] ends one only before [ or at the end.
std::vector<std::string> parts_of(const std::string& name) {
    std::vector<std::string> parts;
    for (std::size_t at = std::string_view("where").size(); at < name.size();) {
        auto end = name.find("][", at);
        if (end == std::string::npos) end = name.size() - 1;
        if (name[at] != '[' || name.back() != ']' || end <= at)
            bad("'" + name + "' must be written as where[column][operator]");
        parts.push_back(name.substr(at + 1, end - at - 1));
        at = end + 1;
    }
    return parts;
}

bool is_index(const std::string& text) {
    return !text.empty() && text.size() < 10 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_junction(const std::vector<std::string>& parts, std::size_t at) {
    return at + 1 < parts.size() && (parts[at] == "and" || parts[at] == "or") &&
           is_index(parts[at + 1]);
}

trash::Conditions& child(std::vector<trash::Conditions>& of, const std::string& index) {
    auto found = std::ranges::find(of, index, &trash::Conditions::index);
    if (found != of.end()) return *found;
    of.push_back({index, {}, {}, {}});
    return of.back();
}

trash::Op op_of(const std::string& name) {
    for (const auto& [text, op] : kOps)
        if (text == name) return op;
    std::string all;
    for (const auto& [text, op] : kOps) all += (all.empty() ? "" : ", ") + std::string(text);
    bad("the operator '" + name + "' is not known; there are " + all);
}

bool is_list(trash::Op op) {
    return op == trash::Op::kIn || op == trash::Op::kNotIn;
}

std::vector<std::string> values_of(trash::Op op, const std::string& text) {
    if (!is_list(op)) return {text};
    if (text.empty()) return {};
    return schema::split(text, ',');
}

void check(const trash::Term& term, const std::string& value) {
    const auto& column = *term.column;
    if (is_compared(term.op) && column.comparisons.empty())
        bad("values of column '" + column.name + "', of type " + column.value_type +
            ", cannot be compared; like, contains and exists work");
    if (term.op == trash::Op::kExists && value != "true" && value != "false")
        bad("'exists' of column '" + column.name + "' must be true or false");
}

class Parser {
  public:
    Parser(const schema::Table& table, std::size_t most) : table_(table), most_(most) {}

    void add(const std::string& name, const std::string& value) {
        const auto parts = parts_of(name);
        trash::Conditions* at = &result;
        std::size_t next = 0;
        for (; is_junction(parts, next); next += 2) {
            if (next / 2 == kDeepest) bad("'where' nests deeper than " + std::to_string(kDeepest));
            at = &child(parts[next] == "or" ? at->any : at->all, parts[next + 1]);
        }
        add_term(*at, {parts.begin() + static_cast<long>(next), parts.end()}, name, value);
    }

    trash::Conditions result;

  private:
    void add_term(trash::Conditions& into, const std::vector<std::string>& parts,
                  const std::string& name, const std::string& value) {
        if (parts.size() < 2) bad("'" + name + "' must be written as where[column][operator]");
        trash::Term term{trash::find_column(table_, parts[0]), op_of(parts[1]), {}};
        if (!term.column) bad("there is no column '" + parts[0] + "' to ask for in 'where'");
        check(term, value);
        const bool indexed = parts.size() == 3 && is_list(term.op) && is_index(parts[2]);
        if (parts.size() > 2 && !indexed) bad("'" + name + "' has parts behind the operator");
        term.values = indexed ? std::vector{value} : values_of(term.op, value);
        if (indexed && append(into, term)) return;
        if (++terms_ > most_) bad("'where' has more than " + std::to_string(most_) + " conditions");
        into.terms.push_back(std::move(term));
    }

    // [in][0] and [in][1] are one list.
    static bool append(trash::Conditions& into, const trash::Term& term) {
        for (auto& known : into.terms) {
            if (known.column != term.column || known.op != term.op) continue;
            known.values.insert(known.values.end(), term.values.begin(), term.values.end());
            return true;
        }
        return false;
    }

    const schema::Table& table_;
    std::size_t most_, terms_ = 0;
};

}  // namespace

trash::Conditions parse_where(const Query& query, const schema::Table& table, std::size_t most) {
    Parser parser(table, most);
    for (const auto& [name, value] : query.all())
        if (name.starts_with(kWhere)) parser.add(name, value);
    return parser.result;
}

}  // namespace trashd::service
