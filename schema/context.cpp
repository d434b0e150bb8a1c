#include "schema/context.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/sqlstate.hpp"

namespace trashd::schema {
namespace {

// The server translates what stands around the names, but not these words.
constexpr std::string_view kPlpgsql = "PL/pgSQL";
constexpr std::string_view kRaise = "RAISE", kAssert = "ASSERT";

// Classes that PostgreSQL's own errors have; with others an application speaks.
constexpr std::array<std::string_view, 41> kClasses = {
    "00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "20", "21",
    "22", "23", "24", "25", "26", "27", "28", "2B", "2D", "2F", "34", "38", "39", "3B",
    "3D", "3F", "40", "42", "44", "53", "54", "55", "57", "58", "F0", "HV", "XX"};

bool in_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '.';
}

// Of a quoted part of a name that ends before `at` the place of its first quote.
std::size_t quote_before(std::string_view line, std::size_t at) {
    for (std::size_t i = at - 1; i-- > 0;) {
        if (line[i] != '"') continue;
        if (i == 0 || line[i - 1] != '"') return i;
        --i;
    }
    return at;
}

// The name that ends before `at`: shop.bill, "my schema".f.
std::string_view name_before(std::string_view line, std::size_t at) {
    std::size_t begin = at;
    while (begin > 0) {
        if (line[begin - 1] == '"') {
            const auto quote = quote_before(line, begin);
            if (quote == begin) break;
            begin = quote;
        } else if (in_name(line[begin - 1])) {
            --begin;
        } else {
            break;
        }
    }
    return line.substr(begin, at - begin);
}

// "PL/pgSQL function note_bill() line 1 at RAISE", in whatever language.
std::optional<Frame> plpgsql_frame(std::string_view line) {
    if (line.find(kPlpgsql) == line.npos) return std::nullopt;
    const auto paren = line.find('(');
    if (paren == line.npos) return std::nullopt;
    const auto name = name_before(line, paren);
    if (name.empty()) return std::nullopt;
    return Frame{std::string(name), line.ends_with(kRaise) || line.ends_with(kAssert)};
}

// "SQL function "f" statement 1", "PL/Perl function "f"", "in PL/Tcl function "f"".
std::optional<Frame> other_frame(std::string_view line) {
    constexpr std::string_view kFunction = " function \"";
    const auto at = line.find(kFunction);
    const bool language =
        line.starts_with("SQL function") || line.starts_with("PL/") || line.starts_with("in PL/");
    if (at == line.npos || !language) return std::nullopt;
    const auto name = line.substr(at + kFunction.size());
    return Frame{quoted(std::string(name.substr(0, name.find('"')))), false};
}

// Function names of plans, of batches, restores and purges, should the trash schema be on the
// search path.
bool generated(std::string_view name) {
    constexpr std::size_t kDigits = 16;
    for (const std::string_view prefix :
         {"move_", "impact_", "owners_", "restore_", "purge_", "purges_", "batch_"}) {
        if (!name.starts_with(prefix) || name.size() != prefix.size() + kDigits) continue;
        return std::ranges::all_of(name.substr(prefix.size()),
                                   [](unsigned char c) { return std::isxdigit(c) != 0; });
    }
    return false;
}

bool lies_in(const Frame& frame, const std::string& schema) {
    return frame.function.starts_with(schema + ".") ||
           frame.function.starts_with(quoted(schema) + ".") || generated(frame.function);
}

}  // namespace

std::vector<Frame> frames_of(const SqlError& error) {
    std::vector<Frame> frames;
    std::string_view rest = error.context;
    for (bool first = true; !rest.empty(); first = false) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        auto frame = plpgsql_frame(line);
        if (!frame) frame = other_frame(line);
        if (!frame) continue;
        frame->by_author = frame->by_author && first;
        frames.push_back(std::move(*frame));
    }
    return frames;
}

std::vector<Frame> foreign_frames(const SqlError& error, const std::string& trash_schema) {
    auto frames = frames_of(error);
    const auto own = std::ranges::find_if(
        frames, [&](const Frame& frame) { return lies_in(frame, trash_schema); });
    frames.erase(own, frames.end());
    return frames;
}

bool is_unwritable(const Error& error) {
    return error.is(sqlstate::kUntranslatable) && frames_of(*error.sql()).empty();
}

bool written_for_users(const SqlError& error) {
    if (error.sqlstate == sqlstate::kRaiseException) return true;
    const auto frames = frames_of(error);
    if (!frames.empty() && frames.front().by_author) return true;
    const auto kind = std::string_view(error.sqlstate).substr(0, 2);
    return kind != sqlstate::kPlpgsqlErrors && kind != sqlstate::kOwn &&
           std::ranges::count(kClasses, kind) == 0;
}

}  // namespace trashd::schema
