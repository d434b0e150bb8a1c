// Runs a program and waits for it: no shell, no inherited descriptors, as another user when root.
#pragma once

#include <string>
#include <vector>

namespace trashd::schema {

struct Outcome {
    int status = 0;      // exit status; 127: could not be started, 128 and more: killed
    std::string output;  // standard output and standard error together
};

// args[0] is the program's path. user: who runs it, used only as root; empty: this user.
// Throws Error kUnavailable when there is no such user or no process can be made.
Outcome run_program(const std::vector<std::string>& args, const std::string& user = "");

// Of the user that this process runs as. Throws Error kUnavailable when the system knows none.
std::string user_name();

// Gives the file to the user; does nothing when this process is not root.
void give_to(const std::string& path, const std::string& user);

}  // namespace trashd::schema
