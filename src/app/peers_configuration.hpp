// Between controllers and ingestors in different processes, as configured.
#pragma once

#include "falconer/net/http_client.hpp"
#include "falconer/strict_yaml.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace falconer::app {

struct peers_configuration {
    /// Whom a controller asks: every ingestor, or what stands before them.
    std::vector<std::string> ingestors{};
    /// Of controllers' tokens. A landscape's own, where issuers' keys are shared with another one.
    std::string           audience = "falconer-peers";
    bool                  answer   = true;  // an ingestor answers controllers
    std::filesystem::path ca{}, certificate{}, key{};
    std::string           server_name{};
    bool                  plain_http = false;  // also to other machines than this one

    bool wanted() const noexcept { return !ingestors.empty(); }
    /// Of those that could be read.
    std::vector<net::http_place> places() const;
    net::http_client::options    client() const;
};

/// The section `peers`.
void read_peers(yaml_document::reader in, peers_configuration& into);

}  // namespace falconer::app
