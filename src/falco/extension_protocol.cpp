#include "falconer/falco/extension_protocol.hpp"

#include "falconer/rfc3339.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace falconer::falco {
namespace {

using std::chrono::seconds;
using operation = extension_operation;

constexpr auto operation_key = "gardener.cloud/operation";
constexpr auto timestamp_key = "gardener.cloud/timestamp";

/// Source: contract §1.6, texts are exact.
struct operation_texts {
    std::string_view type, processing, success, error;
};
constexpr std::array texts{
    operation_texts{
        "Create", "Reconciling the Extension", "Successfully reconciled Extension",
        "Error reconciling Extension"
    },
    operation_texts{
        "Reconcile", "Reconciling the Extension", "Successfully reconciled Extension",
        "Error reconciling Extension"
    },
    operation_texts{
        "Delete", "Deleting the Extension", "Successfully deleted the Extension",
        "Error deleting the Extension"
    },
    operation_texts{
        "Migrate", "Migrate Extension resource.", "Successfully migrated Extension resource",
        "Error migrating Extension resource"
    },
    operation_texts{
        "Restore", "Restoring Extension resource", "Successfully restored Extension resource",
        "Unable to restore Extension resource"
    },
};
const operation_texts& texts_of(operation is) {
    return texts[static_cast<std::size_t>(is)];
}

bool is_request(std::string_view annotation) {
    return annotation == "reconcile" || annotation == "restore" || annotation == "migrate";
}

std::string annotation_of(const value& object, std::string_view key) {
    return std::string(object.text_at({"metadata", "annotations", key}));
}

/// Go's strconv.ParseBool says yes.
bool is_go_true(std::string_view text) {
    return text == "1" || text == "t" || text == "T" || text == "TRUE" || text == "true" ||
           text == "True";
}

std::optional<utc_time> time_of(std::string_view text) {
    const auto  read = parse_rfc3339(text);
    const auto* time = std::get_if<event_time>(&read);
    // Years that no Gardener writes would overflow the system's clock.
    if (time == nullptr || time->seconds < 0 || time->seconds > 9'000'000'000) return {};
    return utc_time(seconds(time->seconds));
}

std::string text_of_time(utc_time at) {
    return text_of(event_time_of(at));
}

value finalizer_patch(const extension_view& extension, const std::vector<std::string>& all) {
    value patch;
    patch["metadata"]["resourceVersion"] = extension.resource_version;
    auto& list                           = patch["metadata"]["finalizers"];
    list                                 = value::list();
    for (const auto& each : all) list.push_back(each);
    return patch;
}

value last_operation(
    operation is, const char* state, int progress, const std::string& description,
    const std::string& at
) {
    return {
        {"type", texts_of(is).type},  {"state", state},       {"progress", progress},
        {"description", description}, {"lastUpdateTime", at},
    };
}

extension_decision leave(std::string why) {
    extension_decision left;
    left.why = std::move(why);
    return left;
}

/// A clock that is hours ahead is broken, and believing it would not mend it.
constexpr std::chrono::minutes most_skew{10};

}  // namespace

std::string_view name_of(extension_operation is) noexcept {
    return texts_of(is).type;
}

bool extension_view::has_finalizer() const {
    return std::ranges::find(finalizers, extension_finalizer) != finalizers.end();
}

extension_view read_extension(const value& object) {
    extension_view view;
    view.type             = object.text_at({"spec", "type"});
    const auto said_class = object.text_at({"spec", "class"});
    view.known_class      = said_class.empty();
    for (const auto each : {extension_class::shoot, extension_class::seed, extension_class::garden})
        if (said_class == name_of(each)) {
            view.is          = each;
            view.known_class = true;
        }
    if (const auto* generation = object.find_path({"metadata", "generation"}))
        view.generation = generation->integer().value_or(0);
    view.resource_version = object.text_at({"metadata", "resourceVersion"});
    view.operation        = annotation_of(object, operation_key);
    view.timestamp        = annotation_of(object, timestamp_key);
    view.deleting         = !object.text_at({"metadata", "deletionTimestamp"}).empty();
    if (const auto* list = object.find_path({"metadata", "finalizers"}))
        for (const auto& each : list->items())
            if (each.is_text()) view.finalizers.push_back(*each.text());
    if (const auto* status = object.find("status")) view.status = *status;
    if (const auto* observed = view.status.find("observedGeneration"))
        view.observed = observed->integer().value_or(0);
    view.last_type   = view.status.text_at({"lastOperation", "type"});
    view.last_state  = view.status.text_at({"lastOperation", "state"});
    view.last_update = view.status.text_at({"lastOperation", "lastUpdateTime"});
    return view;
}

shoot_view read_shoot_view(const value& cluster) {
    shoot_view  view;
    const auto* shoot = cluster.find_path({"spec", "shoot"});
    if (shoot == nullptr) return view;
    view.failed = shoot->text_at({"status", "lastOperation", "state"}) == "Failed";
    view.force_deletion =
        is_go_true(annotation_of(*shoot, "confirmation.gardener.cloud/force-deletion"));
    return view;
}

bool is_ours(const extension_view& extension, const std::set<extension_class>& classes) {
    if (extension.type != extension_type || !extension.known_class) return false;
    return classes.empty() ? extension.is == extension_class::shoot
                           : classes.contains(extension.is);
}

bool is_unanswered(const extension_view& extension) {
    const auto asked    = time_of(extension.timestamp);
    const auto answered = time_of(extension.last_update);
    return asked && extension.operation.empty() && (!answered || *asked > *answered);
}

bool is_still_ours(const extension_view& ours, const extension_view& now) {
    const auto word_in = [](const extension_view& view) {
        const auto* const word = view.status.find("lastOperation");
        return word != nullptr ? *word : value{};
    };
    return ours.timestamp == now.timestamp && word_in(ours) == word_in(now);
}

bool starts_work(const std::optional<extension_view>& before, const extension_view& after) {
    if (is_request(after.operation)) {
        // A request that waits for its success is seen again with every word in the status: going
        // on at once would be a loop without a pause.
        const bool echo = before && before->operation == after.operation &&
                          before->timestamp == after.timestamp &&
                          before->generation == after.generation &&
                          before->deleting == after.deleting;
        return !echo;
    }
    if (!before && is_unanswered(after)) return true;
    // Our own words in the status start nothing; but a list that was read anew may show them
    // together with the deletion.
    if (before) return after.deleting && (!before->deleting || before->status == after.status);
    return after.deleting || after.last_state != "Succeeded";
}

extension_decision decide(const extension_view& extension, const std::optional<shoot_view>& shoot) {
    if (extension.operation == "wait-for-state")
        return leave("gardenlet has not yet brought its state");
    if (shoot && shoot->failed) return leave("the shoot has failed");

    const auto of = [&] {
        if (extension.operation == "migrate") return operation::migrate;
        if (extension.deleting) return operation::remove;
        if (extension.operation == "restore") return operation::restore;
        if (extension.last_state.empty() && extension.last_type.empty()) return operation::create;
        if (!extension.succeeded())
            for (const auto each : {operation::create, operation::migrate, operation::restore})
                if (extension.last_type == name_of(each)) return each;
        return operation::reconcile;
    }();
    const bool moves = of == operation::migrate || of == operation::restore;
    if (!moves && extension.last_type == "Migrate" && extension.succeeded())
        return leave("it has been migrated away");
    if (of == operation::remove && !extension.has_finalizer())
        return leave("it is being deleted, and nothing of ours is left");

    extension_decision decided;
    decided.run               = of;
    decided.force             = of == operation::remove && shoot && shoot->force_deletion;
    decided.acknowledge_first = extension.operation == "reconcile";
    return decided;
}

value acknowledge_patch(const extension_view& extension) {
    value patch;
    auto& metadata                         = patch["metadata"];
    metadata["resourceVersion"]            = extension.resource_version;
    metadata["annotations"][operation_key] = value{};
    return patch;
}

std::optional<value> begin_patch(
    const extension_view& extension, const extension_decision& decision
) {
    const bool leaves   = decision.run == operation::remove || decision.run == operation::migrate;
    const bool finalize = !leaves && !extension.has_finalizer();
    if (!finalize && !decision.acknowledge_first) return {};
    value patch = decision.acknowledge_first ? acknowledge_patch(extension) : value::map();
    if (!finalize) return patch;
    auto all = extension.finalizers;
    all.emplace_back(extension_finalizer);
    const auto list = finalizer_patch(extension, all);
    for (const auto& each : list.find("metadata")->entries()) patch["metadata"][each.key] = each.is;
    return patch;
}

std::optional<value> remove_finalizer_patch(const extension_view& extension) {
    if (!extension.has_finalizer()) return {};
    auto all = extension.finalizers;
    std::erase(all, extension_finalizer);
    return finalizer_patch(extension, all);
}

value remove_all_finalizers_patch() {
    value patch;
    patch["metadata"]["finalizers"] = value{};
    return patch;
}

utc_time status_time(const extension_view& extension, utc_time now) {
    const auto asked = time_of(extension.timestamp);
    const auto ours  = std::chrono::floor<seconds>(now);
    return asked && *asked > ours && *asked - ours <= most_skew ? *asked : utc_time(ours);
}

/// The same words as long as it lasts: told anew they would be no news.
std::string unbelievable_because(const extension_view& extension, utc_time now) {
    const auto asked = time_of(extension.timestamp);
    if (!asked || *asked - std::chrono::floor<seconds>(now) <= most_skew) return {};
    return "the work is done, but it was asked for at " + extension.timestamp +
           ", which our clock will reach in more than " + std::to_string(most_skew.count()) +
           " minutes: one of the two clocks is wrong, and gardenlet believes no answer that is "
           "earlier than its question";
}

value processing_patch(extension_operation is, const extension_view& extension, utc_time now) {
    value patch;
    patch["status"]["lastOperation"] = last_operation(
        is, "Processing", 1, std::string(texts_of(is).processing),
        text_of_time(status_time(extension, now))
    );
    return patch;
}

value error_patch(
    extension_operation is, const extension_view& extension, std::string_view why,
    const std::vector<std::string>& codes, utc_time now
) {
    const auto description = std::string(texts_of(is).error) + ": " + std::string(why);
    const auto at          = text_of_time(status_time(extension, now));
    value      patch;
    auto&      status            = patch["status"];
    status["observedGeneration"] = extension.generation;
    status["lastOperation"]      = last_operation(is, "Error", 50, description, at);
    auto& error                  = status["lastError"];
    error["description"]         = description;
    error["codes"]               = value{};  // older ones would stay: maps are merged
    for (const auto& each : codes) error["codes"].push_back(each);
    error["taskID"]         = value{};
    error["lastUpdateTime"] = at;
    return patch;
}

value success_patch(extension_operation is, const extension_view& extension, utc_time now) {
    value patch;
    auto& status                 = patch["status"];
    status["observedGeneration"] = extension.generation;
    status["lastOperation"]      = last_operation(
        is, "Succeeded", 100, std::string(texts_of(is).success),
        text_of_time(status_time(extension, now))
    );
    status["lastError"] = value{};
    return patch;
}

void list_resources(value& success, const std::vector<referenced_resource>& referred_to) {
    auto& list = success["status"]["resources"];
    list       = value{};  // a list is replaced as a whole, and none takes an older one away
    for (const auto& each : referred_to)
        list.push_back(
            {{"name", each.name},
             {"resourceRef",
              {{"apiVersion", each.api_version}, {"kind", each.kind}, {"name", each.copy()}}}}
        );
}

utc_time next_resync(
    const extension_view& extension, std::string_view name, std::chrono::seconds period,
    utc_time now
) {
    const auto last = time_of(extension.last_update);
    const auto due  = (last && *last <= now ? *last : now) + period;
    if (due > now) return due;
    // Overdue: we were away. Spread over one period, always at the same place for the same name.
    const auto place = std::hash<std::string_view>{}(name) % 1'000;
    return now + period * static_cast<std::int64_t>(place) / 1'000;
}

}  // namespace falconer::falco
