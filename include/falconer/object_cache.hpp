// What a watch has told so far, each object reduced to what is needed of it.
#pragma once

#include "falconer/kube_object.hpp"

#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace falconer {

/// A change that matters: `before` and `after` differ, or one of them is not there.
struct object_change {
    kube_key             key{};
    std::optional<value> before{}, after{};
};

class object_cache {
public:
    /// `reduce` keeps what is used of an object; what differs in nothing else is no change.
    explicit object_cache(std::function<value(value)> reduce) : reduce_(std::move(reduce)) {}

    /// Source of the events: a watch. At init_done, whatever was known and not told again is gone.
    std::vector<object_change> take(kube_event event);

    /// Everything there was has been told at least once.
    bool         synced() const noexcept { return synced_; }
    const value* find(const kube_key& key) const;
    std::size_t  size() const noexcept { return objects_.size(); }
    template <class Visitor>
    void each(Visitor&& on) const {
        for (const auto& [key, kept] : objects_) on(key, kept.object);
    }

private:
    struct entry {
        value         object{};
        std::uint64_t told = 0;  // in which round
    };
    std::vector<object_change> apply(value object);
    std::vector<object_change> forget(std::map<kube_key, entry>::iterator at);

    std::function<value(value)> reduce_;
    std::map<kube_key, entry>   objects_{};
    std::uint64_t               round_  = 0;
    bool                        synced_ = false;
};

}  // namespace falconer
