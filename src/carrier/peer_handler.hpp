// The ingestor's end of the wire: controllers tell it what clusters must know, and hear from it
// what shoots must know.
#pragma once

#include "envelopes.hpp"
#include "fact_board.hpp"
#include "falconer/log.hpp"
#include "falconer/metrics.hpp"
#include "falconer/net/http_handler.hpp"
#include "falconer/ports/token_check.hpp"
#include "ownership.hpp"
#include "peer_state.hpp"

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

namespace falconer::carrier {

/// Of the cluster that a controller's token names: no cluster's, and no other audience's.
inline constexpr std::string_view controller_prefix = "controller:";

/// POST /peer/v1/tell and /peer/v1/hear. Whatever one peer sends or leaves out costs nobody else
/// anything: it is refused with a reason, and counted.
///
/// Lifetime : the office outlives it. close() before the server is drained.
/// Threading: the loop thread only.
class peer_handler final : public net::http_handler, public shoot_office {
public:
    struct options {
        std::chrono::milliseconds longest_wait{20'000};
        std::size_t               waiting_each = 4;  // requests to hear, of one seed
        std::size_t               body_bytes   = 1024 * 1024;
        std::size_t               batch        = 1000;  // messages in an answer
        std::size_t               facts        = 200'000;
        ownership::options        owners{};
        /// Told what a controller has told, once it has been passed on; for those beside us.
        std::function<void(const cluster_identity&, const cluster_message&)> heard{};
    };

    peer_handler(
        time_source& time, token_check& tokens, post_office& clusters, metrics_registry& metrics,
        options opt
    );

    static bool is_ours(std::string_view target);

    std::optional<net::http_response> screen(net::http_request& head) override;
    void                     refused(const net::http_request& head, unsigned status) override;
    task<net::http_response> handle(net::http_request request) override;

    /// From the clusters' side, for whichever controller looks after it.
    void tell(const cluster_identity& to, const shoot_message& what) override;

    /// A controller in our own process speaks for that cluster, or does so no longer.
    void own(const cluster_identity& which, const std::string& seed);
    void disown(const cluster_identity& which, const std::string& seed);

    /// Who waits is answered at once, and nobody may wait any more.
    void close();
    void refresh_metrics();

    const std::string& name() const noexcept { return name_; }

private:
    struct visit {
        std::string seed{};
    };
    class seat;

    net::http_response                refuse(unsigned status, const char* reason, std::string why);
    std::optional<net::http_response> check_token(net::http_request& head);
    net::http_response                tell_all(const std::string& seed, const tell_request& told);
    task<net::http_response>          hear_news(std::string seed, hear_request asked);
    std::optional<net::http_response> check_sender(
        const std::string& seed, peer_state::path which, const sender& from
    );
    void take_message(const std::string& seed, const value& wire, peer_answer& into);
    void apply(const std::string& seed, const cluster_identity& to, const cluster_message& what);
    bool may_speak(const std::string& seed, const std::string& cluster, peer_answer& into);
    void count_refused(const char* reason, const std::string& seed, const std::string& what);
    peer_answer news_of(const std::string& seed, std::uint64_t after) const;

    time_source&                      time_;
    token_check&                      tokens_;
    post_office&                      clusters_;
    metrics_registry&                 metrics_;
    options                           opt_;
    std::string                       name_;
    ownership                         owners_;
    fact_board<shoot_message>         board_;
    std::map<std::string, peer_state> peers_{};  // by seed
    std::list<bell*>                  waiting_{};
    bool                              closed_ = false;
    gauge&                            heard_of_;
    log_gate                          request_gate_{}, message_gate_{};
};

}  // namespace falconer::carrier
