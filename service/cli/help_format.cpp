#include "service/cli/help_format.hpp"

#include <CLI/CLI.hpp>
#include <string>

#include "service/cli/text_table.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kWidth = 80, kText = 26;  // where what is said of an option begins

std::string paragraph(const std::string& text) {
    std::string out;
    for (const auto& line : wrapped(text, kWidth)) out += line + "\n";
    return out;
}

// A name that is too long has a line of its own.
std::string entry(const std::string& name, const std::string& text) {
    std::string out = "  " + name;
    if (text_width(out) + 2 > kText) out += "\n";
    auto used = out.ends_with('\n') ? 0 : text_width(out);
    for (const auto& line : wrapped(text, kWidth - kText)) {
        out += std::string(kText - used, ' ') + line + "\n";
        used = 0;
    }
    return out.ends_with('\n') ? out : out + "\n";
}

// "; not with --swap, --leave-out"
std::string excluded(const CLI::Option& option) {
    std::string names;
    for (const auto* other : option.get_excludes())
        names += (names.empty() ? "; not with " : ", ") + other->get_name();
    return names;
}

// FILE, or {error,warning,note}: the values that are checked say more than their type.
std::string type_of(const CLI::Option& option) {
    const auto type = option.get_type_name();
    const auto values = type.find(":{");
    return values == type.npos ? type : type.substr(values + 1);
}

class HelpFormat : public CLI::Formatter {
  public:
    std::string make_option(const CLI::Option* option, bool by_place) const override {
        auto name = make_option_name(option, by_place);
        if (!by_place && option->get_items_expected_max() > 0) name += " " + type_of(*option);
        const bool needed = !by_place && option->get_required();
        return entry(name,
                     option->get_description() + (needed ? "; required" : "") + excluded(*option));
    }
    std::string make_subcommand(const CLI::App* command) const override {
        return entry(command->get_name(), command->get_description());
    }
    std::string make_description(const CLI::App* command) const override {
        return paragraph(command->get_description());
    }
    std::string make_footer(const CLI::App* command) const override {
        return paragraph(command->get_footer());
    }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_format() {
    return std::make_shared<HelpFormat>();
}

}  // namespace trashd::service
