#include "event_view.hpp"

#include "triage_view.hpp"

#include <algorithm>
#include <array>

namespace falconer::console {
namespace {

constexpr std::size_t longest_output = 1024, longest_field = 512;  // characters, in lists

constexpr std::string_view our_key = "falconer";  // in lines of NDJSON

constexpr std::array<std::string_view, 8> usual_fields{
    "proc.name",
    "proc.cmdline",
    "user.name",
    "k8s.ns.name",
    "k8s.pod.name",
    "container.name",
    "container.image.repository",
    "fd.name"
};

constexpr std::array<std::pair<event_flag, std::string_view>, 8> flag_names{{
    {event_flag::past, "past"},
    {event_flag::future, "future"},
    {event_flag::uuid_minted, "uuid-minted"},
    {event_flag::sampled, "sampled"},
    {event_flag::test, "test"},
    {event_flag::requarantine, "requarantine"},
    {event_flag::unproven, "unproven"},
    {event_flag::replaced_characters, "replaced-characters"},
}};

std::string exact_text(const value& is) {
    if (const auto* text = is.text()) return *text;
    if (const auto* number = is.numeral_text()) return *number;
    if (const auto truth = is.boolean()) return *truth ? "true" : "false";
    return json_text(is);
}

std::string_view kind_of(const value& is) {
    switch (is.what()) {
        case value::kind::null: return "null";
        case value::kind::boolean: return "boolean";
        case value::kind::number: return "number";
        case value::kind::text: return "string";
        case value::kind::list: return "list";
        case value::kind::map: return "object";
    }
    return "object";
}

/// What list and whole have in common.
void write_common(
    json_text_writer& json, const found_event& event, const event_contents& contents
) {
    json.key("key").text(event.at.text());
    json.key("uuid").text(event.at.id.text());
    json.key("received").text(time_text(event.at.received));
    json.key("time").text(text_of(event.time));
    json.key("priority").text(name_of(event.level));
    json.key("rule").text(event.rule);
    json.key("cluster");
    write_cluster(json, event.cluster);
    json.key("hostname").text_or_null(event.hostname);
    json.key("source").text_or_null(event.source);
    json.key("tags")->StartArray();
    for (const auto& tag : contents.tags()) json.text(tag);
    json->EndArray();
    json.key("flags")->StartArray();
    for (const auto& [flag, name] : flag_names)
        if (event.has(flag)) json.text(name);
    json->EndArray();
}

void write_standing(
    json_text_writer& json, const found_event& event, const standing_view& standing
) {
    const auto is = standing.all.find(event.at);
    json.key("assessment");
    write_assessment(json, is == standing.all.end() ? nullptr : &is->second, standing.now);
}

void write_fields(json_text_writer& json, std::vector<const value::entry*> all) {
    std::ranges::sort(all, {}, [](const auto* each) { return std::string_view(each->key); });
    json->StartArray();
    for (const auto* each : all) {
        json->StartObject();
        json.key("name").text(each->key);
        json.key("kind").text(kind_of(each->is));
        json.key("text").text(exact_text(each->is));
        json->EndObject();
    }
    json->EndArray();
}

std::vector<const value::entry*> entries_of(const value& map) {
    std::vector<const value::entry*> all;
    for (const auto& each : map.entries()) all.push_back(&each);
    return all;
}

/// JSON that is there already.
void raw(json_text_writer& json, std::string_view text) {
    json->RawValue(text.data(), text.size(), rapidjson::kObjectType);
}

void add_cell(std::string& line, std::string_view text) {
    if (!line.empty()) line += ',';
    const bool formula = !text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) !=
                                              std::string_view::npos;
    const bool quoted = text.find_first_of(",\"\r\n") != text.npos;
    if (quoted) line += '"';
    if (formula) line += '\'';
    for (const char c : text) {
        if (c == '"') line += '"';
        line += c;
    }
    if (quoted) line += '"';
    if (line.empty()) line += "\"\"";  // else the next cell would take its place
}

std::vector<std::string> columns_of(const wanted_fields& fields) {
    if (!fields.all) return fields.names;
    return {usual_fields.begin(), usual_fields.end()};
}

}  // namespace

wanted_fields fields_of(const std::optional<std::string>& text) {
    wanted_fields it;
    if (!text) {
        it.names.assign(usual_fields.begin(), usual_fields.end());
        return it;
    }
    if (*text == "*") return {.all = true};
    std::string_view rest = *text;
    while (!rest.empty()) {
        const auto part = rest.substr(0, rest.find(','));
        if (!part.empty()) it.names.emplace_back(part);
        rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    }
    return it;
}

std::string time_text(utc_time t) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::microseconds>(t)));
}

void write_cluster(json_text_writer& json, const cluster_name& name) {
    json->StartObject();
    json.key("identity").text(name.identity);
    json.key("project").text_or_null(name.project);
    json.key("name").text_or_null(name.name);
    json.key("landscape").text_or_null(name.landscape);
    json->EndObject();
}

void write_summary(
    json_text_writer& json, const found_event& event, const wanted_fields& fields,
    const standing_view& standing
) {
    const event_contents contents(event);
    json->StartObject();
    write_common(json, event, contents);
    write_standing(json, event, standing);
    json.key("output");
    if (event.output)
        json.text(beginning_of(*event.output, longest_output));
    else
        json->Null();
    json.key("fields")->StartObject();
    for (const auto& each : contents.fields().entries()) {
        if (!fields.all && std::ranges::find(fields.names, each.key) == fields.names.end())
            continue;
        json.key(each.key);
        if (each.is.is_null())
            json->Null();
        else
            json.text(beginning_of(exact_text(each.is), longest_field));
    }
    json->EndObject();
    json->EndObject();
}

void write_whole(
    json_text_writer& json, const found_event& event, exactness how, const standing_view& standing
) {
    const event_contents contents(event);
    json->StartObject();
    write_common(json, event, contents);
    write_standing(json, event, standing);
    json.key("output").text_or_null(event.output);
    json.key("fields");
    write_fields(json, entries_of(contents.fields()));
    json.key("extra");
    const auto extra = parse_json(event.extra.empty() ? "{}" : event.extra);
    write_fields(json, extra ? entries_of(*extra) : std::vector<const value::entry*>{});
    json.key("raw")->StartObject();
    json.key("href").text("/api/v1/events/" + event.at.text() + "/raw");
    json.key("exact").text(how == exactness::bytes ? "bytes" : "values");
    json->EndObject();
    json.key("store").text(event.store);
    json->EndObject();
}

std::string sidekick_json(const found_event& event, bool ours) {
    json_text_writer json;
    json->StartObject();
    json.key("uuid").text(event.at.id.text());
    if (event.output) json.key("output").text(*event.output);
    json.key("priority").text(name_of(event.level));
    json.key("rule").text(event.rule);
    json.key("time").text(text_of(event.time));
    raw(json.key("output_fields"), event.output_fields);
    if (event.source) json.key("source").text(*event.source);
    if (!event.tags.empty()) raw(json.key("tags"), event.tags);
    if (event.hostname) json.key("hostname").text(*event.hostname);
    if (!event.extra.empty())
        if (const auto extra = parse_json(event.extra))
            for (const auto& each : extra->entries()) {
                // Beside ours a sender's own would say where the event comes from.
                if (ours && each.key == our_key) continue;
                raw(json.key(each.key), json_text(each.is));
            }
    if (ours) {
        json.key(our_key)->StartObject();
        json.key("key").text(event.at.text());
        json.key("received").text(time_text(event.at.received));
        json.key("cluster").text(event.cluster.identity);
        json->EndObject();
    }
    json->EndObject();
    return json.taken();
}

std::string csv_head(const wanted_fields& fields) {
    std::string line =
        "received,time,priority,rule,cluster,project,shoot,hostname,source,tags,output";
    for (const auto& each : columns_of(fields)) add_cell(line, each);
    add_cell(line, "key");
    return line + "\r\n";
}

std::string csv_line(const found_event& event, const wanted_fields& fields) {
    const event_contents contents(event);
    std::string          line, tags;
    for (const auto& tag : contents.tags()) tags += (tags.empty() ? "" : " ") + tag;
    add_cell(line, time_text(event.at.received));
    add_cell(line, text_of(event.time));
    add_cell(line, name_of(event.level));
    add_cell(line, event.rule);
    add_cell(line, event.cluster.identity);
    add_cell(line, event.cluster.project.value_or(""));
    add_cell(line, event.cluster.name.value_or(""));
    add_cell(line, event.hostname.value_or(""));
    add_cell(line, event.source.value_or(""));
    add_cell(line, tags);
    add_cell(line, event.output.value_or(""));
    for (const auto& name : columns_of(fields)) {
        const auto* is = contents.fields().find(name);
        add_cell(line, is == nullptr || is->is_null() ? "" : exact_text(*is));
    }
    add_cell(line, event.at.text());
    return line + "\r\n";
}

}  // namespace falconer::console
