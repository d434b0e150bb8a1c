#include "service/api/findings_json.hpp"

#include "service/api/json.hpp"

namespace trashd::service {

std::string findings_json(const std::vector<Finding>& findings) {
    JsonWriter out;
    out.StartArray();
    for (const auto& finding : findings) {
        out.StartObject();
        out.key("severity").text(std::string(severity_name(finding.severity)));
        out.key("kind").text(finding.kind);
        out.key("subject").text(finding.subject);
        out.key("detail").text(finding.detail);
        out.key("fix").text(finding.fix);
        out.EndObject();
    }
    out.EndArray();
    return out.take();
}

}  // namespace trashd::service
