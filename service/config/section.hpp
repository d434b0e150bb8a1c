// Reading a TOML table key by key: what is taken, and what is wrong with it.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "service/config/did_you_mean.hpp"

namespace trashd::service {

// Takes keys out of a TOML table, notes every fault, and at last every key that nobody took.
class Section {
  public:
    Section(const toml::table& table, std::string prefix, std::vector<std::string>& faults)
        : table_(table), prefix_(std::move(prefix)), faults_(faults) {}

    void take(const char* key, std::string& into) { typed<std::string>(key, into, "a string"); }
    void take(const char* key, bool& into) { typed<bool>(key, into, "true or false"); }

    template <class Number>
    void take(const char* key, Number& into, long long least, long long most) {
        long long number = static_cast<long long>(into);
        typed<int64_t>(key, number, "a whole number");
        if (number < least || number > most)
            fault(key, fmt::format("must be from {} to {}", least, most));
        else
            into = static_cast<Number>(number);
    }

    void take(const char* key, std::vector<std::string>& into) {
        const auto* node = find(key);
        if (!node) return;
        const auto* array = node->as_array();
        if (!array || array->empty() || !array->is_homogeneous<std::string>())
            return fault(key, "must be a list of strings, at least one");
        into.clear();
        for (const auto& entry : *array) into.push_back(*entry.value<std::string>());
    }

    const toml::node* find(const char* key) {
        known_.insert(key);
        return table_.get(key);
    }

    void fault(const std::string& key, const std::string& what) {
        faults_.push_back(prefix_ + key + ": " + what);
    }

    void refuse_unknown() {
        for (const auto& [key, value] : table_)
            if (!known_.contains(std::string(key.str())))
                fault(std::string(key.str()),
                      "unknown key" +
                          did_you_mean(std::string(key.str()), {known_.begin(), known_.end()}));
    }

  private:
    template <class Type, class Into>
    void typed(const char* key, Into& into, const char* what) {
        const auto* node = find(key);
        if (!node) return;
        if (auto value = node->value_exact<Type>())
            into = *value;
        else
            fault(key, std::string("must be ") + what);
    }

    const toml::table& table_;
    std::string prefix_;
    std::vector<std::string>& faults_;
    std::set<std::string> known_;
};

// The table under the key, where there is one: take() takes what it knows.
template <class Take>
void take_table(Section& section, const char* key, std::vector<std::string>& faults, Take take) {
    const auto* node = section.find(key);
    if (!node) return;
    if (!node->as_table()) return section.fault(key, "must be a table");
    Section inner(*node->as_table(), std::string(key) + ".", faults);
    take(inner);
    inner.refuse_unknown();
}

}  // namespace trashd::service
