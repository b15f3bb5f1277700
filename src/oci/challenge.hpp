// How a server says what it wants to see. Source: RFC 9110 §11.6.1; the distribution project's
// token authentication.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::oci {

struct challenge {
    std::string                        scheme{};      // in lower case
    std::map<std::string, std::string> parameters{};  // names in lower case
};

/// The challenges of one WWW-Authenticate field. Reading ends where it is no longer understood.
std::vector<challenge> parse_challenges(std::string_view field);

}  // namespace falconer::oci
