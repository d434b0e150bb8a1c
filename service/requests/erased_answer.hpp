// Answers that were kept, without what was erased of the objects that they are about.
#pragma once

#include <optional>
#include <string>

#include "trash/model/erasure.hpp"

namespace trashd::service {

struct Config;
class Resources;

// The columns that the configuration calls personal.
trash::PersonalColumns personal_columns(const Config& config);

// text: JSON as an answer or an operation was kept. In all that it says of the objects personal
// values become null, and displayName the id. Nothing: it says nothing of them, or is no JSON.
std::optional<std::string> erased_answer(const std::string& text,
                                         const trash::ErasedObjects& objects,
                                         const trash::PersonalColumns& personal,
                                         const Resources& resources);

}  // namespace trashd::service
