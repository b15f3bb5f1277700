#include "answers.hpp"

#include "status_details.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace falconer::sandbox {
namespace {

using net::http_response;

struct told_failure {
    errc             code;
    unsigned         status;
    std::string_view reason;
};
/// Source: k8s.io/apimachinery, apis/meta/v1, StatusReason.
constexpr std::array<told_failure, 11> failures{{
    {errc::timed_out, 504, "Timeout"},
    {errc::overloaded, 429, "TooManyRequests"},
    {errc::not_found, 404, "NotFound"},
    {errc::conflict, 409, "Conflict"},
    {errc::already_exists, 409, "AlreadyExists"},
    {errc::expired, 410, "Expired"},
    {errc::denied, 403, "Forbidden"},
    {errc::malformed, 422, "Invalid"},
    {errc::too_large, 413, "RequestEntityTooLarge"},
    {errc::unavailable, 503, "ServiceUnavailable"},
    {errc::broken, 400, "BadRequest"},
}};

/// Its end never comes.
class broken_off final : public net::http_stream {
public:
    explicit broken_off(std::string begin) : begin_(std::move(begin)) {}
    task<std::string> next() override {
        if (begin_.empty()) throw std::runtime_error("as was planned");
        co_return std::exchange(begin_, {});
    }

private:
    std::string begin_;
};

}  // namespace

http_response json_answer(unsigned status, std::string body) {
    http_response made{.status = status, .body = std::move(body)};
    made.body += '\n';
    made.headers.add("Content-Type", "application/json");
    return made;
}

http_response json_answer(unsigned status, const value& body) {
    return json_answer(status, json_text(body));
}

http_response status_answer(
    unsigned status, std::string_view reason, std::string_view message, value details
) {
    value told{
        {"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", value::map()},
        {"status", "Failure"}, {"message", message},
    };
    if (!reason.empty()) told["reason"] = reason;
    if (!details.is_null()) told["details"] = std::move(details);
    told["code"] = static_cast<int>(status);
    auto made    = json_answer(status, told);
    if (status == 429) made.headers.add("Retry-After", "1");
    return made;
}

http_response refusal(const failure& why) {
    for (const auto& each : failures)
        if (why.code == each.code)
            return status_answer(each.status, each.reason, why.detail, status_details(why));
    if (why.code == std::errc::invalid_argument) return status_answer(500, "", why.detail);
    return status_answer(500, "InternalError", why.detail);
}

http_response planned_failure(unsigned status) {
    for (const auto& each : failures)
        if (each.status == status) return refusal({each.code, "as was planned"});
    return status_answer(status, "InternalError", "as was planned");
}

http_response not_found() {
    return refusal({errc::not_found, "the server could not find the requested resource"});
}

/// Paths that nobody serves are no objects: a real one says it as plainly.
http_response not_served() {
    http_response made{.status = 404, .body = "404 page not found\n"};
    made.headers.add("Content-Type", "text/plain; charset=utf-8");
    return made;
}

http_response not_allowed() {
    return status_answer(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource",
        value::map()
    );
}

http_response no_such_action(const kube_type& type, std::string_view action) {
    const auto resource = type.plural + "." + type.group;
    return status_answer(
        405, "MethodNotAllowed",
        std::string(action) + " is not supported on resources of kind \"" + resource + '"',
        {{"group", type.group}, {"kind", type.plural}}
    );
}

http_response deletion_answer(const kube_type& type, const value& last) {
    // Source: kubernetes, registry/core, ReturnDeletedObject.
    const bool is_told =
        type.group.empty() &&
        (type.plural == "pods" || type.plural == "services" || type.plural == "serviceaccounts");
    if (is_told || !last.text_at({"metadata", "deletionTimestamp"}).empty())
        return json_answer(200, last);
    value details{{"name", last.text_at({"metadata", "name"})}};
    if (!type.group.empty()) details["group"] = type.group;
    details["kind"] = type.plural;
    details["uid"]  = last.text_at({"metadata", "uid"});
    return json_answer(
        200, {{"kind", "Status"},
              {"apiVersion", "v1"},
              {"metadata", value::map()},
              {"status", "Success"},
              {"details", std::move(details)}}
    );
}

http_response half_of(http_response whole) {
    auto half = std::exchange(whole.body, {});
    half.resize((half.size() + 1) / 2);
    whole.stream = std::make_shared<broken_off>(std::move(half));
    return whole;
}

}  // namespace falconer::sandbox
