// The controller's end of the wire: all ingestors of the landscape, as one post office.
#pragma once

#include "fact_board.hpp"
#include "falconer/task_scope.hpp"
#include "heard_facts.hpp"
#include "ingestor_line.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace falconer::carrier {

/// There for as long as its controller leads. What it is told it keeps, the newest of each kind and
/// cluster, so that an ingestor that comes later hears it.
///
/// Lifetime : start() once, stop() before destruction; the office and the client outlive it.
/// Threading: the loop thread only.
class ingestors final : public post_office, private line_owner {
public:
    struct options {
        std::vector<net::http_place> places{};
        std::size_t                  facts = 200'000;
        ingestor_line::options       line{};
        std::chrono::seconds         again{60};   // what was refused, and what shoots have to hear
        std::chrono::seconds         token{120};  // of its five minutes: then another one
        std::function<double()>      chance = [] { return 0.5; };
    };
    /// A token for so long, from now. Errors: there is no key.
    using signer = std::function<result<std::string>(utc_time now, std::chrono::seconds lifetime)>;

    ingestors(
        asio::any_io_executor loop, time_source& time, net::http_client& client,
        shoot_office& shoots, metrics_registry& metrics, signer sign, options opt
    );

    void       start();
    task<void> stop();

    void tell(const cluster_identity& to, const cluster_message& what) override;
    /// All clusters of our seed at present: who is new is told so, who is missing has gone. Without
    /// it an ingestor that begins anew would not know whom to tell of them before their next round.
    void look_after(std::set<std::string> clusters);

    /// "https://ingest.example:3200: connection refused", of those who do not answer.
    std::vector<std::string> troubles() const;
    void                     refresh_metrics();

private:
    sender              whose() const override { return {.reign = reign_, .began = began_}; }
    void                begin_later(std::int64_t than) override;
    result<std::string> token() override;
    tell_request        facts(std::uint64_t after, std::size_t messages) const override;
    void                heard(const peer_answer& answer) override;
    void                refused(const peer_answer& answer) override;
    void                gone(const std::string& ingestor) override { heard_.forget(ingestor); }
    double              chance() const override { return opt_.chance(); }
    task<void>          repeat();
    void                take(const std::string& by, const value& wire);

    time_source&                                time_;
    metrics_registry&                           metrics_;
    signer                                      sign_;
    options                                     opt_;
    std::string                                 reign_;
    std::int64_t                                began_;
    fact_board<cluster_message>                 board_;
    heard_facts                                 heard_;
    std::set<std::string>                       refused_{};  // clusters
    std::set<std::string>                       ours_{};     // as last looked at
    std::string                                 token_{};
    steady_time                                 token_until_ = steady_time::min();
    std::vector<std::unique_ptr<ingestor_line>> lines_{};
    gauge&                                      answering_;
    gauge&                                      waiting_;
    log_gate                                    gate_{}, refusal_gate_{std::chrono::minutes(1)};
    task_scope                                  scope_;
};

}  // namespace falconer::carrier
