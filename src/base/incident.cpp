#include "falconer/ports/incident_desk.hpp"

#include "falconer/sha256.hpp"
#include "falconer/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace falconer {
namespace {

/// The part of a filter that incidents have not got; nothing: they have all of it.
struct incident_judge {
    using answer = std::optional<std::string>;

    answer operator()(const filter::all_of& all) const { return first_of(all.of); }
    answer operator()(const filter::any_of& any) const { return first_of(any.of); }
    answer operator()(const filter::none_of& none) const { return not_of_incidents(*none.of); }
    answer operator()(const filter::word_test&) const { return std::nullopt; }
    answer operator()(const filter::priority_test&) const { return std::nullopt; }
    answer operator()(const filter::text_test& test) const {
        using enum filter::field_kind;
        switch (test.where.which) {
            case rule:
            case cluster:
            case project:
            case shoot:
            case landscape:
            case workload: return std::nullopt;
            default: break;
        }
        if (test.where.name == "k8s.ns.name" || test.where.name == "container.name")
            return std::nullopt;
        return filter::name_of(test.where);
    }
    answer operator()(const filter::present_test& test) const {
        return filter::name_of(test.where);
    }
    answer operator()(const filter::number_test& test) const { return test.name; }
    answer operator()(const filter::flag_test&) const { return "flag"; }
    answer operator()(const filter::uuid_test&) const { return "uuid"; }
    answer operator()(const filter::time_test& test) const {
        return test.of_receipt ? "received" : "time";
    }
    static answer first_of(const std::vector<filter::node_ptr>& all) {
        for (const auto& each : all)
            if (auto wrong = not_of_incidents(*each)) return wrong;
        return std::nullopt;
    }
};

/// "<NA>" is what Falco says where it knows nothing.
std::string_view text_of_field(const value& fields, std::string_view name) {
    const auto* is = fields.find(name);
    return is == nullptr || is->text() == nullptr || *is->text() == "<NA>" ? std::string_view()
                                                                           : *is->text();
}

}  // namespace

std::optional<std::string> not_of_incidents(const filter::node& what) {
    return std::visit(incident_judge{}, what.is);
}

std::string incident_position::text() const {
    const auto micros = std::chrono::floor<std::chrono::microseconds>(last).time_since_epoch();
    return id.text() + '.' + std::to_string(micros.count());
}

std::optional<incident_position> incident_position::parse(std::string_view text) {
    constexpr std::size_t uuid_size = 36;
    if (text.size() < uuid_size + 2 || text[uuid_size] != '.') return std::nullopt;
    const auto   id                  = uuid::parse(text.substr(0, uuid_size));
    const auto   number              = text.substr(uuid_size + 1);
    std::int64_t micros              = 0;
    const auto*  end                 = number.data() + number.size();
    const auto [at, wrong]           = std::from_chars(number.data(), end, micros);
    constexpr std::int64_t year_2262 = 9'223'372'036'854'775;  // the last that utc_time can say
    if (!id || wrong != std::errc{} || at != end || micros < 0 || micros > year_2262)
        return std::nullopt;
    return incident_position{utc_time{std::chrono::microseconds{micros}}, *id};
}

// Source: falconer.count_incidents() in src/store/migrations/0012_incidents.sql
incident_place incident_place_of(const value& output_fields) {
    using kind     = incident_place::kind;
    const auto pod = text_of_field(output_fields, "k8s.pod.name");
    if (!pod.empty())
        return {
            kind::pod, std::string(text_of_field(output_fields, "k8s.ns.name")),
            std::string(filter::workload_of(pod))
        };
    const auto name = text_of_field(output_fields, "container.name");
    const auto id   = text_of_field(output_fields, "container.id");
    if (!name.empty() && name != "host") return {kind::container, {}, std::string(name)};
    if (!id.empty() && id != "host") return {kind::container, {}, {}};
    return {};
}

// Source: falconer.incident_id() in src/store/migrations/0012_incidents.sql
uuid incident_id(std::string_view identity, std::string_view rule, const incident_place& place) {
    std::string text =
        std::to_string(code_points(identity)) + ':' + std::to_string(code_points(rule)) + ':' +
        std::to_string(static_cast<int>(place.is)) + ':' + std::to_string(code_points(place.space));
    for (const auto part :
         {identity, rule, std::string_view(place.space), std::string_view(place.name)})
        (text += ':') += part;
    const auto digest = sha256(text);
    uuid       id;
    std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
    return id;
}

}  // namespace falconer
