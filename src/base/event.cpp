#include "falconer/event.hpp"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cassert>
#include <chrono>

namespace falconer {
namespace {

constexpr std::string_view names[] = {"Emergency", "Alert",  "Critical",      "Error",
                                      "Warning",   "Notice", "Informational", "Debug"};

bool same_ascii(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
}

rapidjson::SizeType size_32(std::string_view text) {
    return static_cast<rapidjson::SizeType>(text.size());
}

}  // namespace

std::string_view name_of(priority p) noexcept {
    return names[static_cast<std::size_t>(p)];
}

std::optional<priority> priority_of(std::string_view name) noexcept {
    for (std::size_t i = 0; i < std::size(names); ++i)
        if (same_ascii(name, names[i])) return static_cast<priority>(i);
    if (same_ascii(name, "Info")) return priority::informational;
    return std::nullopt;
}

event_time event_time_of(utc_time t) noexcept {
    using namespace std::chrono;
    const auto whole = floor<seconds>(t);
    return {
        whole.time_since_epoch().count(),
        static_cast<std::uint32_t>(duration_cast<nanoseconds>(t - whole).count())
    };
}

void event_texts::put(part which, std::string_view value) {
    assert(text_.size() + value.size() < absent);
    slices_[index(which)] = {
        static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(value.size())
    };
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

std::string text_of(event_time t) {
    using namespace std::chrono;
    const sys_seconds    when{seconds(t.seconds)};
    const auto           day = floor<days>(when);
    const year_month_day date{day};
    const hh_mm_ss       clock{when - day};
    auto                 text = fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        clock.hours().count(), clock.minutes().count(), clock.seconds().count()
    );
    if (t.nanos != 0) {
        auto fraction = fmt::format(".{:09}", t.nanos);
        fraction.erase(fraction.find_last_not_of('0') + 1);
        text += fraction;
    }
    return text += 'Z';
}

std::string json_of(const falco_event& event) {
    using part = event_texts::part;
    rapidjson::StringBuffer out;
    rapidjson::Writer       json(out);

    const auto key        = [&](std::string_view k) { json.Key(k.data(), size_32(k)); };
    const auto text       = [&](std::string_view t) { json.String(t.data(), size_32(t)); };
    const auto if_present = [&](std::string_view name, part which) {
        const auto value = event.texts.get(which);
        if (!value) return;
        key(name);
        text(*value);
    };
    const auto as_it_came = [&](std::string_view name, part which, rapidjson::Type type) {
        const auto value = event.texts.get(which);
        if (!value) return;
        key(name);
        json.RawValue(value->data(), value->size(), type);
    };

    json.StartObject();
    key("uuid");
    text(event.id.text());
    if_present("output", part::output);
    key("priority");
    text(name_of(event.level));
    if_present("rule", part::rule);
    key("time");
    text(text_of(event.time));
    as_it_came("output_fields", part::output_fields, rapidjson::kObjectType);
    if_present("source", part::source);
    as_it_came("tags", part::tags, rapidjson::kArrayType);
    if_present("hostname", part::hostname);
    json.EndObject();

    std::string body(out.GetString(), out.GetSize());
    // `extra` is an object of its own: its members join ours.
    const auto extra = event.texts.get_or_empty(part::extra);
    if (extra.size() > 2) {
        body.back() = ',';
        body.append(extra.substr(1));
    }
    return body;
}

std::string body_of(const falco_event& event) {
    if (const auto raw = event.texts.get(event_texts::part::raw)) return std::string(*raw);
    return json_of(event);
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
