// What ingestors that share a store tell each other, by NOTIFY.
#pragma once

#include "falconer/log.hpp"
#include "falconer/messages_wire.hpp"
#include "pg_connection.hpp"

#include <asio/any_io_executor.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace falconer::store {

/// A post office whose clusters are all other ingestors': what it is told they hear, and what they
/// tell our clusters hear. Only what was seen travels (heartbeats, budgets that are spent): whoever
/// may connect to the store can notify, so nothing that decides over tokens is believed here.
///
/// Nobody waits for it. While the store is away the newest of each kind and cluster waits, within a
/// bound. Threading: the loop thread only.
class ingestor_notices final : public post_office {
public:
    struct options {
        pg_options                postgres{};
        std::chrono::milliseconds query_limit{5'000};
        std::chrono::milliseconds look{60'000};
        std::chrono::milliseconds pause{1'000};      // after a failure; doubles up to `look`
        std::chrono::milliseconds collect{1'000};    // so that one notice carries many
        std::size_t               waiting = 50'000;  // facts
    };

    ingestor_notices(
        asio::any_io_executor loop, time_source& time, post_office& clusters, options opt
    );

    void tell(const cluster_identity& to, const cluster_message& what) override;

    /// Until cancelled, both. A store that cannot be reached is no end.
    task<void> listen();
    task<void> send();

    std::uint64_t heard() const noexcept { return heard_; }  // messages taken
    std::size_t   waiting() const noexcept { return waiting_.size(); }

private:
    using key = std::pair<std::string, std::size_t>;  // cluster, kind

    task<result<void>> hear_on();
    task<result<void>> send_all();
    void               take(std::string_view payload);
    std::string        next_payload(std::vector<key>& of) const;
    void               complain(const char* doing, const failure& why);

    asio::any_io_executor          loop_;
    time_source&                   time_;
    post_office&                   clusters_;
    options                        opt_;
    std::string                    name_;
    std::map<key, cluster_message> waiting_{};
    std::unique_ptr<bell>          news_;
    pg_connection::ptr             listening_{}, sending_{};
    std::uint64_t                  heard_ = 0;
    log_gate                       gate_{std::chrono::minutes(1)}, odd_gate_{};
};

}  // namespace falconer::store
