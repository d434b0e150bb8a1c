// Holds as answers tell them.
#pragma once

#include <vector>

namespace trashd::trash {
struct Hold;
}

namespace trashd::service {

class JsonWriter;
class Resources;

void write_hold(JsonWriter& out, const trash::Hold& hold, const Resources& resources);
void write_holds(JsonWriter& out, const std::vector<trash::Hold>& holds,
                 const Resources& resources);

}  // namespace trashd::service
