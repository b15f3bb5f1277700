#include "fault_orders.hpp"

#include "falconer/duration.hpp"
#include "falconer/log.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace falconer::sandbox {
namespace {

const kube_type config_maps{.kind = "ConfigMap", .plural = "configmaps"};
const kube_key  ordered{"kube-system", "sandbox-faults"};

failure wrong(std::string_view key, std::string_view said, std::string_view wanted) {
    return {
        errc::malformed,
        std::string(key) + ": '" + std::string(said) + "' is not " + std::string(wanted)
    };
}

result<std::chrono::milliseconds> time_in(const value& data, std::string_view key) {
    const auto said = data.text_at({key});
    if (said.empty()) return std::chrono::milliseconds(0);
    const auto read = parse_duration(said);
    if (!read || *read < std::chrono::nanoseconds(0) || *read > std::chrono::hours(1))
        return wrong(key, said, "a duration of at most an hour, such as 300ms");
    return std::chrono::duration_cast<std::chrono::milliseconds>(*read);
}

result<unsigned> number_in(
    const value& data, std::string_view key, unsigned otherwise, unsigned least, unsigned most
) {
    const auto said = data.text_at({key});
    if (said.empty()) return otherwise;
    unsigned    number = 0;
    const auto* end    = said.data() + said.size();
    const auto  read   = std::from_chars(said.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end || number < least || number > most)
        return wrong(
            key, said, "a number from " + std::to_string(least) + " to " + std::to_string(most)
        );
    return number;
}

result<bool> flag_in(const value& data, std::string_view key) {
    const auto said = data.text_at({key});
    if (said == "true") return true;
    if (said.empty() || said == "false") return false;
    return wrong(key, said, "true or false");
}

/// What the API serves (discovery, OpenAPI, probes), and the orders themselves.
bool is_spared(std::string_view target) {
    const auto path = target.substr(0, target.find('?'));
    if (path.ends_with("/configmaps/" + ordered.name)) return true;
    const auto route = parse_route(path);
    return route && route->kind == api_route::what::document;
}

}  // namespace

result<fault_orders::orders> fault_orders::read(const value& config_map) {
    constexpr std::array<std::string_view, 8> keys{"latency", "watches", "status",  "late",
                                                   "half",    "share",   "methods", "path"};
    orders                                    made;
    const auto* const                         data = config_map.find("data");
    if (data == nullptr) return made;
    for (const auto& each : data->entries())
        if (std::ranges::find(keys, each.key) == keys.end())
            return failure{errc::malformed, "'" + each.key + "' is none of its keys"};
    const auto latency = time_in(*data, "latency"), watches = time_in(*data, "watches");
    const auto status = number_in(*data, "status", 0, 400, 599);
    const auto share  = number_in(*data, "share", 100, 0, 100);
    const auto late = flag_in(*data, "late"), half = flag_in(*data, "half");
    if (!latency) return latency.error();
    if (!watches) return watches.error();
    if (!status) return status.error();
    if (!share) return share.error();
    if (!late) return late.error();
    if (!half) return half.error();
    made.fault   = {.latency = *latency, .status = *status, .late = *late, .half = *half};
    made.watches = *watches;
    made.share   = *share / 100.0;
    made.methods = data->text_at({"methods"});
    made.path    = data->text_at({"path"});
    return made;
}

void fault_orders::look() {
    const auto is      = store_.get(config_maps, ordered);
    const auto version = is ? std::string(resource_version_of(*is)) : std::string();
    if (version == version_) return;
    version_  = version;
    now_      = {};
    auto read = is ? fault_orders::read(*is) : result<orders>(orders{});
    if (!read) {
        log_of("sandbox").warn(
            "no faults: ConfigMap {} cannot be meant reason=\"{}\"", ordered.text(),
            read.error().detail
        );
        return;
    }
    now_ = std::move(*read);
    log_of("sandbox").info("faults are as ConfigMap {} orders them", ordered.text());
}

api_fault fault_orders::of(const net::http_request& request) {
    look();
    if (version_.empty() || is_spared(request.target)) return {};
    if (request.target.find("watch=") != std::string::npos) return {.ends = now_.watches};
    const std::string methods = "," + now_.methods + ",";
    if (!now_.methods.empty() && methods.find("," + request.method + ",") == methods.npos)
        return {};
    if (request.target.find(now_.path) == std::string::npos) return {};
    return chance_() < now_.share ? now_.fault : api_fault{};
}

}  // namespace falconer::sandbox
