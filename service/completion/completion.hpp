// Scripts with which shells complete a command line. They ask nothing of the program: commands,
// options and choices stand in them.
#pragma once

#include <string>

#include "service/completion/command_tree.hpp"

namespace trashd::service::completion {

// Each for the program that the root of the tree is named after.
std::string bash_script(const Command& root);
std::string zsh_script(const Command& root);
std::string fish_script(const Command& root);

}  // namespace trashd::service::completion
