// One watch: what it has told, who hears of it, and whether it is in trouble.
#pragma once

#include "falconer/log.hpp"
#include "falconer/object_cache.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/time_source.hpp"

#include <functional>
#include <string>
#include <utility>

namespace falconer::actors {

/// Lifetime: outlives what run() gives; borrows `api` and `synced`, which is rung when everything
/// there is has been told.
class one_watch final : public kube_listener {
public:
    using handler = std::function<void(const object_change&)>;

    one_watch(
        std::string name, kube_api& api, kube_type type, kube_selection which,
        std::function<value(value)> reduce, handler on, bell& synced
    )
        : name_(std::move(name)), api_(api), type_(std::move(type)), which_(std::move(which)),
          cache_(std::move(reduce)), on_(std::move(on)), synced_(synced) {}

    void heard(kube_event event) override {
        goes_on();
        const bool before = cache_.synced();
        for (const auto& change : cache_.take(std::move(event))) on_(change);
        if (before || !cache_.synced()) return;
        synced_.ring();
        if (when_synced_) when_synced_();
    }
    void troubled(const failure& why) override {
        if (trouble_.empty())
            log_of("watch").warn("has trouble what={} reason=\"{}\"", name_, why.detail);
        trouble_ = name_ + ": " + why.detail;
    }
    void goes_on() override {
        if (!trouble_.empty()) log_of("watch").info("goes on what={}", name_);
        trouble_.clear();
    }

    void when_synced(std::function<void()> then) { when_synced_ = std::move(then); }

    task<void>          run() { return api_.follow(type_, which_, *this); }
    const std::string&  name() const noexcept { return name_; }
    const std::string&  trouble() const noexcept { return trouble_; }
    bool                is_of(const kube_api& api) const noexcept { return &api_ == &api; }
    const object_cache& cache() const noexcept { return cache_; }

private:
    std::string           name_;
    kube_api&             api_;
    kube_type             type_;
    kube_selection        which_;
    object_cache          cache_;
    handler               on_;
    bell&                 synced_;
    std::function<void()> when_synced_{};
    std::string           trouble_{};
};

}  // namespace falconer::actors
