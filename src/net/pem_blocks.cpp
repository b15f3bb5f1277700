#include "pem_blocks.hpp"

#include <algorithm>
#include <optional>

namespace falconer::net {
namespace {

constexpr std::string_view dashes = "-----";

/// "PUBLIC KEY" of "-----BEGIN PUBLIC KEY-----".
std::optional<std::string_view> label_of(std::string_view line, std::string_view mark) {
    if (!line.starts_with(dashes) || !line.ends_with(dashes)) return std::nullopt;
    if (line.size() < 2 * dashes.size()) return std::nullopt;
    line = line.substr(dashes.size(), line.size() - 2 * dashes.size());
    if (!line.starts_with(mark)) return std::nullopt;
    line.remove_prefix(mark.size());
    if (line.find(dashes) != std::string_view::npos) return std::nullopt;  // all in one line
    return line;
}

std::string_view without_end(std::string_view line) {
    const auto last = line.find_last_not_of(" \t\r");
    return last == std::string_view::npos ? std::string_view{} : line.substr(0, last + 1);
}

/// Calls `see(line, its number, where the next one begins)`.
template <class See>
void each_line(std::string_view text, See&& see) {
    int number = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto end  = std::min(text.find('\n', at), text.size());
        const auto next = std::min(end + 1, text.size());
        see(text.substr(at, end - at), ++number, next);
        at = next;
    }
}

}  // namespace

bool looks_like_pem(std::string_view text) noexcept {
    bool found = false;
    each_line(text, [&](std::string_view line, int, std::size_t) {
        found = found || line.starts_with(dashes);
    });
    return found;
}

pem_blocks split_pem(std::string_view text) {
    pem_blocks  all;
    bool        inside = false;
    std::size_t begin  = 0;  // of the block we are in
    each_line(text, [&](std::string_view raw, int number, std::size_t next) {
        const auto here = static_cast<std::size_t>(raw.data() - text.data());
        const auto line = without_end(raw);
        if (const auto label = label_of(line, "BEGIN ")) {
            all.blocks.push_back({.label = *label, .text = text.substr(here), .line = number});
            inside = true;
            begin  = here;
        } else if (const auto ends = label_of(line, "END "); ends && inside) {
            auto& block = all.blocks.back();
            block.text  = text.substr(begin, next - begin);
            block.whole = *ends == block.label;
            inside      = false;
        } else if (line.starts_with(dashes)) {
            all.broken_marks.push_back(number);
        } else if (!inside && !line.empty() && !line.starts_with('#')) {
            all.other_lines.push_back(number);
        }
    });
    return all;
}

}  // namespace falconer::net
