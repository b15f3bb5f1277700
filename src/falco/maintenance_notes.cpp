#include "digest.hpp"
#include "falconer/falco/maintenance.hpp"
#include "version_ends.hpp"

#include <utility>

namespace falconer::falco {
namespace {

using std::chrono::days;

/// Source: Kubernetes, events.k8s.io, the limit of notes; of core/v1 none is documented.
constexpr std::size_t longest_message = 1024;

std::string second_text(utc_time at) {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(at)));
}

/// How many days are left until it is due, begun ones counted: a day's announcement is one.
std::int64_t days_left(utc_time due, utc_time now) {
    return std::chrono::ceil<days>(due - now).count();
}

bool is_announced(const maintenance_plan& plan) {
    return plan.due && (plan.nowhere_to_go || plan.move.what == version_move::action::forced);
}

std::string why_it_leaves(
    const std::string& version, const offered_versions& offered, utc_time now
) {
    const auto end = end_of(offered, version, nullptr);
    if (end.unknown) return "No profile offers Falco " + version + " any longer";
    return "Falco " + version + (end.at <= now ? " expired at " : " expires at ") +
           second_text(end.at);
}

}  // namespace

std::optional<maintenance_note> announcement_of(
    const maintained& who, const maintenance_plan& plan, const offered_versions& offered,
    utc_time now, std::chrono::hours ahead
) {
    if (!is_announced(plan) || *plan.due <= now || *plan.due - now > ahead) return std::nullopt;
    maintenance_note note;
    note.message = why_it_leaves(*who.version, offered, now);
    note.once    = second_text(plan.window.begin) + '/' + std::to_string(days_left(*plan.due, now));
    if (plan.nowhere_to_go) {
        note.type     = "Warning";
        note.reason   = "FalcoVersionWithoutSuccessor";
        note.message += ", and no supported version is left to move to: it stays as it is";
        return note;
    }
    note.reason   = "FalcoVersionMoveAnnounced";
    note.message += "; it moves to " + *plan.move.target +
                    " in the maintenance window that begins at " + second_text(plan.window.begin);
    return note;
}

std::optional<utc_time> next_announcement(
    const maintenance_plan& plan, utc_time now, std::chrono::hours ahead
) {
    if (!is_announced(plan) || *plan.due <= now) return std::nullopt;
    if (*plan.due - now > ahead) return *plan.due - ahead;
    return *plan.due - days(days_left(*plan.due, now) - 1);
}

maintenance_note note_of_move(const maintained& before, const version_move& move) {
    return {
        .reason  = "FalcoVersionMoved",
        .message = "Falco moves from " + before.version.value_or("") + " to " +
                   move.target.value_or("") + ": " + move.reason,
        .once = std::to_string(before.generation)
    };
}

/// Once a day for the same.
maintenance_note note_of_failure(
    const maintained& who, const std::string& what, const std::string& why, utc_time now
) {
    const bool shoot = who.is == maintained_kind::shoot;
    return {
        .type    = "Warning",
        .reason  = shoot ? "ShootMaintenanceFailed" : "SeedMaintenanceFailed",
        .message = what + ": " + why,
        .once    = second_text(std::chrono::floor<days>(now))
    };
}

value event_object(const maintained& who, const maintenance_note& note, utc_time now) {
    const auto& type  = type_of(who.is);
    const auto  space = who.key.namespace_name.empty() ? "default" : who.key.namespace_name;
    const auto  once  = who.uid + '\n' + note.reason + '\n' + note.message + '\n' + note.once;
    auto        text  = note.message;
    if (text.size() > longest_message) {
        auto end = longest_message - 3;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
        text.resize(end);
        text += "…";
    }
    value about{
        {"apiVersion", type.api_version()},
        {"kind", type.kind},
        {"name", who.key.name},
        {"uid", who.uid}
    };
    if (!who.key.namespace_name.empty()) about["namespace"] = who.key.namespace_name;
    value event;
    event["apiVersion"]            = "v1";
    event["kind"]                  = "Event";
    event["metadata"]["name"]      = who.key.name + '.' + sha256_hex(once).substr(0, 16);
    event["metadata"]["namespace"] = space;
    event["involvedObject"]        = std::move(about);
    event["type"]                  = note.type;
    event["reason"]                = note.reason;
    event["message"]               = std::move(text);
    event["source"]["component"]   = "falconer";
    event["firstTimestamp"]        = second_text(now);
    event["lastTimestamp"]         = second_text(now);
    event["count"]                 = 1;
    return event;
}

}  // namespace falconer::falco
