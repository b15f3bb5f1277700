// A Kubernetes API without a network: straight into a store, and it may fail at any call.
#pragma once

#include "falconer/log.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/time_source.hpp"
#include "reviews.hpp"
#include "store.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <string>

namespace falconer::sandbox {

/// Whoever asked is to end here, as by kill -9.
struct killed final : std::exception {
    const char* what() const noexcept override { return "killed, as was planned"; }
};

enum class call_fate : std::uint8_t {
    goes_well,
    fails,         // and nothing was done
    is_lost,       // it was done, and no answer came
    kills_before,  // throws killed; nothing was done
    kills_after,   // throws killed; it was done
};

/// Lifetime: `store` and `time` outlive it.
class store_api final : public kube_api {
public:
    /// `call`: "patch Extension shoot--a--b/shoot-falco-service status". To begin to follow can
    /// only fail: "follow Extension".
    using fates = std::function<call_fate(const std::string& call)>;

    store_api(time_source& time, api_store& store, fates decide = {})
        : time_(time), store_(store), decide_(std::move(decide)) {}

    void decide(fates how) { decide_ = std::move(how); }
    /// Whose token is good when TokenReview asks for it.
    void know(const secret& token, api_user who) {
        users_.insert_or_assign(token.reveal(), std::move(who));
    }
    void forget(const secret& token) { users_.erase(token.reveal()); }

    task<result<value>>     get(kube_type type, kube_key key) override;
    task<result<kube_page>> list(kube_type type, kube_selection which, kube_page_request page)
        override;
    task<result<value>> create(kube_type type, kube_key key, value object, kube_write how) override;
    task<result<value>> update(kube_type type, kube_key key, value object, kube_write how) override;
    task<result<value>> merge_patch(kube_type type, kube_key key, value object, kube_write how)
        override;
    task<result<value>> apply(kube_type type, kube_key key, value object, kube_apply how) override;
    task<result<void>>  remove(kube_type type, kube_key key, kube_removal how) override;
    task<void>          follow(kube_type type, kube_selection which, kube_listener& to) override;
    task<result<std::string>> server_version() override;

private:
    template <class Work>
    auto call(std::string what, Work work) -> decltype(work());

    time_source& time_;
    api_store&   store_;
    fates        decide_;
    api_users    users_{};
};

}  // namespace falconer::sandbox
