#include "service/api/json_indent.hpp"

#include <algorithm>
#include <array>

#include "schema/session/pool.hpp"
#include "service/api/request.hpp"
#include "service/api/response.hpp"
#include "service/http/request_head.hpp"
#include "service/http/utf8_mender.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kStep = 2;
constexpr std::size_t kDeepest = 32;  // levels; below no answer grows by its depth

bool is_json(const Response& reply) {
    return reply.type == "application/json" || reply.type == "application/problem+json";
}

// application/json; indent=2
bool asks_for_indent(std::string_view entry) {
    for (auto end = entry.find(';'); end != entry.npos; end = entry.find(';')) {
        entry.remove_prefix(end + 1);
        const auto parameter = list_of(lower_case(entry.substr(0, entry.find(';'))));
        if (parameter.empty()) continue;
        const auto name = parameter[0].substr(0, parameter[0].find_first_of(" ="));
        if (name == "indent") return !parameter[0].ends_with("=0");
    }
    return false;
}

std::shared_ptr<Spool> indented(const Spool& spool) {
    auto into = std::make_shared<Spool>();
    Indenter indenter;
    std::array<char, 1 << 16> piece;
    for (std::size_t done = 0; done < spool.size();) {
        const auto got = spool.read(done, piece);
        if (got == 0) throw Error(Code::kUnavailable, "the answer cannot be read; try again");
        done += got;
        into->append(indenter.take({piece.data(), got}));
    }
    return into;
}

}  // namespace

std::string Indenter::take(std::string_view piece) {
    std::string out;
    for (const char c : piece) take(c, out);
    return out;
}

void Indenter::begin_line(std::string& out) const {
    out += '\n';
    out.append(kStep * std::min(depth_, kDeepest), ' ');
}

void Indenter::take(char c, std::string& out) {
    if (in_string_) {
        in_string_ = escaped_ || c != '"';
        escaped_ = !escaped_ && c == '\\';
        out += c;
        return;
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') return;
    const bool closes = c == ']' || c == '}';
    if (closes) --depth_;
    if (opened_ != closes) begin_line(out);
    opened_ = c == '[' || c == '{';
    if (opened_) ++depth_;
    in_string_ = c == '"';
    out += c;
    if (c == ':') out += ' ';
    if (c == ',') begin_line(out);
}

bool wants_indent(const Request& request) {
    if (request.target.query.text("pretty")) return request.target.query.flag("pretty");
    for (const auto& value : request.headers("Accept"))
        for (const auto& entry : list_of(value))
            if (asks_for_indent(entry)) return true;
    return false;
}

void lay_out(const Request& request, Response& reply) {
    if (!is_json(reply) || (!reply.spool && reply.body.empty())) return;
    if (reply.spool)
        reply.spool = legible(reply.spool);
    else
        reply.body = legible(std::move(reply.body));
    if (request.indent && reply.spool) reply.spool = indented(*reply.spool);
    if (request.indent && !reply.spool) reply.body = Indenter().take(reply.body);
    if (reply.spool)
        reply.spool->append("\n");
    else
        reply.body += '\n';
}

}  // namespace trashd::service
