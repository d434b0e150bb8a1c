// What the commands on the trash do with the answers of the service: read them, print them, make
// exit statuses of them.
#pragma once

#include <rapidjson/document.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace trashd::service {

struct CliOptions;
struct LocalAnswer;
class LocalService;

// Numbers stay the text that they are.
rapidjson::Document parsed(const std::string& body);
// As it stands in a table: text without quotes, null as nothing, the rest as JSON.
std::string text_of(const rapidjson::Value& value);
// The same of a member; empty where there is none.
std::string text_of(const rapidjson::Value& object, const char* member);
std::vector<std::string> cells(const rapidjson::Value& object,
                               std::initializer_list<const char*> members);
// "1 group", "2 groups"
std::string counted(const std::string& number, const std::string& noun);

int status_of_http(int status);
// Prints the answer where it is an error or JSON is wanted; true when nothing is left to print.
bool printed(const LocalAnswer& answer, const CliOptions& options);
// Of an answer that tells how it is undone; empty: it is not. undo_command.cpp
std::string entry_to_undo(const rapidjson::Value& answer);
// What refused a delete.
void print_blockers(const rapidjson::Value& blockers);
// A parameter that is there when it is true.
std::optional<std::string> flag(bool set);

// The ids of the TrashItems that the words mean: ids, or a resource and ids of its objects, which
// mean the newest item of each. Throws Error kNotFound.
std::vector<std::string> items_of(LocalService& service, const std::vector<std::string>& words);
// What the ids of all items of one group begin with.
std::string group_of(const std::string& item);
// Answers in JSON: one by itself, several as an array.
void print_json(const std::vector<LocalAnswer>& answers);

}  // namespace trashd::service
