// A Kubernetes API over HTTP, for kubectl, for Falconer's own client, and for tests that want it to
// misbehave.
#pragma once

#include "admission.hpp"
#include "falconer/log.hpp"
#include "falconer/net/http_handler.hpp"
#include "falconer/time_source.hpp"
#include "reviews.hpp"
#include "route.hpp"
#include "store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace falconer::sandbox {

/// What goes wrong with one request.
struct api_fault {
    std::chrono::milliseconds latency{0};
    unsigned                  status = 0;      // is answered instead; 0: all is well
    bool                      late   = false;  // … although the work has been done
    bool                      half   = false;  // the answer breaks off in the middle
    std::chrono::milliseconds ends{0};         // a watch is cut off after so long; 0: it is not
};

/// Serves several stores: one below "", others below a path of their own.
class api_server final : public net::http_handler {
public:
    struct options {
        secret               token{};       // of who may do everything; empty: none is asked for
        std::chrono::seconds bookmark{30};  // how often a watch is told its version
        std::chrono::seconds watch{1800};   // the longest watch
        /// Of a request. Source: apiserver, config.go, MaxRequestBodyBytes.
        std::uint64_t body_bytes = 3 * 1024 * 1024;
    };
    using fault_plan = std::function<api_fault(const net::http_request&)>;

    explicit api_server(time_source& time) : api_server(time, options{}) {}
    api_server(time_source& time, options opt);

    /// `path`: "" or "/shoots/x". Replaces what was there. The store outlives every request.
    void mount(std::string path, api_store& store);
    void unmount(const std::string& path);
    /// Somebody else whose token is good. Rights are told when they are asked for
    /// (SubjectAccessReview); nobody is kept from anything here.
    void know(const secret& token, api_user who) {
        users_.insert_or_assign(token.reveal(), std::move(who));
    }
    void plan_faults(fault_plan plan) { faults_ = std::move(plan); }
    /// From now on webhooks that are registered are called. It outlives every request.
    void admit_with(api_admission& admission) { admission_ = &admission; }

    std::optional<net::http_response> screen(net::http_request& head) override;
    task<net::http_response>          handle(net::http_request request) override;

    std::uint64_t requests() const noexcept { return requests_; }
    std::uint64_t writes() const noexcept { return writes_; }

private:
    task<net::http_response> answer(const net::http_request& request, api_fault fault);
    task<net::http_response> objects(
        api_store& store, api_route route, const net::http_request& request, api_fault fault
    );
    net::http_response reading(
        api_store& store, const api_type& type, const api_route& route,
        const net::http_request& request, const api_fault& fault
    );
    task<result<api_admitted>> writing(
        api_store& store, api_type type, const api_route& route, const net::http_request& request
    );
    net::http_response listing(
        api_store& store, const api_type& type, const api_route& route,
        const net::http_request& request
    );
    task<net::http_response> emptying(
        api_store& store, const api_type& type, const api_route& route,
        const net::http_request& request
    );
    net::http_response review(
        const api_store& store, const kube_type& type, const net::http_request& request
    ) const;
    net::http_response account_token(
        const api_store& store, const api_route& route, const net::http_request& request
    );
    /// The store with the longest mount that fits, and what is asked of it. Null: there is none.
    std::pair<api_store*, std::string_view> mounted(std::string_view target) const;
    /// Null: nobody whom we know, or no longer.
    const api_user* asker(const net::http_request& request) const;

    time_source&                                   time_;
    options                                        opt_;
    std::map<std::string, api_store*, std::less<>> stores_{};
    fault_plan                                     faults_{};
    api_users                                      users_{};
    api_admission*                                 admission_ = nullptr;
    std::uint64_t                                  requests_  = 0;
    std::uint64_t                                  writes_    = 0;
};

}  // namespace falconer::sandbox
