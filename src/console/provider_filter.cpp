#include "provider_filter.hpp"

#include "event_view.hpp"
#include "falconer/rfc3339.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace falconer::console {
namespace {

/// What a program in Go writes for no time at all.
constexpr std::string_view no_time = "0001-01-01T00:00:00Z";

template <class Part>
filter::node_ptr made(Part part) {
    return std::make_shared<const filter::node>(filter::node{std::move(part)});
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t number    = 0;
    const auto [at, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc{} || at != text.data() + text.size()) return std::nullopt;
    return number;
}

bool read_time(const value& from, std::optional<utc_time>& into) {
    const auto* text = from.text();
    if (text == nullptr) return false;
    into.reset();
    if (*text == no_time) return true;
    const auto  read = parse_rfc3339(*text);
    const auto* time = std::get_if<event_time>(&read);
    if (time == nullptr) return false;
    constexpr std::int64_t most = 9'000'000'000;  // utc_time ends in 2262
    into                        = std::chrono::floor<std::chrono::microseconds>(
        utc_time{std::chrono::seconds{std::min(time->seconds, most)}} +
        std::chrono::nanoseconds{time->nanos}
    );
    return true;
}

bool read_number(const value& from, std::int64_t& into) {
    const auto* text = from.numeral_text();
    const auto  is   = text == nullptr ? std::nullopt : whole_number(*text);
    if (is) into = *is;
    return is.has_value();
}

bool read_texts(const value& from, std::vector<std::string>& into) {
    if (!from.is_list()) return false;
    into.clear();
    for (const auto& each : from.items()) {
        if (each.text() == nullptr || each.text()->find('\0') != std::string::npos) return false;
        into.push_back(*each.text());
    }
    return true;
}

/// Names are the same in any case there. What has another name is passed over.
bool read_member(
    provider_filter& into, const value::entry& member, std::optional<utc_time>& start
) {
    const auto name = filter::lowered(member.key);
    if (member.is.is_null()) return true;
    if (name == "start") return read_time(member.is, start);
    if (name == "end") return read_time(member.is, into.end);
    if (name == "offsettime") return read_time(member.is, into.offset_time);
    if (name == "limit") return read_number(member.is, into.limit);
    if (name == "offsetid") return read_number(member.is, into.offset_id);
    if (name == "hostnames") return read_texts(member.is, into.hostnames);
    if (name == "priorities") return read_texts(member.is, into.priorities);
    if (name == "rules") return read_texts(member.is, into.rules);
    if (name != "ids") return true;
    return read_texts(member.is, into.ids) && std::ranges::all_of(into.ids, [](const auto& each) {
               return whole_number(each).has_value();
           });
}

/// Any of them, as a field has it.
void ask_for(filter::all_of& all, filter::field_kind which, const std::vector<std::string>& names) {
    if (names.empty()) return;
    filter::any_of any;
    for (const auto& each : names)
        any.of.push_back(made(filter::text_test{
            {which, {}}, {filter::text_pattern::kind::equal, filter::lowered(each)}
        }));
    all.of.push_back(made(std::move(any)));
}

void ask_for_priorities(filter::all_of& all, const std::vector<std::string>& names) {
    if (names.empty()) return;
    filter::priority_test test;
    for (const auto& each : names)
        if (const auto level = priority_of(each))
            test.any |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(*level));
    all.of.push_back(made(test));
}

void write_texts(
    json_text_writer& json, std::string_view name, const std::vector<std::string>& all
) {
    if (all.empty()) return;
    json.key(name)->StartArray();
    for (const auto& each : all) json.text(each);
    json->EndArray();
}

}  // namespace

std::optional<provider_filter> provider_filter_of(std::string_view text, utc_time now) {
    provider_filter it{.start = std::chrono::floor<std::chrono::microseconds>(now)};
    if (text.empty()) return it;
    const auto read = parse_json(text);
    if (!read || (!read->is_map() && !read->is_null())) return std::nullopt;
    std::optional<utc_time> start = it.start;
    if (read->is_map())
        for (const auto& each : read->entries())
            if (!read_member(it, each, start)) return std::nullopt;
    it.start = start.value_or(utc_time{});
    if (it.limit <= 0) it.limit = std::numeric_limits<std::int64_t>::max();
    if (it.offset_id == 0) it.offset_time.reset();
    return it;
}

std::string provider_time(utc_time t) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::microseconds>(t)));
}

std::string continued(
    const provider_filter& from, std::int64_t id, utc_time time, std::size_t told
) {
    json_text_writer json;
    json->StartObject();
    json.key("start").text(provider_time(from.start));
    json.key("end").text(from.end ? provider_time(*from.end) : std::string(no_time));
    json.key("limit")->Int64(from.limit - static_cast<std::int64_t>(told));
    json.key("offsetId")->Int64(id);
    json.key("offsetTime").text(provider_time(time));
    write_texts(json, "hostnames", from.hostnames);
    write_texts(json, "priorities", from.priorities);
    write_texts(json, "rules", from.rules);
    write_texts(json, "ids", from.ids);
    json->EndObject();
    return json.taken();
}

provider_search search_of(const provider_filter& what, event_search search, std::size_t page) {
    constexpr std::size_t most_ids = 1000;
    provider_search       ask{.search = std::move(search)};
    const auto            first = what.offset_time.value_or(what.start);
    ask.oldest_first            = what.oldest_first();
    ask.from                    = ask.oldest_first ? std::optional(first) : what.end;
    ask.to                      = ask.oldest_first ? what.end : std::optional(first);
    if (what.offset_time) ask.number = what.offset_id;
    for (const auto& each : what.ids)
        if (const auto number = whole_number(each); number && ask.numbers.size() < most_ids)
            ask.numbers.push_back(*number);
    filter::all_of all;
    ask_for(all, filter::field_kind::rule, what.rules);
    ask_for(all, filter::field_kind::host, what.hostnames);
    ask_for_priorities(all, what.priorities);
    if (!all.of.empty()) ask.more = made(std::move(all));
    const auto most = static_cast<std::int64_t>(page);
    ask.limit       = static_cast<std::size_t>(what.limit > most ? most + 1 : what.limit);
    return ask;
}

}  // namespace falconer::console
