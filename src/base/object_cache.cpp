#include "falconer/object_cache.hpp"

#include <utility>

namespace falconer {

const value* object_cache::find(const kube_key& key) const {
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : &found->second.object;
}

std::vector<object_change> object_cache::apply(value object) {
    const auto key     = key_of(object);
    auto       reduced = reduce_(std::move(object));
    auto [at, fresh]   = objects_.try_emplace(key);
    at->second.told    = round_;
    std::vector<object_change> changes;
    if (fresh) {
        at->second.object = std::move(reduced);
        changes.push_back({key, std::nullopt, at->second.object});
    } else if (at->second.object != reduced) {
        auto before = std::exchange(at->second.object, std::move(reduced));
        changes.push_back({key, std::move(before), at->second.object});
    }
    return changes;
}

std::vector<object_change> object_cache::forget(std::map<kube_key, entry>::iterator at) {
    std::vector<object_change> changes;
    changes.push_back({at->first, std::move(at->second.object), std::nullopt});
    objects_.erase(at);
    return changes;
}

std::vector<object_change> object_cache::take(kube_event event) {
    switch (event.kind) {
        case kube_event::what::init_begin: ++round_; return {};
        case kube_event::what::init_applied:
        case kube_event::what::applied: return apply(std::move(event.object));
        case kube_event::what::deleted: {
            const auto at = objects_.find(key_of(event.object));
            return at == objects_.end() ? std::vector<object_change>{} : forget(at);
        }
        case kube_event::what::init_done: break;
    }
    synced_ = true;
    std::vector<object_change> gone;
    for (auto at = objects_.begin(); at != objects_.end();) {
        const auto here = at++;
        if (here->second.told == round_) continue;
        auto changes = forget(here);
        gone.push_back(std::move(changes.front()));
    }
    return gone;
}

}  // namespace falconer
