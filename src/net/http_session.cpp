#include "http_session.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace falconer::net {
namespace {

/// What a usual event has. So much never waits for the budget: connections × 4 KiB bounds it.
constexpr std::size_t free_body = 4 * 1024;
/// And what an unusual one has.
constexpr std::size_t small_body = 16 * 1024;

/// So much of an unwanted body is read and dropped for the sake of the connection.
constexpr std::uint64_t worth_dropping = 64 * 1024;

constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

http_session::http_session(http_shop& shop, std::unique_ptr<byte_stream> peer)
    : shop_(shop), peer_(std::move(peer)), since_(shop.time.now()),
      due_(since_ + shop.opt.receive) {
    ++shop_.stats.connections;
    ++shop_.stats.parked;
    ++shop_.strangers;
}

http_session::~http_session() {
    is_known();  // it is no stranger that could leave any more
    belongs_to(nullptr);
    if (space_) park();
    --shop_.stats.parked;
    --shop_.stats.connections;
}

void http_session::enter(stage next, steady_time until) {
    stage_ = next;
    due_   = until;
}

void http_session::belongs_to(const client_name& client) {
    if (client == client_ || (client && client_ && *client == *client_)) return;
    shop_.shares.moved(client_, client);
    client_ = client;
}

void http_session::is_known() {
    if (std::exchange(stranger_, false)) --shop_.strangers;
}

void http_session::park() {
    shop_.put_back(std::move(space_));
    ++shop_.stats.parked;
}

void http_session::unpark() {
    space_ = shop_.borrow();
    --shop_.stats.parked;
}

task<void> http_session::run() {
    auto ready = co_await peer_->open();
    if (ready)
        co_await converse();
    else
        ++shop_.stats.handshake_failed;
    peer_->close();
}

task<void> http_session::converse() {
    for (;;) {
        share memory{shop_.budget};
        if (space_) memory.take(space_->in.capacity() - usual_read);
        const auto what = co_await receive(memory);
        if (what == turn::gone) co_return;
        if (what == turn::request) co_await answer();
        memory.shrink_to(space_->in.capacity() - usual_read);

        auto& reply = space_->reply;
        reply.keep_alive =
            reply.keep_alive && keep_alive_ && !shop_.closing && !shop_.opt.one_request_each;
        if (reply.status / 100 == 2) is_known();
        if (reply.keep_alive && makes_room()) {
            ++shop_.stats.closed_crowded;
            belongs_to(nullptr);  // those that are left count against the share
            reply.keep_alive = false;
        }
        const bool last = !reply.keep_alive;
        space_->out.clear();
        encode(reply, space_->out, head_only_, shop_.date());
        auto stream = head_only_ ? nullptr : std::move(reply.stream);
        reply       = {};

        bool sent = co_await write(space_->out);
        if (sent && stream) sent = co_await tell(std::move(stream));
        if (!sent) {
            ++shop_.stats.abandoned;
            co_return;
        }
        ++shop_.stats.answers;
        if (last) {
            co_await linger(memory);
            co_return;
        }
    }
}

/// From the end of one request to the end of the next, or to the point where its answer is clear.
task<http_session::turn> http_session::receive(share& memory) {
    since_     = shop_.time.now();
    head_only_ = false;
    enter(stage::idle, std::min(since_ + shop_.opt.idle, shop_.idle_end));
    for (;;) {
        if (!space_) {
            auto woken = co_await peer_->wait_readable();
            if (!woken) co_return turn::gone;
            unpark();
        }
        auto& in   = space_->in;
        auto  used = space_->decoder.feed_head(in.data());
        if (!used) co_return refuse_undecodable();
        in.consume(*used);
        if (stage_ == stage::idle && space_->decoder.started()) {
            enter(stage::receiving, shop_.time.now() + shop_.opt.receive);
        }
        if (space_->decoder.head_done()) break;
        if (in.full()) {
            const bool given = co_await room_for_input(memory);
            if (!given) co_return refuse(503, "no memory for the header in time");
        }
        const bool more = co_await receive_more();
        if (!more) co_return turn::gone;
    }
    tidy_input(memory);
    co_return co_await receive_body(memory);
}

task<http_session::turn> http_session::receive_body(share& memory) {
    auto& decoder = space_->decoder;
    auto& head    = decoder.head();
    keep_alive_   = head.keep_alive;
    head_only_    = head.method == "HEAD";

    std::optional<http_response> early;
    try {
        early = shop_.handler.screen(head);
    } catch (const std::exception&) {
        ++shop_.stats.handler_failed;
        early.emplace().status = 500;
    }
    if (head.client) {
        is_known();
        belongs_to(head.client);
    }
    const auto size = head.content_length.value_or(0);
    if (early) {
        ++shop_.stats.screened;
        const bool short_one = !decoder.chunked() && size <= worth_dropping;
        keep_alive_   = keep_alive_ && (decoder.done() || (short_one && !decoder.wants_continue()));
        space_->reply = std::move(*early);
        if (!keep_alive_ || !space_->reply.keep_alive) co_return turn::reply;
        decoder.drop_body(worth_dropping);
    } else if (size > shop_.opt.limits.body_bytes) {
        co_return refuse(413, "the body is too large");
    }

    bool asked = early || !decoder.wants_continue();
    body_room_ = free_body;
    for (;;) {
        auto& in = space_->in;
        if (!early && body_arrived() > body_room_) {
            const bool given = co_await room_for_body(memory);
            if (!given) co_return refuse(503, "no memory for the body in time");
        }
        auto used = decoder.feed(in.data());
        if (!used) co_return refuse_undecodable();
        in.consume(*used);
        if (decoder.done()) break;

        if (!std::exchange(asked, true)) {
            const bool sent = co_await write(go_on);
            if (!sent) co_return turn::gone;
            enter(stage::receiving, shop_.time.now() + shop_.opt.receive);
        }
        if (in.full() &&
            in.capacity() >= std::max<std::size_t>(large_read, shop_.opt.limits.header_bytes))
            co_return refuse(400, "a chunk's header is too long");
        if (in.full()) {
            const bool given = co_await room_for_input(memory);
            if (!given) co_return refuse(503, "no memory for the body in time");
        }
        const bool more = co_await receive_more();
        if (!more) co_return turn::gone;
    }
    tidy_input(memory);
    if (early) {
        decoder.reset();
        co_return turn::reply;
    }
    if (body_room_ > free_body)
        memory.shrink_to(decoder.head().body.size() + space_->in.capacity() - usual_read);
    co_return turn::request;
}

/// Reads once. False: the peer has gone.
task<bool> http_session::receive_more() {
    auto& in   = space_->in;
    auto  size = co_await peer_->read_some(in.space());
    if (size && *size > 0) {
        in.commit(*size);
        shop_.stats.bytes_in += *size;
        co_return true;
    }
    if (!size && size.error().code == errc::timed_out) {  // look_at() found us idle
        if (stage_ == stage::idle) park();
        co_return true;
    }
    if (stage_ == stage::receiving) ++shop_.stats.cut_short;
    co_return false;
}

/// Memory for what comes next, waiting for it if need be. Meanwhile nothing is read: TCP tells the
/// sender to wait too, and it does not count as slow.
task<bool> http_session::afford(share& memory, byte_budget::use what, std::size_t bytes) {
    if (memory.try_take(what, bytes)) co_return true;
    byte_budget::ticket mine{shop_.budget};
    const auto          left = due_ - shop_.time.now();
    enter(stage_, shop_.time.now() + shop_.opt.receive);
    waiting_         = &mine;
    const bool given = co_await memory.wait_for(what, bytes, mine);
    waiting_         = nullptr;
    if (given) enter(stage_, shop_.time.now() + left);
    co_return given;
}

/// For a header, or a chunk's, that is longer than usual.
task<bool> http_session::room_for_input(share& memory) {
    auto&      in   = space_->in;
    const auto most = std::max<std::size_t>(large_read, shop_.opt.limits.header_bytes);
    if (in.capacity() >= most) co_return true;
    const auto use   = client_ ? byte_budget::use::small : byte_budget::use::stranger;
    const bool given = co_await afford(memory, use, most - in.capacity());
    if (given) in.resize(most);
    co_return given;
}

/// As far as it has been announced, else as it may be.
std::size_t http_session::whole_body() const {
    const auto most = shop_.opt.limits.body_bytes;
    const auto said = space_->decoder.head().content_length;
    return static_cast<std::size_t>(std::min(said.value_or(most), most));
}

std::size_t http_session::body_arrived() const {
    const auto read = space_->decoder.head().body.size() + space_->in.data().size();
    return std::min(read, whole_body());
}

/// For what has been read of the body, in steps that double: not much more than twice what has
/// come.
task<bool> http_session::room_for_body(share& memory) {
    auto&      in      = space_->in;
    auto&      head    = space_->decoder.head();
    const auto whole   = whole_body();
    const auto arrived = body_arrived();
    const bool small   = arrived <= small_body && (!head.content_length || whole <= small_body);
    const auto room    = std::min(whole, std::max({arrived, small_body, 2 * body_room_}));
    auto       bytes   = room - (body_room_ > free_body ? body_room_ : 0);
    const bool widen   = room > large_read && in.capacity() < large_read;
    if (widen) bytes += large_read - in.capacity();
    const auto use   = small ? byte_budget::use::small : byte_budget::use::large;
    const bool given = co_await afford(memory, use, bytes);
    if (!given) co_return false;
    if (widen) in.resize(large_read);
    head.body.reserve(room);
    body_room_ = room;
    co_return true;
}

/// What was widened is made narrow again as soon as that will do.
void http_session::tidy_input(share& memory) {
    auto&      in    = space_->in;
    const auto extra = in.capacity() - usual_read;
    if (extra == 0 || in.data().size() > usual_read) return;
    in.resize(usual_read);
    memory.shrink_to(memory.held() - extra);
}

task<void> http_session::answer() {
    enter(stage::answering, shop_.time.now() + shop_.opt.answer);
    ++shop_.stats.requests;
    bool failed = false;
    try {
        space_->reply = co_await shop_.handler.handle(space_->decoder.take());
    } catch (const std::exception&) {
        failed = true;  // if it was our own cancellation, the next co_await throws again
    }
    if (failed) {
        ++shop_.stats.handler_failed;
        space_->reply            = {};
        space_->reply.status     = 500;
        space_->reply.keep_alive = false;
    }
}

task<bool> http_session::write(std::string_view bytes) {
    enter(stage::writing, shop_.time.now() + shop_.opt.write);
    auto sent = co_await peer_->write_all(bytes);
    if (sent) shop_.stats.bytes_out += bytes.size();
    co_return static_cast<bool>(sent);
}

/// What has no end of its own ends with the server.
task<bool> http_session::tell(std::shared_ptr<http_stream> stream) {
    for (;;) {
        enter(stage::streaming, shop_.idle_end);
        std::string piece;
        bool        failed = false;
        try {
            piece = co_await stream->next();
        } catch (const std::exception&) {
            failed = true;  // as in answer()
        }
        if (failed) {
            ++shop_.stats.handler_failed;
            co_return false;  // the peer sees that the last chunk is missing
        }
        space_->out.clear();
        append_chunk(piece, space_->out);
        const bool last = piece.empty();
        if (last) space_->out.append(last_chunk);
        piece           = {};  // not twice, for as long as the peer takes to read it
        const bool sent = co_await write(space_->out);
        if (!sent || last) co_return sent;
    }
}

/// Closing while the peer still sends would reset the connection, and our answer might be lost on
/// the way. So: our end first, and then whatever comes is read away for a while.
task<void> http_session::linger(share& memory) {
    since_ = shop_.time.now();
    enter(stage::lingering, since_ + shop_.opt.linger);
    co_await peer_->finish();
    // What has been read of the request serves nobody any more.
    space_->decoder.reset();
    space_->in.clear();
    space_->in.resize(usual_read);
    memory.shrink_to(0);
    for (;;) {
        auto size = co_await peer_->read_some(space_->in.space());
        if (!size || *size == 0) break;
    }
}

http_session::turn http_session::refuse(unsigned status, std::string_view why) {
    auto& stats = shop_.stats;
    switch (status) {
        case 413: ++stats.refused_body; break;
        case 431: ++stats.refused_header; break;
        case 503: ++stats.refused_budget; break;
        case 505: ++stats.refused_version; break;
        default: ++stats.refused_malformed;
    }
    if (space_->decoder.head_done()) shop_.handler.refused(space_->decoder.head(), status);
    keep_alive_   = false;
    auto& reply   = space_->reply;
    reply         = {};
    reply.status  = status;
    reply.body    = why;
    reply.body   += '\n';
    reply.headers.add("Content-Type", "text/plain; charset=utf-8");
    if (status == 503) reply.headers.add("Retry-After", "1");
    return turn::reply;
}

http_session::turn http_session::refuse_undecodable() {
    const auto why = space_->decoder.refusal();
    return refuse(why.status, why.why);
}

}  // namespace falconer::net
