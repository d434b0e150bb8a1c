// The web panel: files that were built before and are the same for whoever asks, and what it must
// know before anybody has signed in. All of it can be read without credentials, for whoever has
// none yet needs the page to send them from; what the panel shows comes from the API.
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "generated/kPanelEnglish.hpp"
#include "generated/kPanelGerman.hpp"
#include "generated/kPanelLicences.hpp"
#include "generated/kPanelMore.hpp"
#include "generated/kPanelPage.hpp"
#include "generated/kPanelScript.hpp"
#include "generated/kPanelStyle.hpp"
#include "schema/error.hpp"
#include "service/api/content_negotiation.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/http/request_head.hpp"
#include "service/pages/pages.hpp"

namespace trashd::service {

namespace {

// As it is sent: each coding of a file is a thing of its own, with a tag of its own.
struct Form {
    std::string bytes, etag;
};

struct File {
    std::string name, type;
    Form plain, packed;
};

std::string digest_of(const std::string& bytes) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
    std::string text;
    for (const auto byte : hash) text += fmt::format("{:02x}", byte);
    return text;
}

Form form_of(std::string bytes) {
    auto etag = '"' + digest_of(bytes) + '"';
    return {std::move(bytes), std::move(etag)};
}

template <std::size_t size>
File file_of(const char* name, const char* type, const char (&bytes)[size]) {
    const std::string text(bytes, size - 1);
    return {name, std::string(type) + "; charset=utf-8", form_of(text), form_of(gzip(text))};
}

// The empty name is that of the page. Compressed once, when the first of them is asked for.
const std::array<File, 7>& files() {
    static const std::array<File, 7> all = {file_of("", "text/html", kPanelPage),
                                            file_of("app.js", "text/javascript", kPanelScript),
                                            file_of("more.js", "text/javascript", kPanelMore),
                                            file_of("app.css", "text/css", kPanelStyle),
                                            file_of("en.js", "text/javascript", kPanelEnglish),
                                            file_of("de.js", "text/javascript", kPanelGerman),
                                            file_of("licences.txt", "text/plain", kPanelLicences)};
    return all;
}

// The page's first script stands in the page itself, and is known to the browser by its digest.
std::string first_script() {
    constexpr std::string_view kPage(kPanelPage, sizeof(kPanelPage) - 1), kOpen = "<script>";
    const auto from = kPage.find(kOpen) + kOpen.size();
    const auto script = kPage.substr(from, kPage.find("</script>", from) - from);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
    SHA256(reinterpret_cast<const unsigned char*>(script.data()), script.size(), hash.data());
    std::array<unsigned char, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> text;
    EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(hash.size()));
    return fmt::format("'sha256-{}'", reinterpret_cast<const char*>(text.data()));
}

// A page that runs nothing but its own script, asks nothing but its own service and where it signs
// in, and turns no text into markup; an upgrade is seen at the next load.
Response guarded(int status, const std::string& etag, const Config& config) {
    static const std::string script = first_script();
    std::string allowed = "'self'";
    for (const auto& origin : config.panel.origins) allowed += " " + origin;
    Response reply{status, "", "", {}};
    reply.headers = {{"Cache-Control", "no-cache"},
                     {"Content-Security-Policy",
                      fmt::format("default-src 'none'; script-src 'self' {}; style-src 'self'; "
                                  "img-src 'self' data:; connect-src {}; base-uri 'none'; "
                                  "form-action 'none'; frame-ancestors 'none'; "
                                  "require-trusted-types-for 'script'; trusted-types 'none'",
                                  script, allowed)},
                     {"Referrer-Policy", "no-referrer"},
                     {"Cross-Origin-Opener-Policy", "same-origin"}};
    if (!etag.empty()) reply.headers.emplace_back("ETag", etag);
    return reply;
}

std::string_view without_weakness(std::string_view etag) {
    return etag.starts_with("W/") ? etag.substr(2) : etag;
}

// A proxy that compresses by itself makes tags weak.
bool has_already(const Request& request, const std::string& etag) {
    for (const auto& value : request.headers("If-None-Match"))
        for (const auto& known : list_of(value))
            if (known == "*" || without_weakness(known) == without_weakness(etag)) return true;
    return false;
}

Response file_reply(const Request& request, const File& file, const Config& config) {
    const auto& form = takes_gzip(request) ? file.packed : file.plain;
    const bool known = has_already(request, form.etag);
    auto reply = guarded(known ? 304 : 200, form.etag, config);
    reply.headers.emplace_back("Vary", "Accept-Encoding");
    if (known) return reply;
    if (&form == &file.packed) reply.headers.emplace_back("Content-Encoding", "gzip");
    reply.body = form.bytes;
    reply.type = file.type;
    return reply;
}

const char* mode_of(const Credentials& credentials) {
    if (!credentials.configured()) return "none";
    return credentials.anonymous.empty() ? "required" : "optional";
}

std::string settings_json(const Config& config) {
    JsonWriter out;
    out.StartObject();
    out.key("version").text(TRASHD_VERSION);
    out.key("title").text(config.panel.title);
    out.key("signIn").StartObject();
    out.key("mode").text(mode_of(config.credentials));
    out.key("apiKey").Bool(config.credentials.api_keys);
    out.key("token").Bool(!config.credentials.jwt_keys.empty());
    if (config.panel.signs_in()) {
        out.key("openidConnect").StartObject();
        out.key("issuer").text(config.panel.issuer);
        out.key("clientId").text(config.panel.client_id);
        out.key("scope").text(config.panel.scope);
        out.EndObject();
    }
    out.EndObject();
    out.key("languages").StartArray();
    for (const char* language : {"en", "de"}) out.text(language);
    out.EndArray();
    out.EndObject();
    return out.take();
}

// Its tag is weak, because ?pretty=true changes the bytes.
Response settings_reply(const Request& request, const Config& config) {
    const auto json = settings_json(config);
    const auto etag = "W/\"" + digest_of(json) + '"';
    const bool known = has_already(request, etag);
    auto reply = guarded(known ? 304 : 200, etag, config);
    if (known) return reply;
    reply.body = json;
    reply.type = "application/json";
    return reply;
}

}  // namespace

// The address is relative, so that it holds under whatever prefix a proxy puts in front.
Response open_panel(const Request&, const Caller&, const Context& context) {
    auto reply = guarded(308, "", *context.config);
    reply.headers.emplace_back("Location", "panel/");
    return reply;
}

Response get_panel_file(const Request& request, const Caller&, const Context& context) {
    const auto& name = request.target.segments[1];
    if (name == "config.json") return settings_reply(request, *context.config);
    const auto file = std::ranges::find(files(), name, &File::name);
    if (file == files().end())
        throw Error(Code::kNotFound, "nothing is at this address; /v1/ lists what there is");
    return file_reply(request, *file, *context.config);
}

}  // namespace trashd::service
