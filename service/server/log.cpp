#include "service/server/log.hpp"

#include <fmt/chrono.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>

#include "schema/error.hpp"
#include "service/api/json.hpp"
#include "service/config/config.hpp"
#include "service/http/url.hpp"

namespace trashd::service {

namespace {

// Where messages go may change while others write them, which the logger itself does not take.
struct Log {
    std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks =
        std::make_shared<spdlog::sinks::dist_sink_mt>();
    LogConfig config;
};

Log& log_in_force() {
    static Log log;
    return log;
}

// Without line ends and other control characters, as C writes them.
std::string visible(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n')
            out += "\\n";
        else if (c == '\t')
            out += "\\t";
        else if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += c;
    }
    return out;
}

class TextLines : public spdlog::formatter {
  public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& into) override {
        const auto text = visible({message.payload.data(), message.payload.size()});
        auto shown = message;
        shown.payload = text;
        pattern_.format(shown, into);
        message.color_range_start = shown.color_range_start;
        message.color_range_end = shown.color_range_end;
    }
    std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<TextLines>();
    }

  private:
    spdlog::pattern_formatter pattern_;
};

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

std::unique_ptr<spdlog::formatter> lines_of(const LogConfig& config) {
    if (config.json) return std::make_unique<JsonLines>();
    return std::make_unique<TextLines>();
}

spdlog::sink_ptr opened(const LogConfig& config) {
    spdlog::sink_ptr sink;
    try {
        if (config.file.empty())
            sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
        else
            sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.file);
    } catch (const spdlog::spdlog_ex&) {
        throw Error(Code::kUnavailable, "log.file: " + config.file + " cannot be written");
    }
    sink->set_formatter(lines_of(config));
    return sink;
}

}  // namespace

void begin_log() {
    auto& log = log_in_force();
    log.sinks->set_sinks({opened(log.config)});
    auto logger = std::make_shared<spdlog::logger>("trashd", log.sinks);
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(logger);
}

void use_log(const LogConfig& config) {
    auto& log = log_in_force();
    log.sinks->set_sinks({opened(config)});
    log.config = config;
    spdlog::default_logger()->set_level(spdlog::level::from_str(config.level));
}

void reopen_log() {
    auto& log = log_in_force();
    if (log.config.file.empty()) return;
    try {
        log.sinks->set_sinks({opened(log.config)});
        spdlog::info("the log was opened again");
    } catch (const Error& error) {
        spdlog::error("{}; it is written where it was", error.what());
    }
}

void log_end(const std::exception& error) {
    const auto* configuration = dynamic_cast<const ConfigError*>(&error);
    if (configuration == nullptr || log_in_force().config.json)
        return spdlog::critical("{}", in_log(error));
    std::istringstream lines(error.what());
    for (std::string line; std::getline(lines, line);) spdlog::critical("{}", line);
}

}  // namespace trashd::service
