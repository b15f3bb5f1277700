#include "words.hpp"

#include "falconer/event.hpp"
#include "falconer/utf8.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace falconer::alerts {
namespace {

constexpr std::size_t longest_fact  = 512;  // bytes of a value
constexpr std::size_t longest_title = 256;

/// How many bytes a character has that begins with `first`; 0: none begins so. Source: RFC 3629 §3.
std::size_t length_of(unsigned char first) {
    if (first < 0x80) return 1;
    if (first < 0xC2) return 0;
    if (first < 0xE0) return 2;
    if (first < 0xF0) return 3;
    return first < 0xF5 ? 4 : 0;
}

/// Source: Unicode's bidirectional algorithm (UAX #9) §2: ALM, LRM, RLM, embeddings, overrides and
/// isolates; and the separators of lines and paragraphs.
bool turns_writing(std::string_view character) {
    if (character == "\u061C" || character == "\u200E" || character == "\u200F") return true;
    return (character >= "\u202A" && character <= "\u202E") ||
           (character >= "\u2066" && character <= "\u2069");
}
bool ends_a_line(std::string_view character) {
    return character == "\u0085" || character == "\u2028" || character == "\u2029";
}
/// C0, DEL and C1.
bool is_control(std::string_view character) {
    if (character.size() == 1) return character[0] < 0x20 || character[0] == 0x7F;
    return character.size() == 2 && character >= "\u0080" && character < "\u00A0";
}

}  // namespace

std::string one_line(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto size = length_of(static_cast<unsigned char>(text.front()));
        const auto next = text.substr(0, std::max<std::size_t>(size, 1));
        if (size == 0 || next.size() < size || !is_utf8(next)) {
            out += "\uFFFD";
            text.remove_prefix(1);
            continue;
        }
        text.remove_prefix(size);
        if (turns_writing(next)) continue;
        if (is_control(next) || ends_a_line(next))
            out += ' ';
        else
            out += next;
    }
    return out;
}

std::string shortened(std::string text, std::size_t bytes) {
    static constexpr std::string_view dots = "…";
    if (text.size() <= bytes) return text;
    if (bytes < dots.size()) return {};
    auto end = bytes - dots.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    text += dots;
    return text;
}

bool is_link(std::string_view text) {
    if (text.size() > 2048 || !(text.starts_with("https://") || text.starts_with("http://")))
        return false;
    return std::ranges::all_of(text, [](char c) {
        return c > ' ' && c < 0x7F &&
               std::string_view("<>\"|\\^`{}()[]").find(c) == std::string::npos;
    });
}

std::vector<fact> facts_of(const told_alert& alert) {
    std::vector<fact> all;
    const auto        add = [&](std::string name, std::string_view value) {
        if (!value.empty())
            all.push_back({std::move(name), shortened(one_line(value), longest_fact)});
    };
    for (const auto& [name, value] : alert.labels) add(shortened(one_line(name), 64), value);
    add("started", time_text(alert.started));
    if (alert.ended) add("ended", time_text(*alert.ended));
    if (alert.count > 0) add("events", std::to_string(alert.count));
    if (alert.events.empty()) return all;
    const auto& latest = alert.events.front();
    add("latest event", text_of(latest.time) + (latest.late ? " (received late)" : ""));
    add("priority", name_of(latest.level));
    if (!alert.labels.contains("cluster")) add("cluster", latest.cluster.identity);
    add("Falco rule", latest.rule);
    add("output", latest.output);
    return all;
}

std::string_view state_of(const told_alert& alert) {
    return alert.ended ? "resolved" : "firing";
}

std::string headline(const notification& what, std::string_view own) {
    const auto  title = one_line(own.empty() ? std::string_view(what.title) : own);
    const auto* begin = what.test       ? "Test: "
                        : what.resolved ? "Resolved: "
                        : what.repeated ? "Still: "
                                        : "";
    return shortened(begin + title, longest_title);
}

std::string and_more(const notification& what, std::size_t shown) {
    const auto all = what.alerts.size() + what.left_out;
    if (shown >= all) return {};
    return "and " + std::to_string(all - shown) + " more";
}

std::string fitting(
    const notification& what, std::size_t most, std::size_t bytes,
    const std::function<std::string(std::size_t alerts)>& body
) {
    auto count = std::min(most, what.alerts.size());
    for (;;) {
        auto text = body(count);
        if (text.size() <= bytes || count == 0) return text;
        count /= 2;
    }
}

std::string time_text(utc_time t) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(t)));
}

}  // namespace falconer::alerts
