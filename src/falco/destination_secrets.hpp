// Destinations whose address and credentials are in a Secret of the user's.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <string>
#include <vector>

namespace falconer::falco {

/// Falcosidekick's stanza, or what is wrong with the Secret, a sentence each.
struct secret_stanza {
    value                    stanza = value::map();
    std::vector<std::string> problems{};
};

/// `destination`: "custom", "opensearch" or "splunk". Unknown keys of the Secret are not looked at.
secret_stanza stanza_from_secret(std::string_view destination, const value& secret_object);

}  // namespace falconer::falco
