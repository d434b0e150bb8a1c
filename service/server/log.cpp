#include "service/server/log.hpp"

#include <fmt/chrono.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "service/api/json.hpp"
#include "service/config/config.hpp"
#include "service/http/url.hpp"

namespace trashd::service {

namespace {

// An object for each message, on one line whatever the message holds.
class JsonLines : public spdlog::formatter {
  public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& into) override {
        const std::string_view level = spdlog::level::to_string_view(message.level).data();
        const std::string text(message.payload.data(), message.payload.size());
        JsonWriter out;
        out.StartObject();
        out.key("time").text(
            fmt::format("{:%FT%T}Z", std::chrono::floor<std::chrono::milliseconds>(message.time)));
        out.key("level").text(std::string(level));
        out.key("message").text(is_utf8(text) ? text : "(not UTF-8)");
        out.EndObject();
        const auto line = out.take() + "\n";
        into.append(line.data(), line.data() + line.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonLines>();
    }
};

}  // namespace

void begin_log() {
    auto log = spdlog::stderr_color_mt("trashd");
    log->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(log);
}

void use_log(const LogConfig& config) {
    spdlog::default_logger()->set_level(spdlog::level::from_str(config.level));
    if (config.json) spdlog::default_logger()->set_formatter(std::make_unique<JsonLines>());
}

}  // namespace trashd::service
