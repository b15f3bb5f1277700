// Keeps our certificates and our registration at the garden's API server; every replica has one.
#pragma once

#include "falconer/metrics.hpp"
#include "falconer/ports/kube_api.hpp"
#include "falconer/task_scope.hpp"
#include "falconer/time_source.hpp"
#include "webhook_certificates.hpp"
#include "webhook_configurations.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace falconer::admissions {

/// The Secret in the source cluster is what all replicas share; whoever sees first that a step is
/// due takes it, under an optimistic lock. Whatever is missing is added by everybody; what somebody
/// has changed is put right by the one who leads.
///
/// Lifetime : start() once; stop() before destruction.
/// Threading: the loop thread only.
class webhook_keeper {
public:
    struct options {
        std::string     namespace_name{};  // of the Secret
        std::string     secret = "gardener-extension-admission-shoot-falco-service-webhook";
        webhook_address address{};
        std::string     owner_namespace{};  // empty: the configurations have no owner
        webhook_certificate_policy policy{};
        std::chrono::seconds       every{300};  // looked at, even if nothing is heard
        std::function<double()>    chance{};    // evenly between 0 and 1
    };
    /// New connections get it from now on.
    using presenter = std::function<result<void>(const falco::key_pair&)>;

    /// `source` may be `garden`.
    webhook_keeper(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics, kube_api& source,
        kube_api& garden, options opt, presenter present
    );
    ~webhook_keeper();

    void       start();
    task<void> stop() { return scope_.stop(); }
    void       lead(bool is);

    /// Why nobody can call us; empty: a certificate that is trusted is presented.
    std::string missing() const;

private:
    class ear;
    struct findings;

    task<void>             run();
    task<result<utc_time>> look();
    task<result<findings>> read();
    task<result<value>>    find(kube_api& api, kube_type type, kube_key key);
    task<result<value>>    write(kube_api& api, kube_type type, kube_key key, value object);
    task<result<bool>>     publish(const findings& found, const std::string& trust);
    result<utc_time>       present(const webhook_certificate_plan& plan);
    task<void>             find_owner();
    task<void>             pause(steady_time until);

    time_source& time_;
    kube_api&    source_;
    kube_api&    garden_;
    options      opt_;
    presenter    present_;
    counter&     writes_;
    counter&     failures_;
    gauge&       expires_;

    webhook_owner   owner_{};
    bool            leads_ = false;
    std::string     why_   = "no certificate has been looked for yet";
    falco::key_pair presented_{};
    std::string     presented_authority_{};
    std::string     trusted_{};        // an authority that all bundles hold
    utc_time        trusted_since_{};  // … and since when we know

    std::unique_ptr<bell>               bell_;
    std::array<std::unique_ptr<ear>, 3> ears_;
    task_scope                          scope_;
};

}  // namespace falconer::admissions
