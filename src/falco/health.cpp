#include "falconer/falco/health.hpp"

#include "falconer/event.hpp"

#include <algorithm>
#include <initializer_list>

namespace falconer::falco {
namespace {

constexpr auto well         = "HealthCheckSuccessful";
constexpr auto well_message = "All health checks successful";
constexpr auto users_fault  = "ERR_CONFIGURATION_PROBLEM";

std::string second_text(utc_time at) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(at)));
}

/// Gathers what is wrong under one type: the first cause is the gravest.
class verdict {
public:
    explicit verdict(std::string_view type) { is_.type = type; }

    void bad(const char* reason, const std::string& message, std::vector<std::string> codes = {}) {
        add("False", reason, message);
        for (auto& each : codes)
            if (std::ranges::find(is_.codes, each) == is_.codes.end())
                is_.codes.push_back(std::move(each));
    }
    void progressing(const char* reason, const std::string& message) {
        add("Progressing", reason, message);
    }
    void unknown(const char* reason, const std::string& message) {
        add("Unknown", reason, message);
    }

    /// Worth knowing, though all is well.
    void note(const std::string& message) { note_ = message; }

    bool is_good() const { return is_.reason.empty(); }

    health_condition done() && {
        if (is_.reason.empty()) {
            is_.reason  = well;
            is_.message = well_message;
            if (!note_.empty()) is_.message += "; " + note_;
        }
        return std::move(is_);
    }

private:
    void add(const char* status, const char* reason, const std::string& message) {
        // Of several statuses False wins over the others, whichever came first.
        const bool graver =
            is_.reason.empty() || (is_.status != "False" && std::string_view(status) == "False");
        if (graver) {
            is_.status = status;
            is_.reason = reason;
        }
        is_.message += (is_.message.empty() ? "" : "; ") + message;
    }

    health_condition is_{};
    std::string      note_{};
};

const char* reason_of(const pod_trouble& what) {
    using kind = pod_trouble_kind;
    switch (what.is) {
        case kind::rules_refused: return "RulesRefused";
        case kind::not_mounted: return "VolumeNotMounted";
        case kind::no_image: return "ImageNotPulled";
        case kind::crashes: return "PodsCrash";
        case kind::not_ready: return "PodsNotReady";
        case kind::none_there: return "NoPods";
    }
    return "";
}

std::string sentence_of(const pod_trouble& what) {
    using kind      = pod_trouble_kind;
    auto       who  = std::string(what.of_falcosidekick ? "Falcosidekick" : "Falco");
    const auto pods = what.pods == 1 ? "1 pod" : std::to_string(what.pods) + " pods";
    const auto tail = (what.text.empty() ? "" : ": " + what.text);
    switch (what.is) {
        case kind::rules_refused: return who + " does not accept the rules (" + pods + ")" + tail;
        case kind::not_mounted: return who + " lacks a volume (" + pods + ")" + tail;
        case kind::no_image: return who + "'s image cannot be pulled (" + pods + ")" + tail;
        case kind::crashes: return who + " ends right after it starts (" + pods + ")" + tail;
        case kind::not_ready: return who + " is not ready (" + pods + ")" + tail;
        case kind::none_there: return who + " has no pods" + tail;
    }
    return who;
}

void judge_pods(const health_facts& facts, bool of_falcosidekick, verdict& into) {
    for (const auto& each : facts.pods)
        if (each.of_falcosidekick == of_falcosidekick)
            into.bad(
                reason_of(each), sentence_of(each),
                each.by_user ? std::vector<std::string>{users_fault} : std::vector<std::string>{}
            );
}

void judge_delivery(
    const managed_resource_state& is, const std::string& what, const char* refused,
    const char* unhealthy, verdict& into
) {
    const auto because = is.message.empty() ? std::string() : ": " + is.message;
    if (!is.applied && is.progressing)
        into.progressing("DeliveryProgressing", what + " is being delivered" + because);
    else if (!is.applied)
        into.bad(refused, what + " could not be applied" + because);
    else if (!is.healthy && into.is_good())
        into.bad(unhealthy, what + " is not healthy" + because);
}

health_condition judge_system(const health_facts& facts) {
    verdict is(system_condition);
    if (!facts.trouble.empty())
        is.bad(
            facts.trouble_codes.empty() ? "ReconcileFailed" : "ConfigurationProblem", facts.trouble,
            facts.trouble_codes
        );
    for (const auto& each : facts.broken_rules) is.bad("CustomRulesInvalid", each, {users_fault});
    judge_pods(facts, false, is);
    if (!facts.target) {
        if (facts.trouble.empty())
            is.progressing("DeliveryProgressing", "nothing has been delivered yet");
    } else {
        const bool of_other =
            facts.pods.end() != std::ranges::find(facts.pods, true, &pod_trouble::of_falcosidekick);
        if (!of_other || !facts.target->applied)
            judge_delivery(
                *facts.target, "what was delivered to the cluster", "DeliveryRefused",
                "DeliveryUnhealthy", is
            );
    }
    if (!facts.not_looked_at.empty() && !is.is_good())
        is.unknown("ConditionCheckError", "its pods could not be seen: " + facts.not_looked_at);
    if (is.is_good() && !facts.version_notice.empty()) is.note(facts.version_notice);
    return std::move(is).done();
}

health_condition judge_observability(const health_facts& facts) {
    verdict is(observability_condition);
    if (!facts.target && facts.trouble.empty())
        is.progressing("DeliveryProgressing", "nothing has been delivered yet");
    else if (!facts.target)
        is.unknown("NothingDelivered", "nothing has been delivered, and nothing is seen of events");
    if (facts.beside)
        judge_delivery(
            *facts.beside, "what was delivered beside the control plane", "SeedResourcesRefused",
            "SeedResourcesUnhealthy", is
        );
    judge_pods(facts, true, is);
    for (const auto& each : facts.left_out) is.bad("DestinationLeftOut", each);
    if (facts.silent_since)
        is.bad(
            "HeartbeatSilent", "no heartbeat has arrived since " + second_text(*facts.silent_since)
        );
    if (facts.seen)
        is.bad(
            std::string(name_of(facts.seen->why)).c_str(),
            std::string(sentence_of(facts.seen->why)) + ", since " + second_text(facts.seen->since)
        );
    if (facts.over_quota)
        is.bad(
            "EventQuotaExceeded",
            "the cluster has spent its budget of events: of the rest a sample is kept, all are "
            "counted"
        );
    return std::move(is).done();
}

bool is_ours(const value& condition) {
    const auto type = condition.text_at({"type"});
    return type == system_condition || type == observability_condition;
}

health_condition read(const value& condition) {
    health_condition is;
    is.type    = condition.text_at({"type"});
    is.status  = condition.text_at({"status"});
    is.reason  = condition.text_at({"reason"});
    is.message = condition.text_at({"message"});
    if (const auto* codes = condition.find("codes"))
        for (const auto& each : codes->items())
            if (each.is_text()) is.codes.push_back(*each.text());
    return is;
}

}  // namespace

std::vector<health_condition> judge(const health_facts& facts) {
    if (!facts.hibernated) return {judge_system(facts), judge_observability(facts)};
    std::vector<health_condition> asleep;
    for (const auto type : {system_condition, observability_condition})
        asleep.push_back(
            {.type = std::string(type), .reason = well, .message = "Shoot is hibernated"}
        );
    return asleep;
}

std::vector<health_condition> conditions_in(const value& extension) {
    std::vector<health_condition> found;
    if (const auto* all = extension.find_path({"status", "conditions"}))
        for (const auto& each : all->items())
            if (is_ours(each)) found.push_back(read(each));
    return found;
}

std::optional<value> conditions_patch(
    const value& extension, const std::vector<health_condition>& are, utc_time now
) {
    const auto* const had  = extension.find_path({"status", "conditions"});
    value             list = value::list();
    if (had != nullptr)
        for (const auto& each : had->items())
            if (!is_ours(each)) list.push_back(each);
    bool changed = false;
    for (const auto& one : are) {
        const value* before = nullptr;
        if (had != nullptr)
            for (const auto& each : had->items())
                if (each.text_at({"type"}) == one.type) before = &each;
        if (before != nullptr && read(*before) == one) {
            list.push_back(*before);
            continue;
        }
        changed         = true;
        const bool same = before != nullptr && before->text_at({"status"}) == one.status;
        value      made{
                 {"type", one.type},
                 {"status", one.status},
                 {"reason", one.reason},
                 {"message", one.message},
                 {"lastUpdateTime", second_text(now)},
                 {"lastTransitionTime",
             same ? std::string(before->text_at({"lastTransitionTime"})) : second_text(now)},
        };
        for (const auto& code : one.codes) made["codes"].push_back(code);
        list.push_back(std::move(made));
    }
    if (!changed) return std::nullopt;
    value patch;
    patch["metadata"]["resourceVersion"] = std::string(resource_version_of(extension));
    patch["status"]["conditions"]        = std::move(list);
    return patch;
}

}  // namespace falconer::falco
