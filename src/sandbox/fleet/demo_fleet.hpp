// Clusters that do not exist, posting events that did not happen, over real HTTP with real tokens.
#pragma once

#include "event_generator.hpp"
#include "falconer/ids.hpp"
#include "falconer/net/http_client.hpp"
#include "falconer/task_scope.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace falconer::sandbox {

/// The identity of demo cluster `number`: as Gardener would name it, the same at every start.
cluster_identity demo_cluster(std::size_t number);

/// Each cluster posts as Falcosidekick's webhook output does: one request at a time, and what is
/// refused is lost.
///
/// Lifetime : await stop() before destruction.
class demo_fleet {
public:
    struct options {
        net::http_place      to{};
        double               events_per_second = 1;          // of each cluster, on average
        std::chrono::seconds renew{std::chrono::hours{24}};  // long before a token's end
        /// With what a cluster's heartbeats prove themselves; asked with each token. Empty:
        /// nothing.
        std::function<secret(const cluster_identity&)> heartbeat_key{};
        std::string acknowledged_log{};  // a line per uuid, written when its 2xx has come
    };
    /// A token for a cluster; asked when it joins, every `renew`, and after every 401. Empty: it
    /// has none any more, and leaves.
    using token_maker = std::function<std::string(const cluster_identity&)>;

    struct figures {
        std::uint64_t acknowledged = 0;
        std::uint64_t refused      = 0;        // answered, but not with 2xx
        std::uint64_t failed       = 0;        // not answered
        double        p50_ms = 0, p99_ms = 0;  // of the last answers
    };

    demo_fleet(asio::any_io_executor loop, time_source& time, options opt, token_maker tokens);
    ~demo_fleet();

    /// Errors: unavailable, when the log cannot be written.
    result<void> start();
    /// Posts from now on, if it does not yet.
    void        join(const cluster_identity& who);
    task<void>  stop();
    figures     seen() const;
    std::size_t size() const noexcept { return joined_.size(); }

private:
    task<void> take_part(cluster_identity who, std::uint64_t seed);
    task<void> run(const cluster_identity& who, std::uint64_t seed);
    task<bool> post(const std::string& token, std::string body);
    void       note(const std::string& body);

    time_source&                      time_;
    options                           opt_;
    token_maker                       tokens_;
    std::unique_ptr<net::http_client> client_;
    int                               log_ = -1;
    figures                           seen_{};
    std::set<std::string>             joined_{};
    std::array<float, 2048>           latest_{};  // milliseconds
    std::size_t                       answers_ = 0;
    asio::any_io_executor             loop_;
    task_scope                        scope_;
};

}  // namespace falconer::sandbox
