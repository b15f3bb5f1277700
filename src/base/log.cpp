#include "falconer/log.hpp"

#include "log_outlet.hpp"

#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <memory>
#include <utility>

namespace falconer {
namespace {

/// The message as the inside of a JSON string: `%*` in the pattern.
class json_text final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out)
        override {
        constexpr char digits[] = "0123456789abcdef";
        const auto     add      = [&](std::string_view text) {
            out.append(text.data(), text.data() + text.size());
        };
        for (const char c : line.payload) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\') {
                const char escaped[] = {'\\', c};
                add({escaped, 2});
            } else if (byte < 0x20 || byte == 0x7F) {
                const char escaped[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
                add({escaped, 6});
            } else {
                out.push_back(c);
            }
        }
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<json_text>();
    }
};

/// The message for a terminal: whatever a stranger's text holds, it is one line and moves no
/// cursor. Controls, also those of U+0080 to U+009F, as \xNN: `%*` in the pattern.
class plain_text final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out)
        override {
        const std::string_view text(line.payload.data(), line.payload.size());
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto byte  = static_cast<unsigned char>(text[i]);
            const auto next  = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
            const bool above = byte == 0xC2 && next >= 0x80 && next < 0xA0;
            if (byte >= 0x20 && byte != 0x7F && !above) {
                out.push_back(text[i]);
                continue;
            }
            add_escaped(byte, out);
            if (above) add_escaped(static_cast<unsigned char>(text[++i]), out);
        }
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<plain_text>();
    }

private:
    static void add_escaped(unsigned char byte, spdlog::memory_buf_t& out) {
        constexpr char digits[]  = "0123456789abcdef";
        const char     escaped[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        out.append(escaped, escaped + sizeof escaped);
    }
};

std::unique_ptr<spdlog::formatter> formatter_for(log_options::shape form) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    if (form == log_options::shape::json) {
        formatter->add_flag<json_text>('*').set_pattern(
            R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","room":"%n","message":"%*"})"
        );
    } else {
        formatter->add_flag<plain_text>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %n: %*");
    }
    return formatter;
}

/// Standard error, without ever waiting for whoever reads it.
class stderr_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    std::uint64_t dropped() const noexcept { return outlet_.dropped(); }
    void          write_plainly(std::string_view line) { outlet_.write(line); }
    void          flush_for(std::chrono::milliseconds at_most) {
        outlet_.flush(at_most);
        say_what_was_dropped();
    }

protected:
    void sink_it_(const spdlog::details::log_msg& line) override {
        say_what_was_dropped();
        write(line);
    }
    void flush_() override { flush_for({}); }

private:
    void write(const spdlog::details::log_msg& line) {
        spdlog::memory_buf_t text;
        formatter_->format(line, text);
        outlet_.write({text.data(), text.size()});
    }
    void say_what_was_dropped() {
        const auto all = outlet_.dropped();
        if (all == told_ || !outlet_.flush()) return;
        const auto text = "lines were dropped because nobody read them in time lines=" +
                          std::to_string(all - std::exchange(told_, all));
        write({"log", spdlog::level::warn, text});
    }

    log_outlet    outlet_{STDERR_FILENO};
    std::uint64_t told_ = 0;
};

struct books {
    log_options                                                         opt;
    std::shared_ptr<stderr_sink>                                        sink;
    std::map<std::string, std::shared_ptr<spdlog::logger>, std::less<>> rooms;

    books() : sink(std::make_shared<stderr_sink>()) {
        sink->set_formatter(formatter_for(opt.form));
    }
};

books& all() {
    static books ours;
    return ours;
}

}  // namespace

void set_up_logging(const log_options& opt) {
    std::signal(SIGPIPE, SIG_IGN);
    all().opt = opt;
    all().sink->set_formatter(formatter_for(opt.form));
    for (auto& [name, logger] : all().rooms) logger->set_level(opt.level);
}

void say_on_stderr(std::string line) {
    all().sink->write_plainly(line += '\n');
}

void flush_log(std::chrono::milliseconds at_most) {
    all().sink->flush_for(at_most);
}

std::uint64_t log_lines_dropped() noexcept {
    return all().sink->dropped();
}

spdlog::logger& log_of(std::string_view room) {
    auto& rooms = all().rooms;
    auto  found = rooms.find(room);
    if (found == rooms.end()) {
        auto logger = std::make_shared<spdlog::logger>(std::string(room), all().sink);
        logger->set_level(all().opt.level);
        logger->flush_on(spdlog::level::warn);
        found = rooms.emplace(std::string(room), std::move(logger)).first;
    }
    return *found->second;
}

std::optional<std::uint64_t> log_gate::open(steady_time now) noexcept {
    if (now < next_) {
        ++held_;
        return std::nullopt;
    }
    next_ = now + every_;
    return std::exchange(held_, 0);
}

}  // namespace falconer
