#include "falconer/net/http_client.hpp"

#include "byte_stream.hpp"
#include "falconer/async.hpp"
#include "falconer/log.hpp"
#include "falconer/while_it_goes_on.hpp"
#include "gzip_body.hpp"
#include "http_codec.hpp"
#include "tcp_stream.hpp"
#include "tls_context.hpp"

#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace falconer::net {
namespace {

struct connection {
    std::unique_ptr<byte_stream> peer{};
    steady_time                  since{};  // idle
    bool                         reused = false;
    std::uint64_t                trust  = 0;  // with which certificates it was made
};

/// How one attempt on one connection ended.
struct attempt {
    result<http_response> answer;
    bool                  silent = true;   // not one byte came back
    bool                  intact = false;  // the connection can serve again
};

bool harmless_to_repeat(const http_request& request) {
    const auto& m = request.method;
    return m == "GET" || m == "HEAD" || m == "PUT" || m == "DELETE" || m == "OPTIONS" ||
           request.headers.find("Idempotency-Key");
}

constexpr std::size_t piece_size = 16 * 1024;  // a record of TLS

/// How often the certificate files are looked at, at most.
constexpr std::chrono::seconds between_looks{1};

/// An answer's body, unpacked if it is packed, and no longer than it may be.
class answer_body {
public:
    explicit answer_body(std::uint64_t most) : most_(most) {}

    result<void> add(const http_response& head, std::string piece) {
        if (piece.empty()) return {};
        if (!std::exchange(known_, true) && head.headers.find("Content-Encoding") == "gzip")
            packed_.emplace();
        if (packed_) return packed_->add(piece, text_, most_);
        text_ += piece;
        if (text_.size() > most_) return failure{errc::too_large, "the answer is too large"};
        return {};
    }
    result<void> finish() const {
        if (!packed_) return {};
        return packed_->finish();
    }
    std::string take() { return std::move(text_); }

private:
    std::uint64_t            most_;
    bool                     known_ = false;
    std::optional<gzip_body> packed_{};
    std::string              text_{};
};

std::string host_field(const http_place& to) {
    auto       text     = to.host.find(':') == std::string::npos ? to.host : "[" + to.host + "]";
    const auto standard = to.tls ? 443 : 80;
    if (to.port != standard) text += ":" + std::to_string(to.port);
    return text;
}

class pooled_client final : public http_client {
public:
    pooled_client(
        asio::any_io_executor loop, time_source& time, options opt,
        std::unique_ptr<tls_client_context> tls
    )
        : loop_(std::move(loop)), time_(time), opt_(std::move(opt)), tls_(std::move(tls)) {}

    task<result<http_response>> send(http_place to, http_request request) override {
        if (!request.headers.find("Host")) request.headers.add("Host", host_field(to));
        auto work   = exchange(to, std::move(request));
        auto answer = co_await with_timeout(time_, opt_.answer, std::move(work));
        if (!answer) co_return std::move(answer).error().while_doing("asking " + host_field(to));
        co_return std::move(answer);
    }

    task<result<http_response>> stream(
        http_place to, http_request request, listener hear, steady_time::duration silence
    ) override {
        if (!request.headers.find("Host")) request.headers.add("Host", host_field(to));
        auto answer = co_await listen(to, std::move(request), std::move(hear), silence);
        if (!answer) co_return std::move(answer).error().while_doing("asking " + host_field(to));
        co_return std::move(answer);
    }

private:
    task<result<http_response>> listen(
        http_place to, http_request request, listener hear, steady_time::duration silence
    ) {
        std::string bytes;
        encode(request, bytes);
        auto ready = co_await reach(to, true);
        if (!ready) co_return std::move(ready).error();
        auto sent = co_await ready->peer->write_all(bytes);
        if (!sent) co_return std::move(sent).error();
        auto last = time_.now();
        auto work = hear_all(*ready->peer, hear, last);
        co_return co_await while_it_goes_on(time_, silence, last, std::move(work));
    }

    /// `last`: when something came.
    task<result<http_response>> hear_all(
        byte_stream& peer, const listener& hear, steady_time& last
    ) {
        response_decoder             decoder{16 * 1024, response_decoder::expect::body};
        std::string                  waiting, body;
        std::array<char, piece_size> some;
        bool                         begun = false;
        while (!decoder.done()) {
            auto size = co_await peer.read_some(some);
            if (!size) co_return std::move(size).error();
            last = time_.now();
            if (*size == 0) {
                auto whole = decoder.finish();
                if (!whole) co_return std::move(whole).error();
            }
            waiting.append(some.data(), *size);
            auto used = decoder.feed(waiting);
            if (!used) co_return std::move(used).error();
            waiting.erase(0, *used);
            const auto piece = decoder.take_body();
            if (!decoder.header_done()) continue;
            const bool good = decoder.head().status < 300;
            if (good && !std::exchange(begun, true) && !hear({})) co_return decoder.head();
            if (piece.empty()) continue;
            if (good) {
                if (!hear(piece)) co_return decoder.head();
            } else if (body.size() + piece.size() <= opt_.body_bytes) {
                body += piece;
            }
        }
        auto head = decoder.head();
        head.body = std::move(body);
        co_return std::move(head);
    }

    task<result<http_response>> exchange(http_place to, http_request request) {
        std::string bytes;
        encode(request, bytes);
        const auto expect = request.method == "HEAD" ? response_decoder::expect::no_body
                                                     : response_decoder::expect::body;
        bool       fresh  = false;
        for (;;) {
            auto ready = co_await reach(to, fresh);
            if (!ready) co_return std::move(ready).error();
            auto tried = co_await try_on(*ready->peer, bytes, expect);
            if (tried.answer) {
                const bool again = tried.intact && request.keep_alive && tried.answer->keep_alive;
                if (again) keep(to, std::move(*ready));
                co_return std::move(tried.answer);
            }
            const bool ended =
                ready->reused && tried.silent && tried.answer.error().code == errc::unavailable;
            if (!ended || !harmless_to_repeat(request)) co_return std::move(tried.answer);
            fresh = true;
        }
    }

    /// Certificates that were renewed count from now on: connections of before are not kept any
    /// longer, as client-go closes its own. Source: client-go, transport/cert_rotation.go.
    void look_at_certificates() {
        const auto now = time_.now();
        if (now < next_look_) return;
        next_look_         = now + between_looks;
        const auto changed = tls_->reload(time_.utc());
        if (!changed) {
            log_of("net").warn("renewed certificates cannot be used: {}", changed.error().detail);
        } else if (*changed) {
            log_of("net").info("renewed certificates are used from now on");
            ++trust_;
            idle_.clear();
        }
    }

    task<result<connection>> reach(http_place to, bool fresh) {
        if (to.tls) look_at_certificates();
        auto& kept = idle_[to];
        while (!fresh && !kept.empty()) {
            auto last = std::move(kept.back());
            kept.pop_back();
            last.reused = true;
            if (time_.now() - last.since < opt_.idle) co_return std::move(last);
        }
        auto work = open(to);
        auto made = co_await with_timeout(time_, opt_.connect, std::move(work));
        if (!made) co_return std::move(made).error();
        co_return std::move(*made);
    }

    task<result<connection>> open(http_place to) {
        auto service = std::to_string(to.port);
        auto socket  = co_await connect(loop_, to.host, service, opt_.policy.get());
        if (!socket) co_return std::move(socket).error();
        connection made;
        made.trust = trust_;
        if (to.tls)
            made.peer = tls_client_stream(
                std::move(*socket), tls_->now(),
                opt_.server_name.empty() ? to.host : opt_.server_name,
                opt_.anybody ? server_check::none : server_check::named
            );
        else
            made.peer = plain_stream(std::move(*socket));
        auto ready = co_await made.peer->open();
        if (!ready) co_return std::move(ready).error();
        co_return std::move(made);
    }

    task<attempt> try_on(
        byte_stream& peer, std::string_view bytes, response_decoder::expect expect
    ) {
        auto sent = co_await peer.write_all(bytes);
        if (!sent) co_return attempt{.answer = std::move(sent).error()};

        response_decoder             decoder{16 * 1024, expect};
        std::string                  waiting;
        answer_body                  body(opt_.body_bytes);
        std::array<char, piece_size> some;
        bool                         silent = true;
        for (;;) {
            auto size = co_await peer.read_some(some);
            if (!size) co_return attempt{.answer = std::move(size).error(), .silent = silent};
            if (*size == 0) {
                auto whole = silent ? result<void>(failure{errc::unavailable, "the peer hung up"})
                                    : decoder.finish();
                if (!whole) co_return attempt{.answer = std::move(whole).error(), .silent = silent};
            }
            silent = false;
            waiting.append(some.data(), *size);
            for (;;) {
                auto used = decoder.feed(waiting);
                if (!used) co_return attempt{.answer = std::move(used).error(), .silent = false};
                waiting.erase(0, *used);
                const bool interim = decoder.done() && decoder.head().status < 200;
                if (!interim) break;
                decoder = response_decoder{16 * 1024, expect};  // 100 Continue and the like
            }
            if (!decoder.header_done()) continue;
            auto taken = body.add(decoder.head(), decoder.take_body());
            if (taken && decoder.done()) taken = body.finish();
            if (!taken) co_return attempt{.answer = std::move(taken).error(), .silent = false};
            if (decoder.done()) break;
        }
        auto head = decoder.head();
        head.body = body.take();
        co_return attempt{.answer = std::move(head), .silent = false, .intact = waiting.empty()};
    }

    void keep(const http_place& to, connection one) {
        if (to.tls && one.trust != trust_) return;
        auto& kept = idle_[to];
        if (kept.size() >= opt_.spare) return;
        one.since  = time_.now();
        one.reused = false;
        kept.push_back(std::move(one));
    }

    asio::any_io_executor                         loop_;
    time_source&                                  time_;
    options                                       opt_;
    std::unique_ptr<tls_client_context>           tls_;
    std::uint64_t                                 trust_     = 0;  // counts renewals
    steady_time                                   next_look_ = steady_time::min();
    std::map<http_place, std::vector<connection>> idle_{};
};

}  // namespace

result<http_place> parse_place(std::string_view url) {
    const auto bad = [url](std::string_view why) {
        return failure{errc::malformed, "\"" + std::string(url) + "\" " + std::string(why)};
    };
    http_place       place;
    std::string_view rest = url;
    if (rest.starts_with("https://")) {
        place = {.tls = true, .host = {}, .port = 443};
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        return bad("begins with neither http:// nor https://");
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.find_first_of("/?#@ ") != std::string_view::npos)
        return bad("should be a scheme, a host and perhaps a port");

    const bool bracketed = rest.starts_with('[');
    const auto host_end  = bracketed ? rest.find(']') : rest.find(':');
    if (bracketed && host_end == std::string_view::npos) return bad("has no closing bracket");
    place.host = rest.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0));
    if (place.host.empty()) return bad("names no host");
    rest.remove_prefix(std::min(rest.size(), bracketed ? host_end + 1 : host_end));
    if (rest.empty()) return place;

    const auto  number    = rest.substr(1);
    const auto* end       = number.data() + number.size();
    const auto [stop, ec] = std::from_chars(number.data(), end, place.port);
    if (rest.front() != ':' || ec != std::errc{} || stop != end || place.port == 0)
        return bad("has a port that is not a number from 1 to 65535");
    return place;
}

result<std::unique_ptr<http_client>> make_http_client(
    asio::any_io_executor loop, time_source& time, http_client::options opt
) {
    auto tls = tls_client_context::load(
        {.ca = opt.ca, .certificate = opt.certificate, .key = opt.key, .anybody = opt.anybody},
        time.utc()
    );
    if (!tls) return std::move(tls).error();
    return std::unique_ptr<http_client>(
        std::make_unique<pooled_client>(std::move(loop), time, std::move(opt), std::move(*tls))
    );
}

}  // namespace falconer::net
