#include "service/api/content_negotiation.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "schema/error.hpp"
#include "schema/session/pool.hpp"
#include "service/api/request.hpp"
#include "service/api/response.hpp"
#include "service/http/request_head.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kWorthIt = 1024;
constexpr int kLevel = 5, kGzip = 15 + 16;

// "q=0.5" among the parameters behind an entry; 1 without one, 0 for what is none.
double weight_in(std::string_view parameters) {
    const auto lower = lower_case(parameters);
    const auto at = lower.find("q=");
    if (at == std::string::npos) return 1;
    const auto digits = lower.substr(at + 2, 5);
    if (digits.empty() || (digits[0] != '0' && digits[0] != '1')) return 0;
    return std::clamp(std::strtod(digits.c_str(), nullptr), 0.0, 1.0);
}

bool is_text(std::string_view type) {
    return type.starts_with("text/") || type.find("json") != type.npos ||
           type == "application/yaml";
}

class Packer {
  public:
    Packer() {
        if (deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    Packer(const Packer&) = delete;
    ~Packer() { deflateEnd(&stream_); }
    // Appends what is ready; after the last piece all of it.
    template <typename Into>
    void pack(std::string_view piece, bool last, Into& into) {
        std::array<char, 1 << 14> ready;
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        stream_.avail_in = static_cast<uInt>(piece.size());
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(ready.data());
            stream_.avail_out = static_cast<uInt>(ready.size());
            deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
            into.append(std::string_view(ready.data(), ready.size() - stream_.avail_out));
        } while (stream_.avail_out == 0);
    }

  private:
    z_stream stream_{};
};

// Piece by piece, as it was made. Nothing where the temporary folder cannot hold both.
std::shared_ptr<Spool> packed(const Spool& spool) try {
    Packer packer;
    auto into = std::make_shared<Spool>();
    std::array<char, 1 << 16> piece;
    for (std::size_t done = 0; done < spool.size();) {
        const auto got = spool.read(done, piece);
        if (got == 0) return nullptr;
        done += got;
        packer.pack({piece.data(), got}, done == spool.size(), *into);
    }
    return into;
} catch (const Error&) {
    return nullptr;
}

}  // namespace

double weight_of(const std::vector<std::string>& values, std::string_view name) {
    for (const auto& value : values)
        for (const auto& entry : list_of(value)) {
            const auto end = entry.find_first_of("; \t");
            if (lower_case(entry.substr(0, end)) == name)
                return end == std::string::npos ? 1 : weight_in(entry.substr(end));
        }
    return -1;
}

bool prefers_html(const Request& request) {
    const auto accepted = request.headers("Accept");
    const auto html = weight_of(accepted, "text/html");
    return html > 0 && html >= weight_of(accepted, "text/plain") &&
           html >= weight_of(accepted, "application/json");
}

bool takes_gzip(const Request& request) {
    const auto accepted = request.headers("Accept-Encoding");
    const auto weight = weight_of(accepted, "gzip");
    return weight > 0 || (weight < 0 && weight_of(accepted, "*") > 0);
}

std::string gzip(std::string_view text) {
    std::string packed;
    Packer().pack(text, true, packed);
    return packed;
}

// Not what If-Match compares byte by byte: a strong ETag names one form of the answer.
void compress(const Request& request, Response& reply) {
    if (!is_text(reply.type)) return;
    if ((reply.spool ? reply.spool->size() : reply.body.size()) <= kWorthIt) return;
    for (const auto& [name, value] : reply.headers)
        if (name == "ETag" && value.starts_with('"')) return;
    reply.headers.emplace_back("Vary", "Accept-Encoding");
    if (!takes_gzip(request)) return;
    if (reply.spool) {
        auto smaller = packed(*reply.spool);
        if (!smaller) return;
        reply.spool = std::move(smaller);
    } else {
        reply.body = gzip(reply.body);
    }
    reply.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace trashd::service
