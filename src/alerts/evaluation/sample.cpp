#include "sample.hpp"

#include "labels.hpp"

namespace falconer::alerts {
namespace {

constexpr std::size_t largest = 4096, longest_output = 1024;  // bytes

void put(value& into, std::string_view key, const std::optional<std::string>& text) {
    if (text) into[key] = *text;
}

std::optional<std::string> maybe(const value& is, std::string_view key) {
    const auto* found = is.find(key);
    if (found == nullptr || found->text() == nullptr) return std::nullopt;
    return *found->text();
}

std::int64_t number(const value& is, std::string_view key) {
    const auto* found = is.find(key);
    return found == nullptr ? 0 : found->integer().value_or(0);
}

}  // namespace

found_event sample_of(const found_event& event) {
    auto sample = event;
    sample.extra.clear();
    if (sample.output) sample.output = cut(*sample.output, longest_output);
    if (sample.output_fields.size() + sample.tags.size() > largest) {
        sample.output_fields = "{}";
        sample.tags.clear();
    }
    return sample;
}

value value_of_sample(const found_event& sample) {
    value is       = value::map();
    is["at"]       = sample.at.text();
    is["seconds"]  = sample.time.seconds;
    is["nanos"]    = static_cast<std::int64_t>(sample.time.nanos);
    is["priority"] = static_cast<int>(sample.level);
    is["flags"]    = static_cast<int>(sample.flags);
    is["cluster"]  = sample.cluster.identity;
    is["rule"]     = sample.rule;
    is["tags"]     = sample.tags;
    is["fields"]   = sample.output_fields;
    put(is, "landscape", sample.cluster.landscape);
    put(is, "project", sample.cluster.project);
    put(is, "shoot", sample.cluster.name);
    put(is, "source", sample.source);
    put(is, "host", sample.hostname);
    put(is, "output", sample.output);
    return is;
}

found_event sample_in(const value& is) {
    found_event sample;
    sample.at    = event_position::parse(is.text_at({"at"})).value_or(event_position{});
    sample.time  = {number(is, "seconds"), static_cast<std::uint32_t>(number(is, "nanos"))};
    sample.level = static_cast<priority>(number(is, "priority") & 7);
    sample.flags = static_cast<std::uint16_t>(number(is, "flags"));
    sample.cluster.identity  = is.text_at({"cluster"});
    sample.cluster.landscape = maybe(is, "landscape");
    sample.cluster.project   = maybe(is, "project");
    sample.cluster.name      = maybe(is, "shoot");
    sample.rule              = is.text_at({"rule"});
    sample.source            = maybe(is, "source");
    sample.hostname          = maybe(is, "host");
    sample.tags              = is.text_at({"tags"});
    sample.output_fields     = is.text_at({"fields"});
    sample.output            = maybe(is, "output");
    return sample;
}

}  // namespace falconer::alerts
