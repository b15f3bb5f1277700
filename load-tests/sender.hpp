// The load itself: many connections on one thread, each with at most one request in flight, as a
// Falcosidekick has. epoll directly, because what the sender costs is missing to the one it
// measures.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "channel.hpp"
#include "histogram.hpp"
#include "requests.hpp"
#include "target.hpp"

namespace falconer::load {

struct load_options {
    std::size_t connections{64};
    std::size_t idle_connections{0};  ///< post one event each, then stay open and silent
    double      rate{0};  ///< Units: requests per second, offered (open loop); 0: closed loop
    std::chrono::duration<double> length{5.0};
    std::chrono::duration<double> warm_up{0.0
    };  ///< not in the latencies and rates, but in the counts
    std::uint64_t requests{0};    ///< end after so many new events; 0: by length alone
    double        duplicates{0};  ///< share of sendings that repeat an acknowledged event
    bool retry{false};  ///< offer an unanswered or refused event again until it is answered
    std::chrono::duration<double> answer_limit{60.0};
    std::chrono::duration<double> drain{10.0};  ///< wait so long for the last answers
    std::string acknowledged{};                 ///< file for the uuids (16 bytes each) answered 2xx
    std::string offered{};                      ///< file for the uuids of all new events
};

struct load_report {
    std::uint64_t sent{0}, answered{0}, offered{0}, duplicates{0}, replayed{0};
    std::uint64_t unanswered{0};  ///< given up: reset, refused connection, no answer in time
    std::uint64_t in_flight{0};   ///< still without an answer when the drain was over
    std::uint64_t not_sent{0};    ///< open loop: due, but no connection became free
    std::uint64_t connects{0}, idle_open{0};
    std::map<int, std::uint64_t>         status{};
    std::map<std::string, std::uint64_t> errors{};
    histogram                            latency{};
    std::uint64_t measured{0};  ///< answers 2xx after the warm-up and before the end
    double        measured_seconds{0};
    double        cpu_seconds{0};  ///< of this process, from first to last request
};

class sender {
public:
    using clock = std::chrono::steady_clock;

    sender(load_options options, target to, const tls_settings* tls, request_book& book);
    ~sender();
    sender(const sender&)            = delete;
    sender& operator=(const sender&) = delete;

    /// Sends until the time or the count is over, or `stop` becomes non-zero. Call once.
    load_report run(const volatile int& stop);

private:
    enum class phase { closed, connecting, free, waiting };
    struct connection {
        channel           wire{};
        phase             state{phase::closed};
        bool              again{false};  ///< `event` is still to be answered and is sent next
        bool              idle{false};   ///< sends once only
        bool              done{false};   ///< idle and has sent
        event_record      event{};
        clock::time_point due{};  ///< the latency counts from here
        clock::time_point sent{};
        clock::time_point not_before{};  ///< a pause after an error
        std::string       out{};         ///< what the socket has not taken yet
        std::size_t       out_at{0};
        std::string       in{};  ///< an answer that came in pieces
    };

    void        post_idle(const volatile int& stop);
    void        turn(clock::duration longest);
    void        offer();
    void        start(connection& c, clock::time_point due);
    void        send(connection& c);
    void        connect(connection& c);
    void        on_event(connection& c, std::uint32_t what);
    void        flush(connection& c);
    void        receive(connection& c);
    bool        take_answer(connection& c, std::string_view bytes);
    void        answered(connection& c, int status, bool closing);
    void        lost(connection& c, const char* why);
    void        settle(connection& c);
    void        sweep();
    bool        may_begin() const;
    std::size_t in_flight() const;

    load_options                             options_;
    target                                   to_;
    const tls_settings*                      tls_;
    request_book&                            book_;
    load_report                              report_{};
    int                                      epoll_{-1};
    std::vector<std::unique_ptr<connection>> connections_{};
    std::deque<connection*>   again_{};  ///< to be sent again, the longest waiting first
    std::deque<connection*>   free_{};   ///< longest free first, so that all of them send
    std::vector<event_record> past_{};   ///< acknowledged events that may be repeated
    std::size_t               past_at_{0};
    std::mt19937_64           random_{std::random_device{}()};
    clock::time_point         begin_{}, measure_from_{}, end_{}, next_sweep_{}, now_{};
    std::uint64_t             slots_taken_{0};  ///< open loop: the n-th is due at begin_ + n / rate
    bool                      running_{false};
    std::FILE*                acknowledged_{nullptr};
    std::FILE*                offered_{nullptr};
};

}  // namespace falconer::load
