// The commands of a CLI11 application as plain values: what completion of shells is made from.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace trashd::service::completion {

enum class Values { kNone, kText, kChoices, kFile, kDirectory };

// An option, or an argument that is told by its place.
struct Argument {
    std::vector<std::string> names;  // "-h", "--help"; none: told by its place
    std::string label;               // what its value is called: FILE, RESOURCE
    std::string description;
    Values values = Values::kText;      // kNone: a flag
    std::vector<std::string> choices;   // of kChoices
    std::vector<std::string> excludes;  // names of options that do not go with it
    bool repeated = false;
};

struct Command {
    std::string path;  // "trashd trash list"
    std::string description;
    std::vector<Argument> options, arguments;
    std::vector<Command> commands;

    // The last word of the path.
    std::string name() const { return path.substr(path.rfind(' ') + 1); }
};

// Hidden options are left out. A value is a file or a directory where its type is called FILE or
// DIR, and a choice where IsMember checks it.
Command command_tree(const CLI::App& app);
// The command, and all below it, each before those that it has.
void for_each_command(const Command& command, const std::function<void(const Command&)>& visit);

}  // namespace trashd::service::completion
