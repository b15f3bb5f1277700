#include "falconer/event.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>

namespace falconer {
namespace {

constexpr std::string_view names[] = {"Emergency", "Alert",  "Critical",      "Error",
                                      "Warning",   "Notice", "Informational", "Debug"};

bool same_ascii(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::string_view name_of(priority p) noexcept { return names[static_cast<std::size_t>(p)]; }

std::optional<priority> priority_of(std::string_view name) noexcept {
    for (std::size_t i = 0; i < std::size(names); ++i)
        if (same_ascii(name, names[i])) return static_cast<priority>(i);
    if (same_ascii(name, "Info")) return priority::informational;
    return std::nullopt;
}

event_time event_time_of(utc_time t) noexcept {
    using namespace std::chrono;
    const auto whole = floor<seconds>(t);
    return {whole.time_since_epoch().count(),
            static_cast<std::uint32_t>(duration_cast<nanoseconds>(t - whole).count())};
}

void event_texts::put(part which, std::string_view value) {
    assert(text_.size() + value.size() < absent);
    slices_[index(which)] = {
        static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(value.size())};
    text_.append(value);
}

std::optional<std::string_view> event_texts::get(part which) const noexcept {
    const auto& at = slices_[index(which)];
    if (at.begin == absent) return std::nullopt;
    return std::string_view(text_).substr(at.begin, at.size);
}

std::string_view event_texts::get_or_empty(part which) const noexcept {
    return get(which).value_or(std::string_view{});
}

cluster_ref sender_of(const ingest_record& record) {
    return std::visit([](const auto& each) { return each.from; }, record);
}

std::size_t bytes_of(const ingest_record& record) noexcept {
    struct {
        std::size_t operator()(const falco_event& e) const { return e.texts.memory(); }
        std::size_t operator()(const quarantined_body& q) const {
            return q.about.size() + q.reason.size() + q.body.capacity();
        }
        std::size_t operator()(const event_tally& t) const { return t.rule.size(); }
    } texts;
    return sizeof record + std::visit(texts, record);
}

}  // namespace falconer
