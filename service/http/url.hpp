// A request's address, taken apart by trashd itself (docs/decisions/library-writes-answers.md).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace trashd::service {

// Nothing but what Unicode calls white space or shows as nothing; the text is UTF-8.
bool is_blank(std::string_view text);

// Decoded once. Throws Error kBadRequest for a malformed %, NUL or what is not UTF-8.
std::string percent_decode(std::string_view raw);
// Everything but unreserved characters, and those in `but`, as %XX.
std::string percent_encode(std::string_view text, std::string_view but = "");
bool is_utf8(std::string_view text);

// The parameters of a query string; those that are asked for one value are given at most once.
class Query {
  public:
    Query() = default;
    explicit Query(std::string_view raw);
    // Throws Error kBadRequest where it is given more than once.
    std::optional<std::string> text(const std::string& name) const;
    std::vector<std::string> texts(const std::string& name) const;  // in the order given
    // true and false only; throws Error kBadRequest for anything else.
    bool flag(const std::string& name, bool absent = false) const;
    long long number(const std::string& name, long long absent, long long least,
                     long long most) const;
    const std::multimap<std::string, std::string>& all() const { return values_; }
    // Throws Error kBadRequest for a parameter that is not one of these: a mistyped dryRun must
    // not delete. One that ends in [ stands for all that begin so. method and pretty are known
    // everywhere. many: those that may be given more than once.
    void only(const std::set<std::string>& known, const std::set<std::string>& many = {}) const;
    // The query string again, with its question mark; empty for none.
    std::string encoded() const;
    // The same with one parameter replaced.
    std::string with(const std::string& name, const std::string& value) const;

  private:
    std::multimap<std::string, std::string> values_;  // of one name in the order given
};

struct Target {
    std::vector<std::string> raw;       // segments as sent
    std::vector<std::string> segments;  // decoded
    Query query;
};

// Throws Error kBadRequest.
Target parse_target(const std::string& target);

// An object's id as sent, split at commas and decoded; one part when columns is 1. Where there are
// not as many parts as columns the whole is decoded once more before.
std::vector<std::string> split_id(const std::string& raw, std::size_t columns);
// The id of the store (only % and , escaped when composite) as it stands in an address.
std::string encode_object_id(const std::string& object_id, std::size_t columns);

}  // namespace trashd::service
