// Ingestors on loopback, and those who ask them.
#pragma once

#include "carrier/ingestors.hpp"
#include "carrier/peer_handler.hpp"
#include "falconer/mailbox.hpp"
#include "net/http_server.hpp"
#include "support/loopback.hpp"
#include "support/told_shoots.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace falconer::carrier {

/// "good:controller:one" is the token of seed one's controller.
class fake_tokens final : public token_check {
public:
    token_verdict check(std::string_view bearer, utc_time) override {
        if (!bearer.starts_with("good:")) return {.why = "signature"};
        return {
            .cluster = std::make_shared<const cluster_identity>(
                cluster_identity{std::string(bearer.substr(5))}
            ),
        };
    }
};

/// What an ingestor's clusters were told: how often, and the last of each kind.
class told_clusters final : public post_office {
public:
    void tell(const cluster_identity& to, const cluster_message& what) override {
        ++count;
        last[to.text + ' ' + std::string(kind_of(what))] = what;
    }
    std::size_t                            count = 0;
    std::map<std::string, cluster_message> last{};
};

struct fake_ingestor {
    fake_ingestor(
        asio::io_context& loop, time_source& time, metrics_registry& metrics,
        peer_handler::options opt = {}
    )
        : handler(time, tokens, clusters, metrics, std::move(opt)),
          server(loop.get_executor(), time, {}, handler) {}

    fake_tokens      tokens{};
    told_clusters    clusters{};
    peer_handler     handler;
    net::http_server server;
};

}  // namespace falconer::carrier
