// The ingest port: events go one way, peers another.
#pragma once

#include "carrier/peer_handler.hpp"
#include "falconer/net/http_handler.hpp"

namespace falconer::app {

/// Lifetime: both outlive it. `peers` may be null.
class ingest_front final : public net::http_handler {
public:
    ingest_front(net::http_handler& events, carrier::peer_handler* peers)
        : events_(events), peers_(peers) {}

    std::optional<net::http_response> screen(net::http_request& head) override {
        return way_of(head).screen(head);
    }
    void refused(const net::http_request& head, unsigned status) override {
        way_of(head).refused(head, status);
    }
    task<net::http_response> handle(net::http_request request) override {
        auto& way = way_of(request);
        return way.handle(std::move(request));
    }

private:
    net::http_handler& way_of(const net::http_request& head) const {
        if (peers_ != nullptr && carrier::peer_handler::is_ours(head.target)) return *peers_;
        return events_;
    }

    net::http_handler&     events_;
    carrier::peer_handler* peers_;
};

}  // namespace falconer::app
