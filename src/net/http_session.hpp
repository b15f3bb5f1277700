// One connection's conversation: request, answer, request, answer.
#pragma once

#include "byte_budget.hpp"
#include "byte_buffer.hpp"
#include "byte_stream.hpp"
#include "client_shares.hpp"
#include "falconer/net/http_handler.hpp"
#include "falconer/task_scope.hpp"
#include "falconer/time_source.hpp"
#include "http_codec.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace falconer::net {

inline constexpr std::size_t usual_read = 4 * 1024;   // takes in a usual request whole
inline constexpr std::size_t large_read = 16 * 1024;  // for long headers and large bodies

struct http_server_options {
    http_limits limits{};
    std::size_t body_budget = 64 * 1024 * 1024;  // bytes of unfinished requests, all together
    std::size_t connections = 8192;              // further ones wait in the kernel's backlog
    std::chrono::seconds      idle{120};         // between two requests
    std::chrono::seconds      receive{15};  // from the first byte to the last, and TLS handshake
    std::chrono::seconds      answer{45};   // from the last byte to the handler's answer
    std::chrono::seconds      write{15};    // for the peer to take the answer
    std::chrono::seconds      linger{3};    // for the peer to finish after our last answer
    std::chrono::seconds      park{2};      // idle for so long: the read buffer is put away
    std::chrono::seconds      stranger{2};  // in a crowd: to be known by
    std::chrono::milliseconds sweep{500};   // how late an overdue connection may be noticed
    /// Whoever goes away while it is being answered gets no answer, and the handler is cancelled
    /// within `sweep`. Not for senders who close their side and listen on.
    bool leave_with_peer = false;
    /// For few places and many who look in: nobody keeps one after the answer.
    bool one_request_each = false;
};

/// Counted from the start, but for the gauges at the end.
struct http_statistics {
    std::uint64_t accepted         = 0;  // connections
    std::uint64_t handshake_failed = 0;
    std::uint64_t closed_handshake = 0;  // by deadline: TLS took too long
    std::uint64_t closed_idle      = 0;  // … nothing asked for
    std::uint64_t closed_receive   = 0;  // … a request that did not end
    std::uint64_t closed_answer    = 0;  // … the handler took too long
    std::uint64_t closed_write     = 0;  // … the peer did not take its answer
    std::uint64_t closed_crowded   = 0;  // made room: unknown or beyond its client's share

    std::uint64_t requests          = 0;  // handed to the handler
    std::uint64_t screened          = 0;  // answered by the handler before the body was read
    std::uint64_t refused_malformed = 0;  // 400, 417
    std::uint64_t refused_header    = 0;  // 431
    std::uint64_t refused_body      = 0;  // 413
    std::uint64_t refused_version   = 0;  // 505
    std::uint64_t refused_budget    = 0;  // 503: no memory for it in time
    std::uint64_t cut_short         = 0;  // the peer went away within a request
    std::uint64_t handler_failed    = 0;  // threw; answered with 500
    std::uint64_t abandoned         = 0;  // the peer had gone when its answer was ready
    std::uint64_t answers           = 0;  // written whole
    std::uint64_t bytes_in          = 0;
    std::uint64_t bytes_out         = 0;

    std::size_t connections  = 0;  // open now
    std::size_t parked       = 0;  // of these, holding no buffer
    std::size_t body_bytes   = 0;  // held of the budget now
    std::size_t body_waiting = 0;  // requests that wait for a share of it now
    std::size_t crowded      = 0;  // 1: all places are taken, and somebody waits for one
};

/// What a session needs only while it is busy. An idle one does without.
struct http_workspace {
    explicit http_workspace(http_limits limits);

    byte_buffer     in;
    request_decoder decoder;
    http_response   reply{};
    std::string     out{};
};

/// What the sessions of one server share.
struct http_shop {
    http_shop(
        asio::any_io_executor loop, time_source& clock, http_server_options& how, http_handler& who
    )
        : time(clock), opt(how), handler(who), budget(std::move(loop), how.body_budget) {}

    std::unique_ptr<http_workspace> borrow();
    void                            put_back(std::unique_ptr<http_workspace> space);

    /// The field of every answer, made once a second.
    std::string_view date();

    time_source&               time;
    const http_server_options& opt;
    http_handler&              handler;
    byte_budget                budget;
    http_statistics            stats{};
    bool                       closing  = false;  // every answer is its connection's last
    steady_time                idle_end = never;  // and who asks for nothing leaves then

    /// All places are taken, and somebody waits for one.
    bool          crowded = false;
    client_shares shares{};
    std::size_t   strangers = 0;  // connections that nobody has vouched for yet

    /// Of connections: what a client keeps in a crowd, and all strangers together.
    std::size_t share() const { return shares.share_of(opt.connections); }

private:
    std::chrono::sys_seconds                     dated_{};
    std::string                                  date_;
    std::vector<std::unique_ptr<http_workspace>> spare_;
};

/// Lifetime : borrows `shop`. run() once; it ends with the connection.
class http_session {
public:
    http_session(http_shop& shop, std::unique_ptr<byte_stream> peer);
    ~http_session();

    task<void> run();

    /// Now and then: closes what is overdue, puts away what is idle.
    void look_at(steady_time now);

    /// Whether it may be asked to make room for somebody who waits: it is not being answered, and
    /// it is a stranger's or one of a client that has more than its share. (Those that are never
    /// idle leave with their next answer.)
    bool        could_leave(steady_time now) const;
    steady_time since() const { return since_; }  // it has asked for nothing whole
    void        leave_the_crowd();

    /// How a handler that takes too long is ended.
    void may_be_cancelled_by(task_scope::grip grip) { grip_ = grip; }

    /// An idle connection ends by `when`.
    void hurry(steady_time when);

private:
    enum class stage { handshake, idle, receiving, answering, writing, streaming, lingering };
    enum class turn { request, reply, gone };  // reply: it has been decided before the handler

    task<void> converse();
    using share = byte_budget::share;

    task<turn> receive(share& memory);
    task<turn> receive_body(share& memory);
    task<bool> receive_more();
    task<bool> afford(share& memory, byte_budget::use what, std::size_t bytes);
    task<bool> room_for_input(share& memory);
    task<bool> room_for_body(share& memory);
    void       tidy_input(share& memory);

    std::size_t whole_body() const;
    std::size_t body_arrived() const;
    task<void>  answer();
    task<bool>  write(std::string_view bytes);
    task<bool>  tell(std::shared_ptr<http_stream> stream);
    task<void>  linger(share& memory);
    turn        screened(http_response reply);
    turn        refuse(unsigned status, std::string_view why);
    turn        refuse_undecodable();
    bool        makes_room() const;
    void        belongs_to(const client_name& client);
    void        is_known();
    void        enter(stage next, steady_time until);
    void        park();
    void        unpark();

    http_shop&                      shop_;
    std::unique_ptr<byte_stream>    peer_;
    std::unique_ptr<http_workspace> space_{};              // none while parked
    byte_budget::ticket*            waiting_   = nullptr;  // for the budget
    std::size_t                     body_room_ = 0;        // so large the body may be for now
    steady_time                     since_;                // the stage began
    steady_time                     due_;                  // look_at() ends it
    stage                           stage_      = stage::handshake;
    bool                            head_only_  = false;  // the request was HEAD
    bool                            stranger_   = true;   // no client's, and never answered 2xx
    bool                            keep_alive_ = true;
    client_name                     client_{};
    task_scope::grip                grip_{};
};

}  // namespace falconer::net
