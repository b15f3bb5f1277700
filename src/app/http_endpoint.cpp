#include "http_endpoint.hpp"

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
    if (tls)
        scope_.spawn("certificates", tls_->watch(time_, 10s, [this](const auto& changed) {
            heard(changed);
        }));
    serve();
    return {};
}

void http_endpoint::serve() {
    net::http_server::wrap make = net::plain_stream;
    if (tls_) make = [this](net::tcp_socket peer) { return tls_->wrap(std::move(peer)); };
    scope_.spawn("server", server_.run(std::move(make)));
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
