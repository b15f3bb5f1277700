// Who answers HTTP requests.
#pragma once

#include "falconer/net/http_message.hpp"
#include "falconer/task.hpp"

#include <optional>

namespace falconer::net {

/// Answers requests. An exception costs the client a 500 and its connection, nobody else anything.
class http_handler {
public:
    virtual ~http_handler() = default;

    /// Looks at a request before its body is read (the body is empty). An answer ends the request
    /// there, and no memory is spent on its body. May leave what it learned in `head.context` and
    /// whose request it is in `head.client`.
    virtual std::optional<http_response> screen(http_request& head);

    /// What screen() let pass was answered with `status` before its body was whole: it is too
    /// large, malformed, or there is no memory for it.
    virtual void refused(const http_request&, unsigned) {}

    virtual task<http_response> handle(http_request request) = 0;
};

}  // namespace falconer::net
