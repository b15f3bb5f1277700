#include "config_map_watch.hpp"

#include "falconer/log.hpp"

#include <algorithm>
#include <string_view>

namespace falconer::admissions {
namespace {

const kube_type config_maps_type{.kind = "ConfigMap", .plural = "configmaps"};

value name_only(const value& object) {
    value made;
    made["metadata"]["namespace"] = object.text_at({"metadata", "namespace"});
    made["metadata"]["name"]      = object.text_at({"metadata", "name"});
    return made;
}

bool has_rule_files(const value& config_map) {
    const auto any = [&](const char* where, std::string_view suffix) {
        const auto* const data = config_map.find(where);
        return data != nullptr && std::ranges::any_of(data->entries(), [&](const auto& each) {
                   return std::string_view(each.key).ends_with(suffix);
               });
    };
    return any("data", ".yaml") || any("binaryData", ".yaml.gz");
}

value files_only(const value& config_map) {
    value made;
    for (const auto* part : {"data", "binaryData"})
        if (const auto* found = config_map.find(part)) made[part] = *found;
    return made;
}

std::size_t bytes_of(const value& packed) {
    std::size_t bytes = 0;
    for (const auto& part : packed.entries())
        for (const auto& file : part.is.entries())
            bytes += file.key.size() + (file.is.is_text() ? file.is.text()->size() : 0);
    return bytes;
}

std::size_t bytes_of(const falco::custom_rule_files& files) {
    std::size_t bytes = 0;
    for (const auto& each : files.files) bytes += each.name.size() + each.text.size();
    for (const auto& each : files.problems) bytes += each.size();
    return bytes;
}

}  // namespace

config_map_watch::config_map_watch(kube_api& api, limits most)
    : api_(api), most_(most), names_(name_only) {}

task<void> config_map_watch::run() {
    return api_.follow(config_maps_type, {}, *this);
}

void config_map_watch::heard(kube_event event) {
    denied_            = false;
    using what         = kube_event::what;
    const bool applied = event.kind == what::applied || event.kind == what::init_applied;
    if (applied) keep(key_of(event.object), event.object);
    for (const auto& change : names_.take(std::move(event)))
        if (!change.after) drop(change.key);
}

void config_map_watch::troubled(const failure& why) {
    if (why.code != errc::denied) return;
    if (!std::exchange(denied_, true))
        log_of("admission").info("ConfigMaps with rules cannot be seen reason=\"{}\"", why.detail);
}

void config_map_watch::keep(const kube_key& key, const value& config_map) {
    if (!has_rule_files(config_map)) return drop(key);
    auto       packed = files_only(config_map);
    const auto before = packed_.find(key);
    if (before != packed_.end() && before->second == packed) return;
    drop(key);
    const auto bytes = bytes_of(packed);
    if (!has_room(key.namespace_name, bytes)) {
        packed_.emplace(key, value());
        if (!std::exchange(full_, true))
            log_of("admission")
                .warn(
                    "there are more ConfigMaps with rules than are kept; the rest is looked at "
                    "when "
                    "it is delivered first={}/{}",
                    key.namespace_name, key.name
                );
        return;
    }
    packed_bytes_                  += bytes;
    of_spaces_[key.namespace_name] += bytes;
    packed_.emplace(key, std::move(packed));
}

bool config_map_watch::has_room(const std::string& space, std::size_t bytes) const {
    const auto found = of_spaces_.find(space);
    const auto taken = found == of_spaces_.end() ? 0 : found->second;
    return packed_bytes_ + bytes <= most_.packed && taken + bytes <= most_.of_a_space;
}

void config_map_watch::drop(const kube_key& key) {
    const auto found = packed_.find(key);
    if (found == packed_.end()) return;
    const auto bytes  = bytes_of(found->second);
    packed_bytes_    -= bytes;
    if (const auto space = of_spaces_.find(key.namespace_name); space != of_spaces_.end()) {
        space->second -= bytes;
        if (space->second == 0) of_spaces_.erase(space);
    }
    packed_.erase(found);
    forget_unpacked(key);
}

void config_map_watch::forget_unpacked(const kube_key& key) {
    const auto found = std::ranges::find(unpacked_, key, &unpacked::key);
    if (found == unpacked_.end()) return;
    unpacked_bytes_ -= found->bytes;
    unpacked_.erase(found);
}

falco::seen_rules config_map_watch::find(const kube_key& key) {
    if (denied_ || !names_.synced()) return {};
    if (names_.find(key) == nullptr) return {.is = falco::sight::absent};
    const auto found = packed_.find(key);
    if (found == packed_.end()) {
        static const auto none =
            std::make_shared<const falco::custom_rule_files>(falco::read_custom_rules(value::map())
            );
        return {.is = falco::sight::known, .files = none};
    }
    if (found->second.is_null()) return {};
    return {.is = falco::sight::known, .files = unpack(key, found->second)};
}

config_map_watch::shared_files config_map_watch::unpack(const kube_key& key, const value& packed) {
    const auto known = std::ranges::find(unpacked_, key, &unpacked::key);
    if (known != unpacked_.end()) {
        unpacked_.splice(unpacked_.begin(), unpacked_, known);
        return unpacked_.front().files;
    }
    auto files = std::make_shared<const falco::custom_rule_files>(falco::read_custom_rules(packed));
    const auto bytes = bytes_of(*files);
    unpacked_.push_front({key, files, bytes});
    unpacked_bytes_ += bytes;
    while (unpacked_bytes_ > most_.unpacked) {
        unpacked_bytes_ -= unpacked_.back().bytes;
        unpacked_.pop_back();
    }
    return files;
}

}  // namespace falconer::admissions
