// What a misspelt word was most likely meant to be.
#pragma once

#include <string>
#include <vector>

namespace trashd::service {

// "; did you mean serve?" for the known word that is nearest by letters, of paths also by the last
// segment; empty where none is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace trashd::service
