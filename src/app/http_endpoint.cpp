#include "http_endpoint.hpp"

#include "certificate_end.hpp"
#include "falconer/log.hpp"

namespace falconer::app {

using namespace std::chrono_literals;

http_endpoint::http_endpoint(
    std::string name, asio::any_io_executor loop, time_source& time,
    const net::http_server::options& opt, net::http_handler& handler
)
    : name_(std::move(name)), time_(time), server_(loop, time, opt, handler), scope_(loop) {}

result<void> http_endpoint::start(
    const asio::ip::tcp::endpoint& where, const std::optional<net::tls_server_context::options>& tls
) {
    if (tls) {
        auto loaded = net::tls_server_context::load(*tls, time_.utc());
        if (!loaded) return std::move(loaded).error();
        tls_ = std::move(*loaded);
    }
    if (auto listening = listen(where); !listening) return listening;
    if (tls) {
        scope_.keep(name_ + " certificates", time_, [this] {
            return tls_->watch(time_, 10s, [this](const auto& changed) { heard(changed); });
        });
        scope_.keep(name_ + " certificate's end", time_, [this] { return watch_its_end(); });
    }
    serve();
    return {};
}

void http_endpoint::serve() {
    net::http_server::wrap make = net::plain_stream;
    if (tls_) make = [this](net::tcp_socket peer) { return tls_->wrap(std::move(peer)); };
    scope_.keep(name_ + " server", time_, [this, make] { return server_.run(make); });
}

result<void> http_endpoint::present(net::tls_server_context::options certificate) {
    auto loaded = net::tls_server_context::load(std::move(certificate), time_.utc());
    if (!loaded) return std::move(loaded).error();
    tls_ = std::move(*loaded);
    return {};
}

void http_endpoint::reload() {
    if (tls_) heard(tls_->reload(time_.utc()));
}

/// That a certificate could not be read again is said once; that it ends, until somebody hears it.
task<void> http_endpoint::watch_its_end() {
    const auto clock = time_.make_bell();
    for (;;) {
        say_if_it_ends(name_, tls_->expires(), time_.utc());
        co_await clock->wait_until(time_.now() + certificate_look);
    }
}

void http_endpoint::heard(const result<bool>& changed) {
    if (!changed)
        log_of("app").error(
            "the certificate is not read again endpoint={} reason=\"{}\"", name_,
            changed.error().detail
        );
    else if (*changed)
        log_of("app").info("a new certificate is in use endpoint={}", name_);
}

task<void> http_endpoint::stop() {
    co_await server_.stop();
    co_await scope_.stop();
}

}  // namespace falconer::app
