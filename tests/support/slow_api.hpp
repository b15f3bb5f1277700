// A Kubernetes API whose requests and answers take as long as a test says, so that two who write at
// once come between each other's calls.
#pragma once

#include "falconer/ports/kube_api.hpp"
#include "falconer/time_source.hpp"

#include <functional>
#include <string>
#include <utility>

namespace falconer::test {

/// What is cancelled while its answer is on the way has been done nevertheless, as over a network.
/// Lifetime: `to` and `time` outlive it.
class slow_api final : public kube_api {
public:
    /// `call`: "patch Extension shoot--a--b/shoot-falco-service". Both may be zero.
    struct delay {
        steady_time::duration there{0}, back{0};
    };
    using delays = std::function<delay(const std::string& call)>;

    slow_api(kube_api& to, time_source& time) : to_(to), time_(time) {}

    void take(delays how) { delays_ = std::move(how); }

    task<result<value>> get(kube_type type, kube_key key) override {
        if (!delays_) return to_.get(std::move(type), std::move(key));
        auto call = "get " + type.kind + ' ' + key.text();
        return slowly(std::move(call), [this, type, key] { return to_.get(type, key); });
    }
    task<result<kube_page>> list(kube_type type, kube_selection which, kube_page_request page)
        override {
        return to_.list(std::move(type), std::move(which), std::move(page));
    }
    task<result<value>> create(kube_type type, kube_key key, value object, kube_write how)
        override {
        if (!delays_) return to_.create(type, key, std::move(object), how);
        auto call = "create " + type.kind + ' ' + key.text();
        return slowly(std::move(call), [this, type, key, object, how] {
            return to_.create(type, key, object, how);
        });
    }
    task<result<value>> update(kube_type type, kube_key key, value object, kube_write how)
        override {
        if (!delays_) return to_.update(type, key, std::move(object), how);
        auto call = "update " + type.kind + ' ' + key.text();
        return slowly(std::move(call), [this, type, key, object, how] {
            return to_.update(type, key, object, how);
        });
    }
    task<result<value>> merge_patch(kube_type type, kube_key key, value object, kube_write how)
        override {
        if (!delays_) return to_.merge_patch(type, key, std::move(object), how);
        auto call = "patch " + type.kind + ' ' + key.text() +
                    (how.part == kube_part::status ? " status" : "");
        return slowly(std::move(call), [this, type, key, object, how] {
            return to_.merge_patch(type, key, object, how);
        });
    }
    task<result<value>> apply(kube_type type, kube_key key, value object, kube_apply how) override {
        return to_.apply(std::move(type), std::move(key), std::move(object), std::move(how));
    }
    task<result<void>> remove(kube_type type, kube_key key, kube_removal how) override {
        if (!delays_) return to_.remove(type, key, how);
        auto call = "delete " + type.kind + ' ' + key.text();
        return slowly(std::move(call), [this, type, key, how] {
            return to_.remove(type, key, how);
        });
    }
    task<void> follow(kube_type type, kube_selection which, kube_listener& to) override {
        return to_.follow(std::move(type), std::move(which), to);
    }
    task<result<std::string>> server_version() override { return to_.server_version(); }

private:
    template <class Work>
    auto slowly(std::string call, Work work) -> decltype(work()) {
        const auto takes = delays_(call);
        const auto clock = time_.make_bell();
        if (takes.there.count() > 0) co_await clock->wait_until(time_.now() + takes.there);
        auto begun = work();
        auto done  = co_await std::move(begun);
        if (takes.back.count() > 0) co_await clock->wait_until(time_.now() + takes.back);
        co_return done;
    }

    kube_api&    to_;
    time_source& time_;
    delays       delays_{};
};

}  // namespace falconer::test
