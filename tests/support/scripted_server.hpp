// A server that answers each request with whatever bytes the test says.
#pragma once

#include "falconer/task.hpp"
#include "falconer/task_scope.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace falconer::test {

/// Requests have no body that is longer than their header's Content-Length says, and no chunks.
class scripted_server {
public:
    using socket = asio::ip::tcp::socket;

    /// `answer` gets header and body of a request; "" closes the connection without a word.
    scripted_server(
        asio::io_context& loop, task_scope& scope,
        std::function<std::string(const std::string&)> answer
    )
        : scope_(scope), acceptor_(loop, {asio::ip::address_v4::loopback(), 0}),
          answer_(std::move(answer)) {
        scope_.spawn("scripted server", accept());
    }

    unsigned short port() const { return acceptor_.local_endpoint().port(); }
    /// What was asked so far, first lines only: "GET /api/v1/secrets?limit=500".
    std::vector<std::string> asked{};

    /// More bytes on the connection of the latest request; on all of them.
    void say(const std::string& bytes) { write(*latest_, bytes); }
    void say_all(const std::string& bytes) {
        for (const auto& each : open_) write(*each, bytes);
    }
    void hang_up() {
        for (const auto& each : open_) {
            std::error_code ignored;
            each->shutdown(socket::shutdown_both, ignored);
        }
        open_.clear();
    }

    static std::string json(int status, const std::string& body, const std::string& fields = "") {
        return "HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Type: application/json\r\n" +
               fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    /// The beginning of an answer without an end.
    static std::string endless() { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"; }
    static std::string chunk(const std::string& text) {
        char size[16];
        std::snprintf(size, sizeof size, "%zx", text.size());
        return size + ("\r\n" + text) + "\r\n";
    }

private:
    static void write(socket& to, const std::string& bytes) {
        std::error_code gone;
        asio::write(to, asio::buffer(bytes), gone);
    }
    task<void> accept() {
        for (;;) {
            auto [ec, peer] = co_await acceptor_.async_accept(no_throw);
            if (ec) co_return;
            auto shared = std::make_shared<socket>(std::move(peer));
            open_.push_back(shared);
            scope_.spawn("scripted connection", serve(shared));
        }
    }
    task<void> serve(std::shared_ptr<socket> peer) {
        std::string waiting;
        for (;;) {
            auto [ec, size] = co_await asio::async_read_until(
                *peer, asio::dynamic_buffer(waiting), "\r\n\r\n", no_throw
            );
            if (ec) co_return;
            auto       header = waiting.substr(0, size);
            const auto at     = header.find("Content-Length: ");
            const auto body   = at == header.npos ? 0 : std::stoul(header.substr(at + 16));
            while (waiting.size() < size + body) {
                char some[4096];
                auto [failed, got] = co_await peer->async_read_some(asio::buffer(some), no_throw);
                if (failed) co_return;
                waiting.append(some, got);
            }
            const auto whole = waiting.substr(0, size + body);
            waiting.erase(0, size + body);
            asked.push_back(whole.substr(0, whole.find(" HTTP/1.1")));
            latest_          = peer;
            const auto bytes = answer_(whole);
            if (bytes.empty()) {
                std::error_code ignored;
                peer->close(ignored);
                co_return;
            }
            auto [broken, sent] = co_await asio::async_write(*peer, asio::buffer(bytes), no_throw);
            if (broken) co_return;
        }
    }

    task_scope&                                    scope_;
    asio::ip::tcp::acceptor                        acceptor_;
    std::function<std::string(const std::string&)> answer_;
    std::vector<std::shared_ptr<socket>>           open_{};
    std::shared_ptr<socket>                        latest_{};
};

}  // namespace falconer::test
