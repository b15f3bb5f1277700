// How a sandbox API answers: objects and Status objects.
#pragma once

#include "falconer/kube_object.hpp"
#include "falconer/net/http_message.hpp"
#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <string>
#include <string_view>

namespace falconer::sandbox {

net::http_response json_answer(unsigned status, std::string body);
net::http_response json_answer(unsigned status, const value& body);
/// `details` of a Status; null: none.
net::http_response status_answer(
    unsigned status, std::string_view reason, std::string_view message, value details = {}
);
net::http_response refusal(const failure& why);
/// As a test wants it.
net::http_response planned_failure(unsigned status);
net::http_response not_served();
/// … but of the groups that are built in, it knows what an object would be.
net::http_response not_found();
net::http_response not_allowed();
/// Of objects of a custom type. `action`: "create".
net::http_response no_such_action(const kube_type& type, std::string_view action);
/// `last`: the object as it was, or as it is now if its finalizers keep it, which is then the
/// answer.
net::http_response deletion_answer(const kube_type& type, const value& last);
/// It begins well, and is cut in the middle.
net::http_response half_of(net::http_response whole);

}  // namespace falconer::sandbox
